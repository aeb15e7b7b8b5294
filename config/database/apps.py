from django.apps import AppConfig


class DatabaseConfig(AppConfig):
    name = "config.database"
    verbose_name = "rôles de PostgreSQL"
