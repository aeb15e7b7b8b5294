from django.apps import AppConfig


class CsirtsConfig(AppConfig):
    name = "csirts"
    verbose_name = "annuaire"
    default_auto_field = "django.db.models.BigAutoField"
