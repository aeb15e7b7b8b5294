from django.apps import AppConfig


class CsirtsConfig(AppConfig):
    name = "csirts"
    default_auto_field = "django.db.models.BigAutoField"
