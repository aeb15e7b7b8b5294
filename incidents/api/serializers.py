"""The representations of incidents in the API, for input and output. The services contain the rules."""

import re
from collections.abc import Callable
from datetime import date, datetime, time
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from collectivities.models import Collectivity
from collectivities.search import find_body_by_code
from collectivities.zones import find_zone
from core.fields import LARGEST_NUMBER
from csirts.models import Csirt
from incidents.enums import (
    Certainty,
    IncidentType,
    PublicService,
    Tlp,
)
from incidents.facts.description import FactField, FieldKind, map_facts
from incidents.facts.shapes import INSTANTS, STORY_COLUMNS, Caller, Declaration, Instant, Interruption, Leak
from incidents.models import DataLeak, Incident, IncidentEvent, ServiceInterruption, Story
from incidents.moments import reduce_to_known_end, reduce_to_known_moment
from incidents.services.history.declared import find_leak_judgement, read_declared_data, read_declared_leak_status
from incidents.services.history.snapshots import find_leak_row

DAY_PATTERN = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
# The most characters of a moment: « 2026-11-27T08:30:00.123456+01:00 » has 32.
MOMENT_LIMIT = 40
# A declaration names each service once. A longer list is refused before any of its items is read, since each item
# costs as much as a small form.
MAX_INTERRUPTIONS = len(PublicService)
TOO_MANY_INTERRUPTIONS = (
    f"Donnez chaque service une seule fois\N{NO-BREAK SPACE}: {MAX_INTERRUPTIONS} services au plus."
)


@extend_schema_field(OpenApiTypes.STR)
class BodyField(serializers.Field[Collectivity, str, str, Any]):
    """A body, identified by its id in this API, its SIREN or SIRET, or its INSEE code."""

    def to_internal_value(self, data: Any) -> Collectivity:
        body = find_api_body(data) if isinstance(data, str) and data.isprintable() else None
        if body is None:
            raise serializers.ValidationError("Aucune collectivité ne porte ce code.")
        return body


def find_api_body(code: str) -> Collectivity | None:
    """Return the body with this code, or None. The code is its id in this API, its SIREN or SIRET, or its INSEE
    code.
    """
    try:
        uid = UUID(code)
    except ValueError:
        return find_body_by_code(code)
    return Collectivity.objects.existing().with_territory().filter(uid=uid).first()


MOMENT_FORMS: list[dict[str, Any]] = [{"type": "string", "format": name} for name in ("date-time", "date")]


@extend_schema_field({"anyOf": MOMENT_FORMS})
class MomentField(serializers.Field[date, str, str, Any]):
    """A moment in a request. It may be a date without an hour, such as « 2026-11-27 »."""

    def to_internal_value(self, data: Any) -> date:
        if isinstance(data, str) and len(data) > MOMENT_LIMIT:
            raise serializers.ValidationError("Cette date est trop longue.")
        is_day = isinstance(data, str) and DAY_PATTERN.fullmatch(data)
        field: Any = serializers.DateField() if is_day else serializers.DateTimeField()
        moment: date = field.to_internal_value(data)
        return moment


@extend_schema_field({"anyOf": [*MOMENT_FORMS, {"type": "null"}]})
class MomentOut(serializers.Field[Any, Any, Any, Any]):
    """A moment in a response, or its date if no hour was given.

    `body` returns the body of a row. `read` takes the row and the time zone of its body, and returns the moment or
    date.
    """

    def __init__(self, read: Callable[[Any, str], date | None], body: Callable[[Any], Collectivity]) -> None:
        super().__init__(source="*", read_only=True)
        self.read, self.body = read, body

    def to_representation(self, value: Any) -> str | None:
        moment = self.read(value, find_zone(self.body(value)))
        field = serializers.DateTimeField() if isinstance(moment, datetime) else serializers.DateField()
        text: str | None = field.to_representation(moment) if moment else None  # type: ignore[arg-type]  # each takes its own
        return text


class ChoicesField(serializers.MultipleChoiceField):
    """Several choices in a request. A list that is longer than the list of choices is refused unread."""

    def to_internal_value(self, data: Any) -> Any:
        if isinstance(data, list) and len(data) > len(self.choices):
            raise serializers.ValidationError(f"Donnez chaque choix une seule fois, {len(self.choices)} au plus.")
        return super().to_internal_value(data)


OPTIONAL: dict[str, Any] = {"required": False, "allow_null": True}
# No field is required, because the services check, for the pages and for the API, that somebody can be called back.
INPUT_FIELDS: dict[FieldKind, Callable[[FactField], serializers.Field[Any, Any, Any, Any]]] = {
    FieldKind.LINE: lambda fact: serializers.CharField(required=False, allow_blank=True, max_length=fact.limit),
    FieldKind.TEXT: lambda fact: serializers.CharField(required=False, allow_blank=True, max_length=fact.limit),
    FieldKind.CHOICE: lambda fact: serializers.ChoiceField(fact.options, default="", allow_blank=True),
    FieldKind.CHOICES: lambda fact: ChoicesField(choices=fact.options, default=set),
    FieldKind.COUNT: lambda fact: serializers.IntegerField(min_value=0, max_value=LARGEST_NUMBER, **OPTIONAL),
    FieldKind.FLAG: lambda fact: serializers.BooleanField(default=False),
    FieldKind.MOMENT: lambda fact: MomentField(**OPTIONAL),
    FieldKind.INSTANT: lambda fact: MomentField(**OPTIONAL),
}


class ShapeIn(serializers.Serializer[Any]):
    """A serializer whose fields are those of the dataclass `shape`, as `map_facts` describes them."""

    shape: type

    def get_fields(self) -> dict[str, Any]:
        described = {
            f"{name}_at" if fact.kind == FieldKind.INSTANT else name: INPUT_FIELDS[fact.kind](fact)
            for name, fact in map_facts(self.shape).items()
        }
        return described | super().get_fields()


class InterruptionIn(ShapeIn):
    """An interruption of a public service in a request."""

    shape = Interruption
    service = serializers.ChoiceField(PublicService.choices)


class LeakIn(ShapeIn):
    """The data that the incident affects, in a request."""

    shape = Leak


class ContactIn(ShapeIn):
    """The person to call back, in a request."""

    shape = Caller


class DeclarationIn(ShapeIn):
    """A declaration in a request. If a field is missing or empty, nobody answered the question. If an instant is null,
    the declarant does not know it.
    """

    shape = Declaration
    collectivity = BodyField()
    type = serializers.ChoiceField(IncidentType.choices, default=IncidentType.UNKNOWN)
    interruptions = serializers.ListSerializer[Any](
        child=InterruptionIn(),
        required=False,
        max_length=MAX_INTERRUPTIONS,
        error_messages={"max_length": TOO_MANY_INTERRUPTIONS},
    )
    leak = LeakIn(required=False, allow_null=True)
    contact = ContactIn()
    tlp = serializers.ChoiceField(Tlp.choices, default=Tlp.AMBER_STRICT)

    def to_declaration(self) -> Declaration:
        """Return the validated data as the `Declaration` that the services accept."""
        data: dict[str, Any] = dict(self.validated_data)
        zone = ZoneInfo(find_zone(data["collectivity"]))
        instants: dict[str, Any] = {name: pop_instant(data, f"{name}_at", zone) for name in INSTANTS}
        leak = data.pop("leak", None)
        return Declaration(
            caller=Caller(**data.pop("contact")),
            interruptions=tuple(build_interruption(row, zone) for row in data.pop("interruptions", ())),
            leak=build_leak(leak) if leak else None,
            **data,
            **instants,
        )


def build_leak(row: dict[str, Any]) -> Leak:
    """Return the leak of a request. Its sets become sorted tuples, so that the same request always has the same
    digest.
    """
    values: dict[str, Any] = {
        name: tuple(sorted(value)) if isinstance(value, set) else value for name, value in row.items()
    }
    return Leak(**values)


def pop_instant(data: dict[str, Any], name: str, zone: ZoneInfo) -> Instant:
    """Remove the instant of this name from `data` and return it. A date without an hour gives an approximate instant,
    and null gives an unknown one. A missing name gives an empty instant.
    """
    if name not in data:
        return Instant()
    value = data.pop(name)
    certainty = Certainty.EXACT if isinstance(value, datetime) else Certainty.APPROXIMATE
    return Instant(at=build_stored_moment(value, zone), certainty=certainty if value else Certainty.UNKNOWN)


def build_interruption(row: dict[str, Any], zone: ZoneInfo) -> Interruption:
    """Return the interruption of a request. A date without an hour is read in `zone`."""
    ends: dict[str, Any] = {
        name: build_stored_moment(row[name], zone) for name in ("started_at", "ended_at") if name in row
    }
    return Interruption(**row | ends)


def build_stored_moment(value: date | None, zone: ZoneInfo) -> datetime | None:
    """Return the moment as it is stored. A date without an hour is stored as the first minute of the day in `zone`."""
    return value if value is None or isinstance(value, datetime) else datetime.combine(value, time.min, zone)


def make_instant_field(name: str) -> MomentOut:
    """Return the output field of one instant of an incident. « occurred » gives the field `occurred_at`."""

    def read_instant(row: Incident, zone: str) -> date | None:
        return reduce_to_known_moment(getattr(row, f"{name}_at"), zone, getattr(row, f"{name}_certainty"))

    return MomentOut(read_instant, lambda row: row.collectivity)


class BodyOut(serializers.ModelSerializer[Collectivity]):
    """A body in a response."""

    id = serializers.UUIDField(source="uid")

    class Meta:
        model = Collectivity
        fields = ["id", "name", "kind", "siren", "insee_code"]


class CsirtOut(serializers.ModelSerializer[Csirt]):
    """A CSIRT in a response."""

    class Meta:
        model = Csirt
        fields = ["slug", "name"]


class IncidentOut(serializers.ModelSerializer[Incident]):
    """The summary of an incident in a list."""

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


class IncidentPageOut(serializers.Serializer[object]):
    """A page of the list of incidents, with the addresses of the next page and of the previous one."""

    next = serializers.URLField(allow_null=True)
    previous = serializers.URLField(allow_null=True)
    results = IncidentOut(many=True)


ALWAYS_ANSWERED = ("reference", "status")


class AnsweredIncidentOut(IncidentOut):
    """The incident that was declared or acknowledged. A token without the scope `read` gets only `reference` and
    `status`.
    """

    def get_fields(self) -> dict[str, Any]:
        """Return the fields for a token that may read the case or not, as `is_readable` of the context says. In the
        schema, which has no such context, only those that every token gets are required.
        """
        fields: dict[str, Any] = super().get_fields()
        if not self.context.get("is_readable", True):
            return {name: fields[name] for name in ALWAYS_ANSWERED}
        for name, field in fields.items():
            field.required = name in ALWAYS_ANSWERED
            field.read_only = field.read_only and field.required  # the schema requires what is read-only
        return fields


class InterruptionOut(serializers.ModelSerializer[ServiceInterruption]):
    """An interruption of a public service in a response."""

    started_at = MomentOut(
        lambda row, zone: reduce_to_known_moment(row.started_at, zone), lambda row: row.incident.collectivity
    )
    ended_at = MomentOut(
        lambda row, zone: reduce_to_known_end(row.started_at, row.ended_at, zone),
        lambda row: row.incident.collectivity,
    )

    class Meta:
        model = ServiceInterruption
        fields = list(map_facts(Interruption))


class LeakOut(serializers.ModelSerializer[DataLeak]):
    """The data that the incident affects, in a response."""

    class Meta:
        model = DataLeak
        fields = list(map_facts(Leak))


class JudgementOut(serializers.Serializer[Any]):
    """The centre's own judgement. A field is empty if the centre did not judge, or agrees with the declaration."""

    leak = serializers.CharField()


class EventOut(serializers.ModelSerializer[IncidentEvent]):
    """An event in the history of an incident."""

    id = serializers.UUIDField(source="uid")

    class Meta:
        model = IncidentEvent
        fields = ["id", "kind", "at", "actor_kind"]


class StoryOut(serializers.ModelSerializer[Story]):
    """The description of an incident and the person to call back, in a response."""

    class Meta:
        model = Story
        fields = list(STORY_COLUMNS)


class IncidentDetailOut(IncidentOut):
    """An incident with its description, facts and events."""

    occurred_at = make_instant_field("occurred")
    detected_at = make_instant_field("detected")
    attack_known_at = make_instant_field("attack_known")
    breach_known_at = make_instant_field("breach_known")
    story = StoryOut()
    interruptions = InterruptionOut(many=True)
    leaks = serializers.SerializerMethodField(help_text="As declared; empty once the case is erased.")
    centre_judges = serializers.SerializerMethodField()
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
            "centre_judges",
            "events",
        ]

    @extend_schema_field(LeakOut(many=True))
    def get_leaks(self, incident: Incident) -> Any:
        """Return the declared leak with its declared status, or [] if no leak was declared. A leak that exists only in
        a judgement of the centre is left out.
        """
        declared, leak = read_declared_data(incident), find_leak_row(incident)
        if leak is None or declared["leak"] is None:
            return []
        leak.status = read_declared_leak_status(declared)
        return LeakOut([leak], many=True).data

    @extend_schema_field(JudgementOut)
    def get_centre_judges(self, incident: Incident) -> dict[str, str]:
        """Return the centre's judgement of the leak."""
        return {"leak": find_leak_judgement(incident, read_declared_data(incident), find_leak_row(incident))}
