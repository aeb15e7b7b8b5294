"""The security events of the site: sign-ins, changes of what opens an account, refusals."""

import pgtrigger
from django.db import models
from django.db.models import Q
from django.utils import timezone

from accounts.enums import SecurityEventKind, SecurityOutcome
from csirts.models import Csirt

# Younger rows cannot be deleted. The CNIL advises to keep such traces for six months to a year (recommendation of
# 14 October 2021 on logging); the administration cannot choose less than these six months (`retention/table.py`).
UNDELETABLE_DAYS = 180
PSEUDONYM_LENGTH = 12
PSEUDONYM = rf"^([0-9a-f]{{{PSEUDONYM_LENGTH}}})?$"


class SecurityEvent(models.Model):
    """Something that matters for the security of the site (`accounts/security/record.py`).

    People and network addresses are pseudonyms, which only EVENT_KEY links to an account or an address
    (`accounts/security/pseudonyms.py`). Rows are added and never changed; PostgreSQL lets only old ones be deleted.
    """

    at = models.DateTimeField("date", default=timezone.now, editable=False)
    kind = models.CharField("sujet", max_length=24, choices=SecurityEventKind)
    outcome = models.CharField("issue", max_length=8, choices=SecurityOutcome)
    # Whose account the event is about, who did it if that is somebody else, and both, encrypted, for the page of the
    # administrator.
    person = models.CharField("compte", max_length=PSEUDONYM_LENGTH, blank=True)
    actor = models.CharField("fait par", max_length=PSEUDONYM_LENGTH, blank=True)
    sealed_accounts = models.CharField("comptes chiffrés", max_length=128, blank=True, editable=False)
    source = models.CharField("origine", max_length=PSEUDONYM_LENGTH, blank=True)
    csirt = models.ForeignKey(
        Csirt, models.PROTECT, null=True, blank=True, related_name="+", verbose_name="centre", db_index=False
    )
    detail = models.CharField("précision", max_length=80, blank=True)
    number = models.PositiveIntegerField("nombre", default=1)

    class Meta:
        verbose_name = "événement de sécurité"
        verbose_name_plural = "événements de sécurité"
        constraints = [
            models.CheckConstraint(condition=Q(kind__in=SecurityEventKind.values), name="security_event_kind_known"),
            models.CheckConstraint(
                condition=Q(outcome__in=SecurityOutcome.values), name="security_event_outcome_known"
            ),
            models.CheckConstraint(
                condition=Q(person__regex=PSEUDONYM, actor__regex=PSEUDONYM, source__regex=PSEUDONYM),
                name="security_event_names_nobody",
            ),
            # A code, never what somebody typed: no space, no capital, no « @ ».
            models.CheckConstraint(
                condition=Q(detail__regex=r"^[a-z0-9_:.-]*$"), name="security_event_detail_is_code"
            ),
            models.CheckConstraint(condition=Q(number__gte=1), name="security_event_happened"),
        ]
        indexes = [
            models.Index(fields=["-at", "-id"], name="security_event_newest"),
            models.Index(fields=["kind", "-at", "-id"], name="security_event_of_kind"),
            models.Index(
                fields=["outcome", "-at", "-id"], condition=~Q(outcome="done"), name="security_event_not_done"
            ),
            models.Index(fields=["person", "-at"], condition=~Q(person=""), name="security_event_of_person"),
            models.Index(fields=["actor", "-at"], condition=~Q(actor=""), name="security_event_of_actor"),
            models.Index(fields=["source", "-at"], condition=~Q(source=""), name="security_event_of_source"),
        ]
        triggers = [
            pgtrigger.Protect(name="security_event_is_never_changed", operation=pgtrigger.Update),
            pgtrigger.Protect(
                name="recent_security_event_is_kept",
                operation=pgtrigger.Delete,
                condition=pgtrigger.Condition(f"OLD.at > now() - interval '{UNDELETABLE_DAYS} days'"),
            ),
            pgtrigger.Trigger(
                name="security_events_are_never_emptied",
                level=pgtrigger.Statement,
                when=pgtrigger.Before,
                operation=pgtrigger.Update | pgtrigger.Truncate,
                func="RAISE EXCEPTION 'pgtrigger: security events are append-only';",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.kind} {self.outcome}"
