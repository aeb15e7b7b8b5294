from django.apps import AppConfig


class CsirtsConfig(AppConfig):
    name = "csirts"
    verbose_name = "annuaire"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        # These modules import models, which Django has loaded only when it calls `ready`.
        from collectivities.region_watch import register_region_watcher  # noqa: PLC0415
        from csirts.territories import watch_body_region  # noqa: PLC0415

        register_region_watcher(watch_body_region)
