from django.apps import AppConfig


class IncidentsConfig(AppConfig):
    name = "incidents"
    verbose_name = "incidents"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        # These modules import models, which Django has loaded only when it calls `ready`.
        from accounts.access import register_case_counter  # noqa: PLC0415
        from incidents.services.handling.handover import count_open_cases  # noqa: PLC0415

        register_case_counter(count_open_cases)
