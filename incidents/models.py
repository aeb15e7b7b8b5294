"""The subject: an incident, what it stopped, what leaked, and the events that are its history.

Words and personal values (the story told, the person to call back) stand in columns that can be emptied; events
hold codes, ids and times only, and the database refuses to change or remove them.
"""

from typing import ClassVar
from uuid import uuid4

import pgtrigger
from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import F, Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from accounts.models import User
from collectivities.models import Collectivity, Region
from csirts.models import Csirt
from incidents.enums import (
    OPEN,
    ActorKind,
    Answer,
    Certainty,
    ClosingReason,
    DataCategory,
    EventKind,
    IncidentType,
    InterruptionExtent,
    LeakStatus,
    Origin,
    PersonsBand,
    PublicService,
    Severity,
    Status,
    Tlp,
    Verification,
)
from incidents.querysets import IncidentQuerySet
from incidents.rsit import RsitClass, RsitType

INSTANTS = ("occurred", "detected", "attack_known", "breach_known")


def instant_fits_certainty(name: str) -> models.CheckConstraint:
    """An instant is empty exactly when the answer was « pas connue »."""
    return models.CheckConstraint(
        condition=Q(**{f"{name}_at": None, f"{name}_certainty": Certainty.UNKNOWN})
        | (Q(**{f"{name}_at__isnull": False}) & ~Q(**{f"{name}_certainty": Certainty.UNKNOWN})),
        name=f"incident_{name}_at_fits_certainty",
    )


def known(field: str, values: list[str] | list[int], *, name: str, blank: bool = False) -> models.CheckConstraint:
    """The database's own copy of a field's choices (Django's bind forms only)."""
    allowed = [*values, ""] if blank else values
    return models.CheckConstraint(condition=Q(**{f"{field}__in": allowed}), name=name)


class Incident(models.Model):
    """One declaration of one body, and what became of it. Changed by `incidents.services` only."""

    reference = models.CharField(_("référence"), max_length=8, unique=True, editable=False)
    collectivity = models.ForeignKey(Collectivity, models.PROTECT, verbose_name=_("collectivité"))
    # As routed on the day of the declaration: a correction of the directory moves nobody's case.
    csirt = models.ForeignKey(Csirt, models.PROTECT, null=True, blank=True, verbose_name=_("CSIRT"))
    region = models.ForeignKey(Region, models.PROTECT, null=True, blank=True, verbose_name=_("région"))
    route_reason = models.CharField(_("raison de l’aiguillage"), max_length=500)

    status = models.CharField(_("état"), max_length=16, choices=Status, default=Status.DECLARED)
    origin = models.CharField(_("origine"), max_length=16, choices=Origin)
    type = models.CharField(_("type"), max_length=16, choices=IncidentType)
    rsit_class = models.CharField(_("classe RSIT"), max_length=32, choices=RsitClass)
    rsit_type = models.CharField(_("type RSIT"), max_length=48, choices=RsitType, blank=True)
    tlp = models.CharField(_("TLP"), max_length=16, choices=Tlp, default=Tlp.AMBER_STRICT)
    severity = models.PositiveSmallIntegerField(_("gravité"), choices=Severity)

    received_at = models.DateTimeField(_("reçu le"), default=timezone.now, editable=False)
    occurred_at = models.DateTimeField(_("survenu le"), null=True, blank=True)
    occurred_certainty = models.CharField(
        _("date de survenue"), max_length=12, choices=Certainty, default=Certainty.UNKNOWN
    )
    detected_at = models.DateTimeField(_("détecté le"), null=True, blank=True)
    detected_certainty = models.CharField(
        _("date de détection"), max_length=12, choices=Certainty, default=Certainty.UNKNOWN
    )
    attack_known_at = models.DateTimeField(_("attaque connue le"), null=True, blank=True)
    attack_known_certainty = models.CharField(
        _("date de connaissance de l’attaque"), max_length=12, choices=Certainty, default=Certainty.UNKNOWN
    )
    breach_known_at = models.DateTimeField(_("violation de données connue le"), null=True, blank=True)
    breach_known_certainty = models.CharField(
        _("date de connaissance de la violation"), max_length=12, choices=Certainty, default=Certainty.UNKNOWN
    )

    service_stopped = models.CharField(_("un service est arrêté"), max_length=8, choices=Answer)
    data_concerned = models.CharField(_("des données sont concernées"), max_length=8, choices=Answer)
    # Grouping several bodies that name one supplier needs the same spelling: the key is folded, the name is not.
    supplier_key = models.CharField(_("prestataire, clé de regroupement"), max_length=80, blank=True, editable=False)

    verification = models.CharField(
        _("vérification"), max_length=12, choices=Verification, default=Verification.UNVERIFIED
    )
    verified_at = models.DateTimeField(_("vérifié le"), null=True, blank=True)
    acknowledge_by = models.DateTimeField(_("à prendre avant"))
    acknowledged_at = models.DateTimeField(_("pris en charge le"), null=True, blank=True)
    acknowledged_by = models.ForeignKey(
        User, models.PROTECT, null=True, blank=True, related_name="+", verbose_name=_("pris en charge par")
    )
    closed_at = models.DateTimeField(_("clos le"), null=True, blank=True)
    closing_reason = models.CharField(_("raison de la clôture"), max_length=16, choices=ClosingReason, blank=True)

    # One key a form or a request: what was sent twice is one incident.
    submission_key = models.CharField(_("clé d’envoi"), max_length=64, unique=True, editable=False)
    submission_digest = models.CharField(_("empreinte de l’envoi"), max_length=64, editable=False)
    erased_at = models.DateTimeField(_("données personnelles effacées le"), null=True, blank=True)

    objects: ClassVar = IncidentQuerySet.as_manager()

    class Meta:
        verbose_name = _("incident")
        verbose_name_plural = _("incidents")
        constraints = [
            known("status", Status.values, name="incident_status_known"),
            known("origin", Origin.values, name="incident_origin_known"),
            known("type", IncidentType.values, name="incident_type_known"),
            known("rsit_class", RsitClass.values, name="incident_rsit_class_known"),
            known("rsit_type", RsitType.values, name="incident_rsit_type_known", blank=True),
            known("tlp", Tlp.values, name="incident_tlp_known"),
            known("severity", Severity.values, name="incident_severity_known"),
            known("service_stopped", Answer.values, name="incident_service_stopped_known"),
            known("data_concerned", Answer.values, name="incident_data_concerned_known"),
            known("verification", Verification.values, name="incident_verification_known"),
            known("closing_reason", ClosingReason.values, name="incident_closing_reason_known", blank=True),
            *(
                known(f"{name}_certainty", Certainty.values, name=f"incident_{name}_certainty_known")
                for name in INSTANTS
            ),
            *(instant_fits_certainty(name) for name in INSTANTS),
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
                condition=Q(status=Status.CLOSED, closed_at__isnull=False) & ~Q(closing_reason="")
                | (~Q(status=Status.CLOSED) & Q(closed_at=None, closing_reason="")),
                name="incident_closed_has_its_time_and_reason",
            ),
        ]
        indexes = [
            # The queue: what nobody has taken first, then the worst, then the newest.
            models.Index(
                F("csirt"),
                F("status").desc(),
                F("severity").desc(),
                F("received_at").desc(),
                F("id").desc(),
                name="incident_queue",
                condition=Q(status__in=OPEN),
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
        ]

    def __str__(self) -> str:
        return self.reference

    @property
    def is_verified(self) -> bool:
        return self.verification != Verification.UNVERIFIED


class Story(models.Model):
    """What the declarant wrote and who to call back: words and personal values, which can be erased."""

    incident = models.OneToOneField(Incident, models.PROTECT, primary_key=True, verbose_name=_("incident"))
    description = models.TextField(_("ce qui se passe"), blank=True)
    supplier = models.CharField(_("prestataire concerné"), max_length=120, blank=True)
    contact_name = models.CharField(_("nom de la personne à rappeler"), max_length=120, blank=True)
    contact_role = models.CharField(_("fonction"), max_length=120, blank=True)
    contact_phone = models.CharField(_("téléphone"), max_length=40, blank=True)
    contact_email = models.EmailField(_("adresse mail"), blank=True)

    class Meta:
        verbose_name = _("récit")
        verbose_name_plural = _("récits")

    def __str__(self) -> str:
        return str(self.incident_id)


class ServiceInterruption(models.Model):
    """A public service stopped or slowed. No end: it still is."""

    incident = models.ForeignKey(Incident, models.PROTECT, related_name="interruptions", verbose_name=_("incident"))
    service = models.CharField(_("service public"), max_length=16, choices=PublicService)
    extent = models.CharField(_("ampleur"), max_length=12, choices=InterruptionExtent)
    started_at = models.DateTimeField(_("depuis"), null=True, blank=True)
    ended_at = models.DateTimeField(_("jusqu’à"), null=True, blank=True)
    people_affected = models.PositiveIntegerField(_("personnes touchées"), null=True, blank=True)

    class Meta:
        verbose_name = _("interruption de service")
        verbose_name_plural = _("interruptions de service")
        constraints = [
            known("service", PublicService.values, name="interruption_service_known"),
            known("extent", InterruptionExtent.values, name="interruption_extent_known"),
            models.CheckConstraint(
                condition=Q(ended_at=None) | Q(started_at=None) | Q(ended_at__gte=F("started_at")),
                name="interruption_ends_after_it_starts",
                violation_error_message=_("La reprise ne peut pas précéder l’arrêt."),
            ),
            models.UniqueConstraint(
                fields=["incident", "service"],
                condition=Q(ended_at=None),
                name="interruption_one_open_a_service",
                violation_error_message=_("Ce service est déjà noté comme arrêté."),
            ),
        ]

    def __str__(self) -> str:
        return str(self.get_service_display())


class DataLeak(models.Model):
    """Personal data that left, or are said to have left."""

    incident = models.ForeignKey(Incident, models.PROTECT, related_name="leaks", verbose_name=_("incident"))
    status = models.CharField(_("état"), max_length=12, choices=LeakStatus)
    categories = ArrayField(
        models.CharField(max_length=16, choices=DataCategory), default=list, verbose_name=_("catégories (CNIL)")
    )
    persons = models.PositiveIntegerField(_("nombre de personnes"), null=True, blank=True)
    persons_band = models.CharField(
        _("tranche de personnes"), max_length=12, choices=PersonsBand, default=PersonsBand.UNKNOWN
    )
    records = models.PositiveIntegerField(_("nombre d’enregistrements"), null=True, blank=True)
    records_band = models.CharField(
        _("tranche d’enregistrements"), max_length=12, choices=PersonsBand, default=PersonsBand.UNKNOWN
    )

    class Meta:
        verbose_name = _("fuite de données")
        verbose_name_plural = _("fuites de données")
        constraints = [
            known("status", LeakStatus.values, name="leak_status_known"),
            known("persons_band", PersonsBand.values, name="leak_persons_band_known"),
            known("records_band", PersonsBand.values, name="leak_records_band_known"),
            models.CheckConstraint(
                condition=Q(categories__contained_by=DataCategory.values), name="leak_categories_known"
            ),
        ]

    def __str__(self) -> str:
        return str(self.get_status_display())


class IncidentEvent(models.Model):
    """What happened to an incident: codes, ids and times. Appended, never changed, never removed."""

    uid = models.UUIDField(_("identifiant public"), default=uuid4, unique=True, editable=False)
    incident = models.ForeignKey(Incident, models.PROTECT, related_name="events", verbose_name=_("incident"))
    kind = models.CharField(_("événement"), max_length=24, choices=EventKind)
    at = models.DateTimeField(_("date"), default=timezone.now)
    actor_kind = models.CharField(_("auteur"), max_length=12, choices=ActorKind)
    actor = models.ForeignKey(
        User, models.PROTECT, null=True, blank=True, related_name="+", verbose_name=_("compte de l’auteur")
    )
    data = models.JSONField(_("codes"), default=dict)

    class Meta:
        verbose_name = _("événement")
        verbose_name_plural = _("événements")
        constraints = [
            known("kind", EventKind.values, name="event_kind_known"),
            known("actor_kind", ActorKind.values, name="event_actor_kind_known"),
            models.CheckConstraint(
                condition=Q(actor_kind=ActorKind.USER, actor__isnull=False)
                | (~Q(actor_kind=ActorKind.USER) & Q(actor=None)),
                name="event_actor_fits_kind",
            ),
        ]
        indexes = [models.Index(fields=["incident", "id"], name="event_by_incident")]
        triggers = [
            pgtrigger.Protect(name="event_is_never_changed", operation=pgtrigger.Update | pgtrigger.Delete),
            # A row trigger lets TRUNCATE pass; this one refuses the statement itself.
            pgtrigger.Trigger(
                name="events_are_never_changed",
                level=pgtrigger.Statement,
                when=pgtrigger.Before,
                operation=pgtrigger.Update | pgtrigger.Delete | pgtrigger.Truncate,
                func="RAISE EXCEPTION 'pgtrigger: the history of incidents is append-only';",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.incident_id} {self.kind}"


class PendingEvent(models.Model):
    """An event that a consumer has not dealt with yet. Deleted in the transaction that records the effect."""

    event = models.ForeignKey(IncidentEvent, models.PROTECT, related_name="+", verbose_name=_("événement"))
    consumer = models.CharField(_("consommateur"), max_length=32)

    class Meta:
        verbose_name = _("événement à traiter")
        verbose_name_plural = _("événements à traiter")
        constraints = [models.UniqueConstraint(fields=["consumer", "event"], name="pending_event_once_a_consumer")]

    def __str__(self) -> str:
        return f"{self.consumer} {self.event_id}"


class FollowUpAccess(models.Model):
    """A secret that opens one case to whoever holds it. The secret itself is not stored (`services/follow_up.py`)."""

    uid = models.UUIDField(_("identifiant public"), default=uuid4, unique=True, editable=False)
    incident = models.ForeignKey(Incident, models.PROTECT, related_name="accesses", verbose_name=_("incident"))
    nonce = models.CharField(_("graine"), max_length=64, editable=False)
    secret_hash = models.CharField(_("empreinte du secret"), max_length=64, unique=True, editable=False)
    created_at = models.DateTimeField(_("créé le"), default=timezone.now)
    revoked_at = models.DateTimeField(_("révoqué le"), null=True, blank=True)
    expires_at = models.DateTimeField(_("expire le"))

    class Meta:
        verbose_name = _("accès de suivi")
        verbose_name_plural = _("accès de suivi")
        constraints = [
            models.UniqueConstraint(
                fields=["incident"], condition=Q(revoked_at=None), name="follow_up_one_live_access"
            )
        ]

    def __str__(self) -> str:
        return str(self.uid)
