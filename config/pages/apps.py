from django.apps import AppConfig


class PagesConfig(AppConfig):
    name = "config.pages"
    verbose_name = "pages communes"

    def ready(self) -> None:
        # Models and settings are loaded by now, not before.
        from config.celery import nudge_consumer  # noqa: PLC0415
        from incidents.services.history.record import register_waker  # noqa: PLC0415

        register_waker(nudge_consumer)
