"""The deliveries: each message is stored as a row before it is sent.

Neither addresses nor texts are stored here. Both are read at the time of sending, so that corrections are applied and
erased data are not sent.
"""

from datetime import datetime
from typing import ClassVar, Self
from uuid import uuid4

from django.db import models
from django.db.models import Case, Count, Exists, F, OuterRef, Q, When, Window
from django.db.models.expressions import BaseExpression
from django.db.models.functions import RowNumber
from django.utils import timezone

from accounts.dispatch import LONGEST_PAUSE
from accounts.models import User
from core.locks import make_due_condition
from csirts.models import Csirt
from incidents.enums import ActorKind
from incidents.models import Incident, IncidentEvent, LegalHold
from notifications.enums import Channel, DeliveryStatus, Recipient, Trouble

# The name of this application in the pending events.
CONSUMER = "notifications"
# The path from a delivery to its case.
CASE_PATH = "announcement__event__incident"
WITHOUT_CHANNEL = (DeliveryStatus.NO_CHANNEL, DeliveryStatus.MOOT)
# Somebody with more messages is acting on many cases at once: a declaration has fewer, with the accounts of its body.
MAX_WAITING_FOR_FIRST_TURN = 20


class Announcement(models.Model):
    """A record that the recipients of an event were chosen. If it has no deliveries, there was nobody to notify."""

    event = models.OneToOneField(IncidentEvent, models.PROTECT, verbose_name="événement")

    class Meta:
        verbose_name = "annonce"
        verbose_name_plural = "annonces"

    def __str__(self) -> str:
        return f"annonce {self.event_id}"


class DeliveryQuerySet(models.QuerySet["Delivery"]):
    def due(self, at: datetime) -> Self:
        """Return the deliveries to send whose time has come."""
        return self.filter(make_due_condition(at, longest=LONGEST_PAUSE), status=DeliveryStatus.DUE)

    def due_after(self, moment: datetime) -> Self:
        """Return the deliveries, settled or not, whose time is later: all that were created later are among them.

        Each half of the condition has its index.
        """
        waiting = Q(status=DeliveryStatus.DUE)
        return self.filter((waiting & Q(due_at__gt=moment)) | (~waiting & Q(due_at__gt=moment)))

    def in_turn(self) -> Self:
        """Return the oldest message of each originator, the oldest first. Originators with many messages come last.

        Thus a thousand messages of a bulk action delay those of a declaration by one case only, and many declarations
        do not overtake earlier ones. An originator is one person with one kind of event. A person without an account
        is identified by the case. For each kind of event, the platform is one originator for its own actions, and
        another for the messages that waited until a centre had an address.
        """
        event = "announcement__event__"
        person = Case(When(is_late=False, then=F(f"{event}actor")))
        by_itself = Q(is_late=True) | Q(**{f"{event}actor_kind": ActorKind.SYSTEM})
        stranger = Case(When(~by_itself & Q(**{f"{event}actor": None}), then=F(f"{event}incident")))
        originator: list[BaseExpression | F | str] = [F("is_late"), person, F(f"{event}kind"), stranger]
        turn = Window(RowNumber(), partition_by=originator, order_by=["due_at", "id"])
        number = Window(Count("pk"), partition_by=originator)
        is_of_many = Case(When(number__gt=MAX_WAITING_FOR_FIRST_TURN, then=1), default=0)
        return self.alias(turn=turn, number=number).filter(turn=1).order_by(is_of_many, "due_at", "id")

    def settled_before(self, limit: datetime) -> Self:
        """Return the messages that were settled before `limit`, sent or never to be sent, about cases that were closed
        before it too. While a case is open, they say who has heard of it.

        Those of a duplicate wait for its main case. Those of a case under a legal hold are left out, and those of its
        duplicates.
        """
        holds = LegalHold.objects.delaying_purge(timezone.now())
        closed = Incident.objects.filter(
            ~Exists(holds.filter(incident=OuterRef("pk"))),
            ~Exists(holds.filter(incident=OuterRef("merged_into"))),
            Q(merged_into=None) | Q(merged_into__closed_at__lt=limit),
            pk=OuterRef(CASE_PATH),
            closed_at__lt=limit,
        )
        return self.filter(Exists(closed), due_at__lt=limit).exclude(status=DeliveryStatus.DUE)

    def with_content(self) -> Self:
        """Load all rows that the messages need, for many deliveries in a few queries.

        One query with all these joins would take PostgreSQL 12 ms.
        """
        return self.select_related(
            "csirt",
            "announcement__event__incident__story",
            "announcement__event__incident__csirt",
            "announcement__event__incident__collectivity",
        ).prefetch_related(
            "person",
            "announcement__event__incident__csirt__contacts",
            "announcement__event__incident__collectivity__departement",
            "announcement__event__incident__collectivity__region",
            "announcement__event__incident__collectivity__region_correction",
            "announcement__event__incident__interruptions",
            "announcement__event__incident__leaks",
            "announcement__event__incident__accesses",
        )


class Delivery(models.Model):
    """One message to one recipient. It is done when its result is recorded, not when a worker claims it."""

    announcement = models.ForeignKey(Announcement, models.PROTECT, related_name="deliveries", verbose_name="annonce")
    recipient = models.CharField("destinataire", max_length=12, choices=Recipient)
    csirt = models.ForeignKey(
        Csirt, models.PROTECT, null=True, blank=True, related_name="+", verbose_name="centre de réponse"
    )
    # For a mail to the body: the account of one of its members when the event was announced.
    person = models.ForeignKey(
        User, models.PROTECT, null=True, blank=True, related_name="+", verbose_name="personne prévenue"
    )
    channel = models.CharField("canal", max_length=8, choices=Channel)
    status = models.CharField("état", max_length=12, choices=DeliveryStatus)
    due_at = models.DateTimeField("à envoyer le")
    # True if the mail waited until its centre had a channel (`channels`).
    is_late = models.BooleanField("en retard faute de canal", default=False, editable=False)
    attempts = models.PositiveSmallIntegerField("essais", default=0)
    last_error = models.CharField("dernier problème", max_length=16, choices=Trouble, blank=True)
    sent_at = models.DateTimeField("envoyé le", null=True, blank=True)
    # The Message-ID of every attempt, so that a mail client shows a mail sent twice once.
    key = models.UUIDField("clé", default=uuid4, unique=True, editable=False)

    objects: ClassVar = DeliveryQuerySet.as_manager()

    class Meta:
        verbose_name = "envoi"
        verbose_name_plural = "envois"
        constraints = [
            models.CheckConstraint(condition=Q(recipient__in=Recipient.values), name="delivery_recipient__in"),
            models.CheckConstraint(condition=Q(channel__in=Channel.values), name="delivery_channel__in"),
            models.CheckConstraint(condition=Q(status__in=DeliveryStatus.values), name="delivery_status__in"),
            models.CheckConstraint(condition=Q(last_error__in=Trouble.values), name="delivery_last_error__in"),
            models.UniqueConstraint(
                fields=["announcement", "recipient", "csirt", "person"],
                nulls_distinct=False,
                name="delivery_once_a_recipient",
            ),
            models.CheckConstraint(
                condition=Q(recipient=Recipient.CSIRT) | Q(csirt=None), name="delivery_csirt_fits_recipient"
            ),
            models.CheckConstraint(
                condition=Q(recipient=Recipient.BODY, person__isnull=False)
                | (~Q(recipient=Recipient.BODY) & Q(person=None)),
                name="delivery_person_fits_recipient",
            ),
            models.CheckConstraint(
                condition=Q(status__in=WITHOUT_CHANNEL, channel=Channel.NONE)
                | (~Q(status__in=WITHOUT_CHANNEL) & ~Q(channel=Channel.NONE)),
                name="delivery_channel_fits_status",
            ),
            models.CheckConstraint(
                condition=Q(status=DeliveryStatus.SENT, sent_at__isnull=False)
                | (~Q(status=DeliveryStatus.SENT) & Q(sent_at=None)),
                name="delivery_sent_at_fits_status",
            ),
        ]
        indexes = [
            models.Index(fields=["due_at", "id"], name="delivery_due", condition=Q(status=DeliveryStatus.DUE)),
            # The deliveries that a person must look at: few rows, however many were sent.
            models.Index(
                fields=["status", "id"],
                name="delivery_stuck",
                condition=Q(status__in=[DeliveryStatus.DEAD, DeliveryStatus.REFUSED]),
            ),
            # Deliveries that the purge deletes.
            models.Index(fields=["due_at", "id"], name="delivery_settled", condition=~Q(status=DeliveryStatus.DUE)),
            # Deliveries that are sent once the centre has an address.
            models.Index(
                fields=["csirt", "id"],
                name="delivery_without_channel",
                condition=Q(status=DeliveryStatus.NO_CHANNEL, csirt__isnull=False),
            ),
            # Deliveries that are sent once the declarant has an address.
            models.Index(
                fields=["due_at", "id"],
                name="delivery_without_address",
                condition=Q(status=DeliveryStatus.NO_CHANNEL, recipient=Recipient.DECLARANT),
            ),
        ]

    def __str__(self) -> str:
        return str(self.key)

    @property
    def event(self) -> IncidentEvent:
        return self.announcement.event

    @property
    def incident(self) -> Incident:
        return self.event.incident
