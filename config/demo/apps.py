from django.apps import AppConfig


class DemoConfig(AppConfig):
    name = "config.demo"
    verbose_name = "démonstration"
