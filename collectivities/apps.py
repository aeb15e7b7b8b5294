from django.apps import AppConfig


class CollectivitiesConfig(AppConfig):
    name = "collectivities"
    verbose_name = "organismes publics locaux"
    default_auto_field = "django.db.models.BigAutoField"
