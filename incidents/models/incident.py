"""The main table: one declaration, and what became of it.

Texts and personal values (the description, the person to call back) are stored in columns that can be emptied. Events
contain only codes, ids and times, and the database refuses to change or remove them.
"""

from typing import ClassVar

import pgtrigger
from django.contrib.postgres.fields import ArrayField
from django.contrib.postgres.indexes import OpClass
from django.db import models
from django.db.models import ExpressionWrapper, F, Q
from django.db.models.functions import Reverse
from django.utils import timezone

from accounts.models import User
from collectivities.models import Collectivity, Region
from csirts.models import Csirt
from incidents.catalogues.rsit import RsitClass, RsitType
from incidents.enums import (
    OPEN,
    Answer,
    Burst,
    Cause,
    Certainty,
    ClosingReason,
    DueFor,
    IncidentType,
    Nature,
    Origin,
    Pap,
    Severity,
    Status,
    Tlp,
    Verification,
)
from incidents.facts.shapes import INSTANTS
from incidents.models.constraints import (
    CASE_AND_MAIN,
    UNMERGE_KEEPS_HOLD,
    build_certainty_constraint,
    build_choices_constraint,
    make_hold_check,
)
from incidents.models.groups import CaseGroup
from incidents.models.labelled import LabelledModel
from incidents.querysets import LEFT_UNANSWERED, IncidentQuerySet


class Incident(LabelledModel):
    """One declaration of one body, and what became of it. Only `incidents.services` changes it."""

    reference = models.CharField("référence", max_length=8, unique=True, editable=False)
    collectivity = models.ForeignKey(Collectivity, models.PROTECT, verbose_name="collectivité")
    # The centre that the directory gave on the day of the declaration. Only `services/transfer/reroute.py` and
    # transfers change it while the case is open.
    csirt = models.ForeignKey(Csirt, models.PROTECT, null=True, blank=True, verbose_name="CSIRT")
    region = models.ForeignKey(Region, models.PROTECT, null=True, blank=True, verbose_name="région")
    route_reason = models.CharField("raison de l’aiguillage", max_length=500)

    status = models.CharField("état", max_length=16, choices=Status, default=Status.DECLARED)
    origin = models.CharField("origine", max_length=16, choices=Origin)
    # What the declaration has in common with too many others of the same hour (`services/declaring/limits.py`). No
    # receipt was sent for such a declaration.
    burst = models.CharField(
        "en rafale", max_length=8, choices=Burst, default="", db_default="", blank=True, editable=False
    )
    type = models.CharField("type", max_length=16, choices=IncidentType)
    rsit_class = models.CharField("classe RSIT", max_length=32, choices=RsitClass)
    rsit_type = models.CharField("type RSIT", max_length=48, choices=RsitType, blank=True)
    nature = models.CharField("nature", max_length=12, choices=Nature, default=Nature.UNQUALIFIED)
    cause = models.CharField("cause", max_length=20, choices=Cause, blank=True)
    # Identifiers of MITRE ATT&CK (`incidents/catalogues/attack.py`), in the order of that list.
    techniques = ArrayField(
        models.CharField(max_length=12), default=list, blank=True, verbose_name="techniques ATT&CK"
    )
    tlp = models.CharField("TLP", max_length=16, choices=Tlp, default=Tlp.AMBER_STRICT)
    pap = models.CharField("PAP", max_length=8, choices=Pap, default=Pap.AMBER)
    severity = models.PositiveSmallIntegerField("gravité", choices=Severity)
    # The severity that the facts gave at their last assessment. A responder may have set another one.
    severity_found = models.PositiveSmallIntegerField("gravité d’après les faits", choices=Severity)

    received_at = models.DateTimeField("reçu le", default=timezone.now, editable=False)
    occurred_at = models.DateTimeField("survenu le", null=True, blank=True)
    occurred_certainty = models.CharField("date de survenue", max_length=12, choices=Certainty, blank=True)
    detected_at = models.DateTimeField("détecté le", null=True, blank=True)
    detected_certainty = models.CharField("date de détection", max_length=12, choices=Certainty, blank=True)
    attack_known_at = models.DateTimeField("attaque connue le", null=True, blank=True)
    attack_known_certainty = models.CharField(
        "date de connaissance de l’attaque", max_length=12, choices=Certainty, blank=True
    )
    breach_known_at = models.DateTimeField("violation de données connue le", null=True, blank=True)
    breach_known_certainty = models.CharField(
        "date de connaissance de la violation", max_length=12, choices=Certainty, blank=True
    )

    # An empty value means that nobody answered.
    service_stopped = models.CharField("un service est arrêté", max_length=8, choices=Answer, blank=True)
    data_concerned = models.CharField("des données sont concernées", max_length=8, choices=Answer, blank=True)
    # The folded name of the supplier. Bodies spell the same supplier in several ways, and grouping compares this key.
    supplier_key = models.CharField("prestataire, clé de regroupement", max_length=80, blank=True, editable=False)

    verification = models.CharField(
        "vérification", max_length=12, choices=Verification, default=Verification.UNVERIFIED
    )
    verified_at = models.DateTimeField("vérifié le", null=True, blank=True)
    acknowledge_by = models.DateTimeField("à prendre avant")
    # When a centre first took the case. Unlike `acknowledged_at`, it never changes: not if the case is put back and
    # taken again, nor if another centre accepts it.
    first_acknowledged_at = models.DateTimeField("première prise en charge le", null=True, blank=True, editable=False)
    acknowledged_at = models.DateTimeField("pris en charge le", null=True, blank=True)
    acknowledged_by = models.ForeignKey(
        User, models.PROTECT, null=True, blank=True, related_name="+", verbose_name="pris en charge par"
    )
    # The person who works on the case now. `acknowledged_by` keeps the person who took it.
    assignee = models.ForeignKey(
        User, models.PROTECT, null=True, blank=True, related_name="+", verbose_name="attribué à"
    )
    # When the declarant should have an answer, by the project's own target. Empty if the declarant waits for no
    # answer.
    answer_by = models.DateTimeField("à répondre avant", null=True, blank=True)
    answered_at = models.DateTimeField("première réponse le", null=True, blank=True)
    # The declarant chose that mails contain neither the code nor texts of the case. `sharing` applies the same limit
    # to some types of incident.
    mail_without_code = models.BooleanField("mails sans code", default=False)
    # A former type of the case was among `sharing.TYPES_WITH_OPEN_MAILBOX`. Another type does not close the mailbox.
    mailbox_was_in_doubt = models.BooleanField("boîte mail mise en doute", default=False, db_default=False)
    # True if the declarant of an express declaration asked for a call, and nobody at the centre has spoken with them
    # yet.
    is_to_call_back = models.BooleanField("à rappeler : déclaration express", default=False)
    # When the CSIRT began to wait for an answer of the declarant. Empty once the declarant has added something.
    awaited_since = models.DateTimeField("attend le déclarant depuis le", null=True, blank=True)
    worked_at = models.DateTimeField("dernier acte du centre le", null=True, blank=True)
    # The next deadline and its kind (`due_for`), which order the queue. `services/handling/due.py` keeps them up to
    # date.
    due_at = models.DateTimeField("prochaine échéance")
    due_for = models.CharField("échéance de", max_length=12, choices=DueFor, default=DueFor.ACKNOWLEDGE)
    is_taken = models.GeneratedField(
        expression=ExpressionWrapper(~Q(status=Status.DECLARED), output_field=models.BooleanField()),
        output_field=models.BooleanField(),
        db_persist=True,
        verbose_name="n’est plus à prendre",
    )

    # The main case of which this case is a duplicate. `services/duplicates/merge.py` can undo the merge.
    merged_into = models.ForeignKey(
        "self", models.PROTECT, null=True, blank=True, related_name="doubles", verbose_name="fusionné avec"
    )
    group = models.ForeignKey(
        CaseGroup, models.PROTECT, null=True, blank=True, related_name="cases", verbose_name="groupe"
    )

    closed_at = models.DateTimeField("clos le", null=True, blank=True)
    closing_reason = models.CharField("raison de la clôture", max_length=16, choices=ClosingReason, blank=True)

    # A member of the body who has the secret link may attach the declaration to their account.
    claimed_at = models.DateTimeField("rattaché à un compte le", null=True, blank=True)
    claimed_by = models.ForeignKey(
        User, models.PROTECT, null=True, blank=True, related_name="+", verbose_name="rattaché par"
    )
    # When the declarant last added something. The addition is new to a person of the CSIRT who has not opened the case
    # since.
    declarant_wrote_at = models.DateTimeField("dernier ajout du déclarant le", null=True, blank=True)

    # The idempotency key of a form or request, so that a declaration that is sent twice is one incident.
    submission_key = models.CharField("clé d’envoi", max_length=64, unique=True, editable=False)
    submission_digest = models.CharField("empreinte de l’envoi", max_length=64, editable=False)
    erased_at = models.DateTimeField("données personnelles effacées le", null=True, blank=True)

    objects: ClassVar = IncidentQuerySet.as_manager()

    class Meta:
        verbose_name = "incident"
        verbose_name_plural = "incidents"
        constraints = [
            build_choices_constraint("status", Status.values, name="incident_status_known"),
            build_choices_constraint("origin", Origin.values, name="incident_origin_known"),
            build_choices_constraint("burst", Burst.values, name="incident_burst_known", blank=True),
            build_choices_constraint("type", IncidentType.values, name="incident_type_known"),
            build_choices_constraint("rsit_class", RsitClass.values, name="incident_rsit_class_known"),
            build_choices_constraint("rsit_type", RsitType.values, name="incident_rsit_type_known", blank=True),
            build_choices_constraint("tlp", Tlp.values, name="incident_tlp_known"),
            build_choices_constraint("pap", Pap.values, name="incident_pap_known"),
            build_choices_constraint("nature", Nature.values, name="incident_nature_known"),
            build_choices_constraint("cause", Cause.values, name="incident_cause_known", blank=True),
            build_choices_constraint("due_for", DueFor.values, name="incident_due_for_known"),
            build_choices_constraint("severity", Severity.values, name="incident_severity_known"),
            build_choices_constraint("severity_found", Severity.values, name="incident_severity_found_known"),
            build_choices_constraint(
                "service_stopped", Answer.values, name="incident_service_stopped_known", blank=True
            ),
            build_choices_constraint(
                "data_concerned", Answer.values, name="incident_data_concerned_known", blank=True
            ),
            build_choices_constraint("verification", Verification.values, name="incident_verification_known"),
            build_choices_constraint(
                "closing_reason", ClosingReason.values, name="incident_closing_reason_known", blank=True
            ),
            *(
                build_choices_constraint(
                    f"{name}_certainty", Certainty.values, name=f"incident_{name}_certainty_known", blank=True
                )
                for name in INSTANTS
            ),
            *(build_certainty_constraint(name) for name in INSTANTS),
            models.CheckConstraint(
                condition=Q(verification=Verification.UNVERIFIED, verified_at=None)
                | (~Q(verification=Verification.UNVERIFIED) & Q(verified_at__isnull=False)),
                name="incident_verified_at_fits_verification",
            ),
            models.CheckConstraint(
                condition=~Q(status=Status.ACKNOWLEDGED) | Q(acknowledged_at__isnull=False),
                name="incident_acknowledged_has_its_time",
            ),
            models.CheckConstraint(
                condition=Q(first_acknowledged_at=None)
                | Q(acknowledged_at=None)
                | Q(first_acknowledged_at__lte=F("acknowledged_at")),
                name="incident_first_acknowledged_before_again",
            ),
            models.CheckConstraint(
                condition=Q(status=Status.CLOSED, closed_at__isnull=False) & ~Q(closing_reason="")
                | (~Q(status=Status.CLOSED) & Q(closed_at=None, closing_reason="")),
                name="incident_closed_has_its_time_and_reason",
            ),
            models.CheckConstraint(
                condition=Q(merged_into=None) | (~Q(merged_into=F("id")) & Q(closing_reason=ClosingReason.DUPLICATE)),
                name="incident_merged_is_a_closed_double",
            ),
            models.CheckConstraint(
                condition=Q(status=Status.CLOSED, due_for=DueFor.NOTHING)
                | (~Q(status=Status.CLOSED) & ~Q(due_for=DueFor.NOTHING)),
                name="incident_open_has_something_due",
            ),
            models.CheckConstraint(
                condition=Q(claimed_at=None, claimed_by=None) | Q(claimed_at__isnull=False, claimed_by__isnull=False),
                name="incident_claimed_has_its_time_and_person",
            ),
        ]
        indexes = [
            # The queue reads and sorts the open cases of a centre by this index, and the open cases of one person by
            # the next index.
            models.Index(
                F("csirt"), F("is_taken"), F("due_at"), F("id"), name="incident_queue", condition=Q(status__in=OPEN)
            ),
            models.Index(
                F("csirt"),
                F("assignee"),
                F("is_taken"),
                F("due_at"),
                F("id"),
                name="incident_queue_of_person",
                condition=Q(status__in=OPEN),
            ),
            models.Index(
                F("group"),
                F("received_at").desc(),
                F("id").desc(),
                name="incident_by_group",
                condition=Q(group__isnull=False),
            ),
            models.Index(F("merged_into"), name="incident_merged", condition=Q(merged_into__isnull=False)),
            models.Index(
                F("csirt"),
                F("declarant_wrote_at"),
                name="incident_wrote_once_closed",
                condition=Q(status=Status.CLOSED) & (Q(declarant_wrote_at__gt=F("closed_at")) | LEFT_UNANSWERED),
            ),
            models.Index(F("csirt"), F("received_at").desc(), F("id").desc(), name="incident_by_csirt"),
            models.Index(F("collectivity"), F("received_at").desc(), F("id").desc(), name="incident_by_body"),
            models.Index(
                F("csirt"),
                F("supplier_key"),
                name="incident_open_by_supplier",
                condition=Q(status__in=OPEN) & ~Q(supplier_key=""),
            ),
            models.Index(F("received_at"), name="incident_received"),
            # The search by the end of a reference compares its beginning, backwards.
            models.Index(OpClass(Reverse("reference"), name="text_pattern_ops"), name="incident_reference_reversed"),
            # The purge takes the cases that were closed first.
            models.Index(
                F("closed_at"),
                F("id"),
                name="incident_to_erase",
                condition=Q(closed_at__isnull=False, erased_at=None),
            ),
        ]
        triggers = [
            pgtrigger.Trigger(
                name="held_case_is_not_erased",
                when=pgtrigger.Before,
                operation=pgtrigger.UpdateOf("erased_at"),  # type: ignore[no-untyped-call]
                condition=pgtrigger.Q(old__erased_at__isnull=True, new__erased_at__isnull=False),
                func=make_hold_check(CASE_AND_MAIN, "NEW"),
            ),
            pgtrigger.Trigger(
                name="duplicate_keeps_hold_of_main",
                when=pgtrigger.Before,
                operation=pgtrigger.UpdateOf("merged_into_id"),  # type: ignore[no-untyped-call]
                condition=pgtrigger.Q(old__merged_into__isnull=False, old__erased_at__isnull=True)
                & pgtrigger.Q(old__merged_into__df=pgtrigger.F("new__merged_into")),
                func=UNMERGE_KEEPS_HOLD,
            ),
        ]

    def __str__(self) -> str:
        return self.reference

    @property
    def is_verified(self) -> bool:
        return self.verification != Verification.UNVERIFIED

    @property
    def has_addition_since_closing(self) -> bool:
        """Tell whether a closed case has an addition of the declarant that the centre has not handled. This includes a
        declaration that was withdrawn while an addition waited for an answer.

        False for a duplicate, because its main case shows the addition.
        """
        wrote_at, closed_at = self.declarant_wrote_at, self.closed_at
        if self.status != Status.CLOSED or self.merged_into_id or not wrote_at or not closed_at:
            return False
        if wrote_at > max(closed_at, self.worked_at or closed_at):
            return True
        is_withdrawn_unanswered = self.closing_reason == ClosingReason.WITHDRAWN and self.answer_by is not None
        return is_withdrawn_unanswered and (self.worked_at is None or closed_at > self.worked_at)
