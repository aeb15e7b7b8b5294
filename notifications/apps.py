from django.apps import AppConfig

from incidents.panels import register_remark_reader


class NotificationsConfig(AppConfig):
    name = "notifications"
    verbose_name = "avis envoyés"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        from notifications.arrivals import load_delivery_remarks  # noqa: PLC0415  (models are loaded by now, not before)

        register_remark_reader(load_delivery_remarks)
