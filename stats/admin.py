"""Read-only lists for the administrator of the platform: readings of exact figures, recounts, attempts to publish, and
reports.
"""

from typing import Any

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest

from core.admin import ReadOnlyAdmin
from stats.models import Attempt, ExactReading, FigureCheck, Report


@admin.register(ExactReading)
class ExactReadingAdmin(ReadOnlyAdmin):
    """The list of who opened which exact figures, and when."""

    when_empty = "Personne n’a encore ouvert de chiffres exacts : chaque consultation sera ici."
    list_display = ["minute", "user", "format_scope", "year"]
    search_fields = ["user__email"]
    search_help_text = "Adresse mail du compte"

    def get_queryset(self, request: HttpRequest) -> QuerySet[Any]:
        return super().get_queryset(request).select_related("user", "csirt", "region")

    @admin.display(description="périmètre")
    def format_scope(self, reading: ExactReading) -> str:
        return str(reading.csirt or reading.region or "France")


@admin.register(FigureCheck)
class FigureCheckAdmin(ReadOnlyAdmin):
    """The list of recounts, with the differences that each recount found. The command `rebuild_stats` repairs them."""

    when_empty = (
        "Aucun recomptage n’a encore commencé : chaque nuit, les chiffres exacts sont recomptés d’après les dossiers, "
        "et chaque recomptage sera ici, avec les écarts trouvés."
    )
    list_display = ["started_at", "finished_at", "repairs", "mistakes", "format_first_mistakes", "repaired_at"]

    @admin.display(description="premiers écarts")
    def format_first_mistakes(self, check: FigureCheck) -> str:
        return "\n".join(check.differences[:3])


@admin.register(Attempt)
class AttemptAdmin(ReadOnlyAdmin):
    """The list of attempts to publish, including failed attempts."""

    when_empty = "Aucune publication n’a encore été essayée : chaque essai, réussi ou non, sera ici."
    list_display = ["at", "period", "outcome", "release", "format_duration", "draws", "format_closed_tables"]

    def get_queryset(self, request: HttpRequest) -> QuerySet[Any]:
        return super().get_queryset(request).select_related("release")

    @admin.display(description="durée")
    def format_duration(self, attempt: Attempt) -> str:
        return "{seconds} s".format(seconds=f"{attempt.seconds:.1f}".replace(".", ","))

    @admin.display(description="tables fermées par la vérification")
    def format_closed_tables(self, attempt: Attempt) -> str:
        """Return the codes of the tables that the audit closed, or a dash if there are none."""
        return ", ".join(attempt.closed) or "–"


@admin.register(Report)
class ReportAdmin(ReadOnlyAdmin):
    """The list of PDF reports, including reports that could not be made. A visitor can request such a report again on
    its page.
    """

    when_empty = "Aucun rapport n’a encore été demandé : chaque rapport demandé sera ici, fait ou non."
    list_display = ["asked_at", "release", "format_scope", "state", "tries", "made_at"]
    list_filter = ["state"]

    def get_queryset(self, request: HttpRequest) -> QuerySet[Any]:
        return super().get_queryset(request).select_related("release", "region").defer("content")

    @admin.display(description="périmètre")
    def format_scope(self, report: Report) -> str:
        return str(report.region or "France")
