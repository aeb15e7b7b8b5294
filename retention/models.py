"""The durations that the administration chose, the certificates of what was destroyed, and the requests of people
about their data.
"""

from datetime import date

import pgtrigger
from django.db import models
from django.db.models import F, Q
from django.utils import timezone

from accounts.models import User
from core.append_only import make_append_only_triggers
from core.french import format_day
from csirts.models import Csirt
from retention.enums import DataKind, RequestKind, RequestOutcome

MAX_REASON = 300
LONGEST_MONTHS = 240
MAX_TEXT = 1_000
# Of a row that is not sealed, the numbers only grow. It gets the number after the last one.
ONLY_ADDS_AND_NUMBERS_IN_TURN = """
    IF NEW.count < OLD.count OR NEW.kind <> OLD.kind THEN
        RAISE EXCEPTION 'pgtrigger: what was destroyed is never counted less';
    END IF;
    IF NEW.number <> 1 + COALESCE((SELECT max(number) FROM retention_destruction), 0) THEN
        RAISE EXCEPTION 'pgtrigger: certificates are numbered in turn';
    END IF;
    RETURN NEW;
"""
FIRST_DAY = date(2018, 5, 25)  # on which the GDPR began to apply


class RetentionChoice(models.Model):
    """A duration that an administrator chose for a kind of data. The newest row of a kind counts. Rows are added and
    never changed, so that each duration keeps its author and its reason.
    """

    kind = models.CharField("donnée", max_length=24, choices=DataKind)
    months = models.PositiveSmallIntegerField("durée en mois")
    reason = models.CharField("raison", max_length=MAX_REASON)
    chosen_by = models.ForeignKey(User, models.PROTECT, related_name="+", verbose_name="choisie par")
    chosen_at = models.DateTimeField("choisie le", default=timezone.now, editable=False)
    # A shorter duration counts later than it is chosen, so that the centres can object.
    effective_at = models.DateTimeField("compte à partir du", editable=False)

    class Meta:
        verbose_name = "durée de conservation"
        verbose_name_plural = "durées de conservation"
        constraints = [
            models.CheckConstraint(condition=Q(kind__in=DataKind.values), name="retention_choice_kind_known"),
            models.CheckConstraint(
                condition=Q(months__gte=1, months__lte=LONGEST_MONTHS), name="retention_choice_within_bounds"
            ),
            models.CheckConstraint(condition=Q(reason__regex=r"\S"), name="retention_choice_has_a_reason"),
            models.CheckConstraint(
                condition=Q(effective_at__gte=F("chosen_at")), name="retention_choice_counts_later"
            ),
        ]
        triggers = make_append_only_triggers(
            "retention_choice_is_never_changed",
            "retention_choices_are_never_changed",
            reason="durations are append-only",
        )

    def __str__(self) -> str:
        return f"{self.get_kind_display()} : {self.months}"


class PurgeState(models.Model):
    """The single row that says whether the purge may work, and what stopped it last time. Its first run inserts it.
    `retention/guard.py` has the rules.
    """

    id = models.SmallIntegerField(primary_key=True, default=1, editable=False)
    # Before this instant, no kind of data with a term ends.
    begins_at = models.DateTimeField("commence le")
    last_run_at = models.DateTimeField("dernier passage")
    # Until this instant nothing ends, because the clock of a worker was changed.
    paused_until = models.DateTimeField("en pause jusqu’au", null=True)
    # The administrator consented to the end of so many rows between these instants, by kind: {"cases": 213}
    allowed_from = models.DateTimeField("accord valable à partir du", null=True)
    allowed_until = models.DateTimeField("accord valable jusqu’au", null=True)
    allowed_numbers = models.JSONField("nombres de l’accord", default=dict)
    # Why a kind did not end as it should have, by its code: {"cases": "too_many"}
    problems = models.JSONField("empêchements", default=dict)

    class Meta:
        verbose_name = "état de la purge"
        verbose_name_plural = "état de la purge"
        constraints = [models.CheckConstraint(condition=Q(id=1), name="purge_state_single")]

    def __str__(self) -> str:
        return f"{self.last_run_at}"


class Destruction(models.Model):
    """What one night destroyed of one kind of data. Each slice adds its numbers in the transaction that destroys, so
    that the row is right however the work is interrupted.

    Once the kind is finished, the row gets its `number` and its `digest` and becomes a certificate, which never
    changes. The digest covers the digest of the certificate before it, so that a missing certificate is detected.
    """

    kind = models.CharField("donnée", max_length=24, choices=DataKind)
    started_at = models.DateTimeField("commencée le", default=timezone.now)
    # What began before this instant was due.
    due_before = models.DateTimeField("échues avant le")
    count = models.PositiveBigIntegerField("lignes", default=0)
    # Numbers of other things that were destroyed with these rows, by code: {"files": 12}
    parts = models.JSONField("avec elles", default=dict)
    # The instants, of the oldest and the newest row, from which the duration was counted.
    first_at = models.DateTimeField("de la plus ancienne")
    last_at = models.DateTimeField("à la plus récente")
    number = models.PositiveIntegerField("numéro", null=True, unique=True)
    sealed_at = models.DateTimeField("scellée le", null=True)
    digest = models.CharField("empreinte", max_length=64, blank=True, default="")

    class Meta:
        verbose_name = "attestation de destruction"
        verbose_name_plural = "attestations de destruction"
        constraints = [
            models.CheckConstraint(condition=Q(kind__in=DataKind.values), name="destruction_kind_known"),
            models.CheckConstraint(
                condition=Q(number=None, sealed_at=None, digest="")
                | Q(number__isnull=False, sealed_at__isnull=False, digest__regex=r"^[0-9a-f]{64}$"),
                name="destruction_is_sealed_whole",
            ),
            models.CheckConstraint(condition=Q(first_at__lte=F("last_at")), name="destruction_range_in_order"),
            models.UniqueConstraint(fields=["kind"], condition=Q(number=None), name="destruction_one_open_a_kind"),
        ]
        triggers = [
            pgtrigger.Protect(
                name="certificate_is_never_changed",
                operation=pgtrigger.Update,
                condition=pgtrigger.Q(old__number__isnull=False),
            ),
            pgtrigger.Protect(name="destruction_is_never_removed", operation=pgtrigger.Delete),
            pgtrigger.Protect(
                name="destruction_begins_without_a_number",
                operation=pgtrigger.Insert,
                condition=pgtrigger.Q(new__number__isnull=False),
            ),
            pgtrigger.Trigger(
                name="certificates_are_numbered_in_turn",
                operation=pgtrigger.Update,
                when=pgtrigger.Before,
                func=ONLY_ADDS_AND_NUMBERS_IN_TURN,
            ),
        ]

    def __str__(self) -> str:
        return f"{self.number} {self.kind}"


class DataRequest(models.Model):
    """A request of a person about their data: how they proved who they are, what was done, and when. Without a centre,
    it is about an account, and the administration answers it. Only the answer is written later.
    """

    csirt = models.ForeignKey(
        Csirt, models.PROTECT, null=True, blank=True, related_name="+", verbose_name="centre qui répond"
    )
    kind = models.CharField("demande", max_length=16, choices=RequestKind)
    received_on = models.DateField("reçue le", default=timezone.localdate)
    answer_by = models.DateField("à répondre avant le", editable=False)
    reference = models.CharField(
        "dossier", max_length=8, blank=True, help_text="Sa référence, si la demande porte sur un dossier."
    )
    asker = models.CharField("qui demande", max_length=120)
    proof = models.TextField(
        "preuve de l’identité",
        max_length=MAX_TEXT,
        help_text="Comment vous savez que c’est bien cette personne : vue au guichet, rappelée au numéro du dossier…",
    )
    taken_by = models.ForeignKey(User, models.PROTECT, related_name="+", verbose_name="notée par", editable=False)
    taken_at = models.DateTimeField("notée le", default=timezone.now, editable=False)
    outcome = models.CharField("suite", max_length=8, choices=RequestOutcome, blank=True, default="")
    answer = models.TextField("ce qui a été fait, ou pourquoi non", max_length=MAX_TEXT, blank=True, default="")
    answered_by = models.ForeignKey(
        User, models.PROTECT, null=True, related_name="+", verbose_name="répondue par", editable=False
    )
    answered_at = models.DateTimeField("répondue le", null=True, editable=False)

    class Meta:
        verbose_name = "demande d’une personne"
        verbose_name_plural = "demandes des personnes"
        constraints = [
            models.CheckConstraint(condition=Q(kind__in=RequestKind.values), name="data_request_kind_known"),
            models.CheckConstraint(
                condition=Q(outcome__in=[*RequestOutcome.values, ""]), name="data_request_outcome_known"
            ),
            models.CheckConstraint(condition=Q(proof__regex=r"\S"), name="data_request_has_a_proof"),
            models.CheckConstraint(condition=Q(received_on__gte=FIRST_DAY), name="data_request_received_under_gdpr"),
            models.CheckConstraint(
                condition=Q(outcome="", answer="", answered_by=None, answered_at=None)
                | ~Q(outcome="") & Q(answer__regex=r"\S", answered_by__isnull=False, answered_at__isnull=False),
                name="data_request_answered_whole",
            ),
        ]
        indexes = [models.Index(fields=["csirt", "-id"], name="data_request_of_centre")]
        triggers = [
            pgtrigger.Protect(
                name="answered_request_is_never_changed",
                operation=pgtrigger.Update,
                condition=pgtrigger.Q(old__answered_at__isnull=False),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.get_kind_display()}, {format_day(self.received_on)}"
