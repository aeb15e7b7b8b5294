"""Transfers of cases to other centres, files sent to partners, and the comparison of cases with the directory."""

from uuid import uuid4

from django.db import models
from django.db.models import F, Q
from django.utils import timezone

from accounts.models import User
from csirts.models import Csirt
from incidents.enums import Tlp, TransferState
from incidents.models.constraints import build_choices_constraint
from incidents.models.history import IncidentEvent
from incidents.models.incident import Incident


class Transfer(models.Model):
    """A proposal of one centre to transfer a case to another centre, which accepts or returns it. After an accepted
    transfer, the former centre may still read what the case contained at that moment.
    """

    uid = models.UUIDField("identifiant public", default=uuid4, unique=True, editable=False)
    incident = models.ForeignKey(Incident, models.PROTECT, related_name="transfers", verbose_name="incident")
    giver = models.ForeignKey(Csirt, models.PROTECT, related_name="+", verbose_name="de")
    taker = models.ForeignKey(Csirt, models.PROTECT, related_name="+", verbose_name="à")
    state = models.CharField("état", max_length=12, choices=TransferState, default=TransferState.ASKED)
    motive = models.CharField("motif", max_length=500, blank=True)
    # Which person of the body agreed, when and how. It is required if the label of the case does not reach the other
    # centre.
    agreement = models.CharField("accord du déclarant", max_length=300, blank=True)
    # The label of the case when the body agreed.
    agreed_tlp = models.CharField("TLP à cet accord", max_length=16, choices=Tlp, blank=True)
    # It is empty if the platform proposed the transfer, because the territory of the body went to the other centre
    # (`services/transfer/reroute.py`).
    asked_by = models.ForeignKey(
        User, models.PROTECT, null=True, blank=True, related_name="+", verbose_name="proposé par"
    )
    asked_at = models.DateTimeField("proposé le", default=timezone.now)
    answer = models.CharField("réponse", max_length=500, blank=True)
    answered_by = models.ForeignKey(
        User, models.PROTECT, null=True, blank=True, related_name="+", verbose_name="répondu par"
    )
    answered_at = models.DateTimeField("répondu le", null=True, blank=True)
    # Of an accepted transfer, the last event that the former centre sees. `standing` contains the facts at that
    # moment.
    last_event = models.ForeignKey(
        IncidentEvent, models.PROTECT, null=True, blank=True, related_name="+", verbose_name="dernier événement vu"
    )
    standing = models.JSONField("dossier tel qu’il était", default=dict)

    class Meta:
        verbose_name = "transfert"
        verbose_name_plural = "transferts"
        constraints = [
            build_choices_constraint("state", TransferState.values, name="transfer_state_known"),
            build_choices_constraint("agreed_tlp", Tlp.values, name="transfer_agreed_tlp_known", blank=True),
            models.CheckConstraint(
                condition=Q(agreement="") | ~Q(agreed_tlp=""), name="transfer_agreed_under_a_label"
            ),
            models.CheckConstraint(condition=~Q(giver=F("taker")), name="transfer_to_another_centre"),
            models.CheckConstraint(
                condition=Q(state=TransferState.ASKED, answered_at=None)
                | (~Q(state=TransferState.ASKED) & Q(answered_at__isnull=False)),
                name="transfer_answered_has_its_time",
            ),
            models.CheckConstraint(
                condition=~Q(state=TransferState.ACCEPTED) | Q(last_event__isnull=False),
                name="transfer_accepted_has_its_last_event",
            ),
            models.UniqueConstraint(
                fields=["incident"], condition=Q(state=TransferState.ASKED), name="transfer_one_at_a_time"
            ),
        ]
        indexes = [
            models.Index(
                fields=["taker", "asked_at"], name="transfer_to_answer", condition=Q(state=TransferState.ASKED)
            ),
            models.Index(F("giver"), F("answered_at").desc(), name="transfer_given"),
        ]

    def __str__(self) -> str:
        return str(self.uid)


class Advice(models.Model):
    """The file that a centre sent to a partner about a case. A partner is CERT-FR or the CERT of a sector. The SHA-256
    of the file seals its content as it was sent.
    """

    uid = models.UUIDField("identifiant public", default=uuid4, unique=True, editable=False)
    incident = models.ForeignKey(Incident, models.PROTECT, related_name="advices", verbose_name="incident")
    # The code of the partner in the list of partners, which gives the address with its source and date.
    partner = models.CharField("partenaire", max_length=32)
    motive = models.CharField("motif", max_length=500, blank=True)
    # The label of the file that is made for this partner. The label of the case does not change.
    tlp = models.CharField("TLP", max_length=16, choices=Tlp)
    agreement = models.CharField("accord du déclarant", max_length=300, blank=True)
    # The file that was sent. It is emptied with the other texts of the case, while its seal stays.
    content = models.TextField("contenu", blank=True)
    sha256 = models.CharField("SHA-256", max_length=64)
    actor = models.ForeignKey(User, models.PROTECT, related_name="+", verbose_name="envoyé par")
    asked_at = models.DateTimeField("demandé le", default=timezone.now)
    submission_key = models.CharField("clé d’envoi", max_length=64, unique=True, editable=False)

    class Meta:
        verbose_name = "envoi à un partenaire"
        verbose_name_plural = "envois à un partenaire"
        constraints = [
            build_choices_constraint("tlp", Tlp.values, name="advice_tlp_known"),
            models.CheckConstraint(condition=Q(sha256__regex=r"^[0-9a-f]{64}$"), name="advice_sha256_well_formed"),
        ]
        indexes = [models.Index(fields=["incident", "id"], name="advice_by_incident")]

    def __str__(self) -> str:
        return str(self.uid)


class RoutingCheck(models.Model):
    """The progress of the comparison of all open cases with the directory (`services/transfer/reroute.py`). The table
    has one row.
    """

    id = models.SmallIntegerField(primary_key=True, default=1, editable=False)
    # The version of the directory, which PostgreSQL renews at each change. It is empty before the first comparison.
    version = models.UUIDField("version de l’annuaire", null=True, editable=False)
    # The version of the bodies' territories. It is empty if no territory was ever changed.
    grounds = models.UUIDField("version des territoires", null=True, editable=False)
    checked_on = models.DateField("jour", null=True, editable=False)
    noticed_at = models.DateTimeField("changement vu le", default=timezone.now, editable=False)
    last_case = models.BigIntegerField("dernier dossier comparé", default=0, editable=False)
    is_finished = models.BooleanField("fini", default=False, editable=False)

    class Meta:
        verbose_name = "comparaison avec l’annuaire"
        verbose_name_plural = "comparaisons avec l’annuaire"
        constraints = [models.CheckConstraint(name="routingcheck_one_row", condition=Q(id=1))]

    def __str__(self) -> str:
        return str(self.version)
