from django.apps import AppConfig

from csirts.teams import register_team_readers


class AccountsConfig(AppConfig):
    name = "accounts"
    verbose_name = "personnes"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        # These modules import models, which Django has loaded only when it calls `ready`.
        from accounts.access import has_leader, has_workers  # noqa: PLC0415
        from accounts.notices import checks as checks  # noqa: PLC0415 (registers what `check --deploy` says)
        from accounts.services.territories import report_changed_territories  # noqa: PLC0415
        from csirts.territories import register_territory_reporter  # noqa: PLC0415

        register_team_readers(has_workers, has_leader)
        register_territory_reporter(report_changed_territories)
