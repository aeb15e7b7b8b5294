from django.apps import AppConfig


class CollectivitiesConfig(AppConfig):
    name = "collectivities"
    default_auto_field = "django.db.models.BigAutoField"
