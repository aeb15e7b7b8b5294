"""Records of the people of centres who read a case: each access, which never changes, and the last reading of each
person.
"""

from django.db import models
from django.db.models import F, Q
from django.utils import timezone

from accounts.models import User
from core.append_only import make_append_only_triggers
from csirts.models import Csirt
from incidents.enums import Door
from incidents.models.constraints import build_choices_constraint
from incidents.models.incident import Incident


class CaseAccess(models.Model):
    """A record that a person of a centre saw texts of a case through one page or interface (`Door`). Rows are
    appended, never changed or removed.

    A row covers the time from `at` to `until`. If the person reloads the page within this time, no row is added.
    """

    incident = models.ForeignKey(Incident, models.PROTECT, related_name="read_log", verbose_name="incident")
    user = models.ForeignKey(User, models.PROTECT, related_name="+", verbose_name="lu par")
    # The person's centre on that day. It is stored because cases and people move from one centre to another.
    csirt = models.ForeignKey(Csirt, models.PROTECT, related_name="+", verbose_name="CSIRT")
    door = models.CharField("par où", max_length=16, choices=Door)
    at = models.DateTimeField("lu le", default=timezone.now)
    until = models.DateTimeField("vaut jusqu’à")

    class Meta:
        verbose_name = "consultation d’un dossier"
        verbose_name_plural = "consultations d’un dossier"
        constraints = [
            build_choices_constraint("door", Door.values, name="case_access_door_known"),
            models.CheckConstraint(condition=Q(until__gte=F("at")), name="case_access_ends_after_it_begins"),
        ]
        indexes = [models.Index(fields=["incident", "user", "door", "until"], name="case_access_of_person")]
        triggers = make_append_only_triggers(
            "case_access_is_never_changed",
            "case_accesses_are_never_changed",
            reason="accesses to cases are append-only",
        )

    def __str__(self) -> str:
        return f"{self.incident_id} {self.user_id} {self.door}"


class Reading(models.Model):
    """The first and the last time that a person of the CSIRT opened the page of the case. Whatever is added after the
    last time is new to this person.

    A reading counts only while its centre has the case. The list of accesses that the declarant reads is made from
    `CaseAccess` instead.
    """

    incident = models.ForeignKey(Incident, models.PROTECT, related_name="readings", verbose_name="incident")
    user = models.ForeignKey(User, models.PROTECT, related_name="+", verbose_name="lu par")
    # The centre that had the case at the last reading. None if that was a former centre before this column existed, or
    # if older code inserted the row during an update; the next reading sets it.
    csirt = models.ForeignKey(
        Csirt, models.PROTECT, related_name="+", verbose_name="CSIRT", null=True, blank=True, db_index=False
    )
    first_at = models.DateTimeField("lu la première fois le")
    last_at = models.DateTimeField("lu la dernière fois le")
    # When the page was last open on this person's screen. Colleagues see it, the declarant does not.
    present_at = models.DateTimeField("page ouverte le", null=True, blank=True)

    class Meta:
        verbose_name = "lecture d’un dossier"
        verbose_name_plural = "lectures d’un dossier"
        constraints = [
            models.UniqueConstraint(fields=["incident", "user"], name="reading_once_a_person"),
            models.CheckConstraint(condition=Q(last_at__gte=F("first_at")), name="reading_last_after_first"),
        ]

    def __str__(self) -> str:
        return f"{self.incident_id} {self.user_id}"
