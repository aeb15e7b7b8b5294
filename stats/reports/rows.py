"""The row of a report. It is requested, then made once by a task, and never changes afterwards."""

from datetime import timedelta

import pgtrigger
from django.db import models
from django.db.models import Q
from django.utils import timezone

from collectivities.models import Region
from incidents.enums import PaperState

# After this time without a result, the page says that the report is late and offers to request it again.
PATIENCE = timedelta(minutes=5)


class Report(models.Model):
    """The PDF report on one yearly release, for a région, or for the nation if `region` is None.

    Only a download reads `content`. Defer it in other queries.
    """

    release = models.ForeignKey("stats.Release", models.PROTECT, related_name="+", verbose_name="publication")
    region = models.ForeignKey(Region, models.PROTECT, null=True, blank=True, related_name="+", verbose_name="région")
    state = models.CharField("état", max_length=12, choices=PaperState, default=PaperState.ASKED)
    tries = models.PositiveSmallIntegerField("essais", default=0)
    asked_at = models.DateTimeField("demandé le", default=timezone.now)
    # Postponed before each try, so that another worker takes over from one that died.
    due_at = models.DateTimeField("à faire après le", default=timezone.now)
    made_at = models.DateTimeField("fait le", null=True, blank=True)
    content = models.BinaryField("contenu", null=True, blank=True)

    class Meta:
        verbose_name = "rapport"
        verbose_name_plural = "rapports"
        constraints = [
            models.UniqueConstraint(fields=["release", "region"], nulls_distinct=False, name="report_once"),
            models.CheckConstraint(condition=Q(state__in=PaperState.values), name="report_state_known"),
            models.CheckConstraint(
                condition=Q(state=PaperState.MADE, content__isnull=False, made_at__isnull=False)
                | ~Q(state=PaperState.MADE) & Q(content=None, made_at=None),
                name="report_made_has_content",
            ),
        ]
        indexes = [models.Index(fields=["due_at"], name="report_to_make", condition=Q(state=PaperState.ASKED))]
        triggers = [
            pgtrigger.Protect(
                name="report_made_is_never_changed",
                operation=pgtrigger.Update,
                condition=pgtrigger.Q(old__state=PaperState.MADE),
            )
        ]

    def __str__(self) -> str:
        return f"{self.release_id} {self.region_id or ''}".strip()

    @property
    def is_late(self) -> bool:
        """True if the report has been due for longer than PATIENCE. Perhaps no worker runs."""
        return self.state == PaperState.ASKED and max(self.asked_at, self.due_at) + PATIENCE < timezone.now()
