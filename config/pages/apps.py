from django.apps import AppConfig


class PagesConfig(AppConfig):
    name = "config.pages"
    verbose_name = "pages communes"
