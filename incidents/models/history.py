"""The history of an incident, and the events that a consumer has not handled yet."""

from uuid import uuid4

from django.db import models
from django.utils import timezone

from accounts.models import User
from core.append_only import make_append_only_triggers
from incidents.enums import ActorKind, EventKind
from incidents.models.constraints import build_actor_constraint, build_choices_constraint
from incidents.models.incident import Incident

# The key in `IncidentEvent.data` for the limit because of which no mail was sent to the declarant.
MAIL_HELD = "mail_held"


class IncidentEvent(models.Model):
    """An event in the history of an incident. It holds only codes, ids and times. Rows are appended, never changed or
    removed.
    """

    uid = models.UUIDField("identifiant public", default=uuid4, unique=True, editable=False)
    incident = models.ForeignKey(Incident, models.PROTECT, related_name="events", verbose_name="incident")
    kind = models.CharField("événement", max_length=24, choices=EventKind)
    at = models.DateTimeField("date", default=timezone.now)
    actor_kind = models.CharField("auteur", max_length=12, choices=ActorKind)
    actor = models.ForeignKey(
        User, models.PROTECT, null=True, blank=True, related_name="+", verbose_name="compte de l’auteur"
    )
    data = models.JSONField("codes", default=dict)

    class Meta:
        verbose_name = "événement"
        verbose_name_plural = "événements"
        constraints = [
            build_choices_constraint("kind", EventKind.values, name="event_kind_known"),
            build_choices_constraint("actor_kind", ActorKind.values, name="event_actor_kind_known"),
            build_actor_constraint(name="event_actor_fits_kind"),
        ]
        indexes = [
            models.Index(fields=["incident", "id"], name="event_by_incident"),
            models.Index(fields=["at"], condition=models.Q(kind=EventKind.REROUTED), name="event_rerouted_by_date"),
            models.Index(
                fields=["incident", "at"], condition=models.Q(kind=EventKind.UNMERGED), name="event_unmerged"
            ),
        ]
        triggers = make_append_only_triggers(
            "event_is_never_changed",
            "events_are_never_changed",
            reason="the history of incidents is append-only",
        )

    def __str__(self) -> str:
        return f"{self.incident_id} {self.kind}"


class PendingEvent(models.Model):
    """An event that a consumer has not handled yet. The row is deleted in the transaction that records the effect of
    the event.
    """

    event = models.ForeignKey(IncidentEvent, models.PROTECT, related_name="+", verbose_name="événement")
    consumer = models.CharField("consommateur", max_length=32)

    class Meta:
        verbose_name = "événement à traiter"
        verbose_name_plural = "événements à traiter"
        constraints = [models.UniqueConstraint(fields=["consumer", "event"], name="pending_event_once_a_consumer")]

    def __str__(self) -> str:
        return f"{self.consumer} {self.event_id}"
