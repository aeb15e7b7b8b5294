"""Shapes of the API: what comes in, what goes out. Rules live in the services."""

from typing import Any
from uuid import UUID

from django.utils.translation import gettext as _
from rest_framework import serializers

from collectivities.models import Collectivity
from collectivities.search import collectivity_by_code
from csirts.models import Csirt
from incidents.declaration import Caller, Declaration, Instant, Interruption, Leak
from incidents.enums import (
    Answer,
    Certainty,
    DataCategory,
    IncidentType,
    InterruptionExtent,
    LeakStatus,
    PersonsBand,
    PublicService,
    Tlp,
)
from incidents.models import DataLeak, Incident, IncidentEvent, ServiceInterruption, Story
from incidents.services.check import DESCRIPTION_LIMIT, LINE_LIMIT, PHONE_LIMIT

INSTANTS = ("occurred", "detected", "attack_known", "breach_known")
# Ours for a request; a PostgreSQL integer holds more than the people of France.
MOST_PEOPLE = 100_000_000


class BodyField(serializers.Field[Collectivity, str, str, Any]):
    """A body named by its identifier in this API, its SIREN or SIRET, or its INSEE code."""

    def to_internal_value(self, data: Any) -> Collectivity:
        body = body_called(data) if isinstance(data, str) and data.isprintable() else None
        if body is None:
            raise serializers.ValidationError(_("Aucune collectivité ne porte ce code."))
        return body


def body_called(code: str) -> Collectivity | None:
    try:
        uid = UUID(code)
    except ValueError:
        return collectivity_by_code(code)
    return Collectivity.objects.existing().with_territory().filter(uid=uid).first()


class InterruptionIn(serializers.Serializer[Any]):
    service = serializers.ChoiceField(PublicService.choices)
    extent = serializers.ChoiceField(InterruptionExtent.choices, default="", allow_blank=True)
    started_at = serializers.DateTimeField(required=False, allow_null=True)
    ended_at = serializers.DateTimeField(required=False, allow_null=True)
    people_affected = serializers.IntegerField(required=False, allow_null=True, min_value=0, max_value=MOST_PEOPLE)


class LeakIn(serializers.Serializer[Any]):
    status = serializers.ChoiceField(LeakStatus.choices, default="", allow_blank=True)
    categories = serializers.MultipleChoiceField(choices=DataCategory.choices, default=set)
    persons = serializers.IntegerField(required=False, allow_null=True, min_value=0, max_value=MOST_PEOPLE)
    persons_band = serializers.ChoiceField(PersonsBand.choices, default="", allow_blank=True)
    records = serializers.IntegerField(required=False, allow_null=True, min_value=0, max_value=MOST_PEOPLE)
    records_band = serializers.ChoiceField(PersonsBand.choices, default="", allow_blank=True)


class ContactIn(serializers.Serializer[Any]):
    name = serializers.CharField(required=False, allow_blank=True, max_length=LINE_LIMIT)
    role = serializers.CharField(required=False, allow_blank=True, max_length=LINE_LIMIT)
    phone = serializers.CharField(required=False, allow_blank=True, max_length=PHONE_LIMIT)
    email = serializers.CharField(required=False, allow_blank=True, max_length=254)


class DeclarationIn(serializers.Serializer[Any]):
    """A declaration. What is left out, or empty, is not said; an instant that is null is said to be not known."""

    collectivity = BodyField()
    type = serializers.ChoiceField(IncidentType.choices, default=IncidentType.UNKNOWN)
    description = serializers.CharField(required=False, allow_blank=True, max_length=DESCRIPTION_LIMIT)
    supplier = serializers.CharField(required=False, allow_blank=True, max_length=LINE_LIMIT)
    occurred_at = serializers.DateTimeField(required=False, allow_null=True)
    detected_at = serializers.DateTimeField(required=False, allow_null=True)
    attack_known_at = serializers.DateTimeField(required=False, allow_null=True)
    breach_known_at = serializers.DateTimeField(required=False, allow_null=True)
    service_stopped = serializers.ChoiceField(Answer.choices, default="", allow_blank=True)
    interruptions = InterruptionIn(many=True, required=False)
    data_concerned = serializers.ChoiceField(Answer.choices, default="", allow_blank=True)
    leak = LeakIn(required=False, allow_null=True)
    contact = ContactIn()
    tlp = serializers.ChoiceField(Tlp.choices, default=Tlp.AMBER_STRICT)
    mail_without_code = serializers.BooleanField(default=False)

    def to_declaration(self) -> Declaration:
        """The validated data as the services take it."""
        data: dict[str, Any] = dict(self.validated_data)
        instants: dict[str, Any] = {name: instant_of(data, f"{name}_at") for name in INSTANTS}
        leak = data.pop("leak", None)
        return Declaration(
            caller=Caller(**data.pop("contact")),
            interruptions=tuple(Interruption(**row) for row in data.pop("interruptions", ())),
            leak=Leak(**leak | {"categories": tuple(sorted(leak["categories"]))}) if leak else None,
            **data,
            **instants,
        )


def instant_of(data: dict[str, Any], name: str) -> Instant:
    """Take the instant of this name out of `data`."""
    if name not in data:
        return Instant()
    at = data.pop(name)
    return Instant(at=at, certainty=Certainty.EXACT if at else Certainty.UNKNOWN)


class BodyOut(serializers.ModelSerializer[Collectivity]):
    id = serializers.UUIDField(source="uid")

    class Meta:
        model = Collectivity
        fields = ["id", "name", "kind", "siren", "insee_code"]


class CsirtOut(serializers.ModelSerializer[Csirt]):
    class Meta:
        model = Csirt
        fields = ["slug", "name"]


class IncidentOut(serializers.ModelSerializer[Incident]):
    """One line of the list."""

    collectivity = BodyOut()
    csirt = CsirtOut(allow_null=True)
    is_verified = serializers.BooleanField()

    class Meta:
        model = Incident
        fields = [
            "reference",
            "status",
            "type",
            "rsit_class",
            "rsit_type",
            "severity",
            "tlp",
            "is_verified",
            "verification",
            "collectivity",
            "csirt",
            "received_at",
            "acknowledge_by",
            "acknowledged_at",
            "closed_at",
        ]


class InterruptionOut(serializers.ModelSerializer[ServiceInterruption]):
    class Meta:
        model = ServiceInterruption
        fields = ["service", "extent", "started_at", "ended_at", "people_affected"]


class LeakOut(serializers.ModelSerializer[DataLeak]):
    class Meta:
        model = DataLeak
        fields = ["status", "categories", "persons", "persons_band", "records", "records_band"]


class EventOut(serializers.ModelSerializer[IncidentEvent]):
    id = serializers.UUIDField(source="uid")

    class Meta:
        model = IncidentEvent
        fields = ["id", "kind", "at", "actor_kind"]


class StoryOut(serializers.ModelSerializer[Story]):
    class Meta:
        model = Story
        fields = ["description", "supplier", "contact_name", "contact_role", "contact_phone", "contact_email"]


class IncidentDetailOut(IncidentOut):
    """All of one incident."""

    story = StoryOut()
    interruptions = InterruptionOut(many=True)
    leaks = LeakOut(many=True)
    events = EventOut(many=True)

    class Meta(IncidentOut.Meta):
        fields = [
            *IncidentOut.Meta.fields,
            "route_reason",
            "service_stopped",
            "data_concerned",
            *(f"{name}_{part}" for name in INSTANTS for part in ("at", "certainty")),
            "story",
            "interruptions",
            "leaks",
            "events",
        ]
