"""Decisions of responders about a case with their reasons, which can be erased."""

from datetime import datetime, timedelta
from typing import ClassVar, Self

import pgtrigger
from django.db import models
from django.db.models import Q
from django.utils import timezone

from accounts.models import User
from incidents.enums import Severity
from incidents.models.constraints import build_choices_constraint
from incidents.models.incident import Incident

# How long the purge leaves a case after its hold ended, so that other leads may hold it again.
HOLD_AFTERMATH = timedelta(days=30)


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


class LegalHoldQuerySet(models.QuerySet["LegalHold"]):
    def in_force(self) -> Self:
        return self.filter(ended_at=None)

    def delaying_purge(self, at: datetime) -> Self:
        """Return the holds because of which the purge leaves a case at the instant `at`: those in force, and those
        that ended less than `HOLD_AFTERMATH` before.
        """
        return self.filter(Q(ended_at=None) | Q(ended_at__gt=at - HOLD_AFTERMATH))


class LegalHold(models.Model):
    """A lead's decision that a case must not be erased, such as for an inquiry. While a hold is in force, PostgreSQL
    refuses to erase the case or to delete its key. A case may have several holds, one after the other.
    """

    incident = models.ForeignKey(Incident, models.PROTECT, related_name="holds", verbose_name="incident")
    motive = models.CharField("motif", max_length=500, blank=True)
    placed_by = models.ForeignKey(User, models.PROTECT, related_name="+", verbose_name="gelé par")
    placed_at = models.DateTimeField("gelé le", default=timezone.now)
    ended_by = models.ForeignKey(
        User, models.PROTECT, null=True, blank=True, related_name="+", verbose_name="gel levé par"
    )
    ended_at = models.DateTimeField("gel levé le", null=True, blank=True)
    ended_because = models.CharField("motif de la levée", max_length=500, blank=True)

    objects: ClassVar = LegalHoldQuerySet.as_manager()

    class Meta:
        verbose_name = "gel d’un dossier"
        verbose_name_plural = "gels de dossiers"
        constraints = [
            models.CheckConstraint(
                condition=Q(ended_at=None, ended_by=None, ended_because="")
                | Q(ended_at__isnull=False, ended_by__isnull=False),
                name="hold_ended_has_its_time_and_person",
            ),
            models.UniqueConstraint(fields=["incident"], condition=Q(ended_at=None), name="hold_one_in_force"),
        ]
        triggers = [pgtrigger.Protect(name="hold_is_never_removed", operation=pgtrigger.Delete)]

    def __str__(self) -> str:
        return str(self.incident_id)
