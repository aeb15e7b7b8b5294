"""Decisions of responders about a case with their reasons, which can be erased."""

from django.db import models
from django.utils import timezone

from accounts.models import User
from incidents.enums import Severity
from incidents.models.constraints import build_choices_constraint
from incidents.models.incident import Incident


class SeverityChoice(models.Model):
    """A severity that a person set instead of the severity computed from the facts. All rows are kept, and the newest
    counts.
    """

    incident = models.ForeignKey(Incident, models.PROTECT, related_name="severity_choices", verbose_name="incident")
    severity = models.PositiveSmallIntegerField("gravité", choices=Severity)
    motive = models.CharField("motif", max_length=300, blank=True)
    actor = models.ForeignKey(User, models.PROTECT, related_name="+", verbose_name="choisie par")
    chosen_at = models.DateTimeField("choisie le", default=timezone.now)

    class Meta:
        verbose_name = "gravité choisie"
        verbose_name_plural = "gravités choisies"
        constraints = [build_choices_constraint("severity", Severity.values, name="severity_choice_known")]
        indexes = [models.Index(fields=["incident", "id"], name="severity_choice_by_incident")]

    def __str__(self) -> str:
        return f"{self.incident_id} {self.severity}"
