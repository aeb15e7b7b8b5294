"""The form that a responder fills in during a telephone call: a declaration on one page, made for the keyboard."""

from collections.abc import Iterator
from datetime import UTC, datetime, time
from functools import cached_property
from typing import Any
from zoneinfo import ZoneInfo

from django import forms
from django.core.exceptions import ValidationError

from collectivities.enums import Kind
from collectivities.mentions import find_mention
from collectivities.models import Collectivity
from collectivities.search import SearchProblem, find_body_by_uid, find_collectivities
from collectivities.zones import find_zone
from core.fields import DayField, FreeTextField, HourField
from incidents.catalogues.public_services import list_offered_services
from incidents.enums import (
    TYPE_TERMS,
    Answer,
    Certainty,
    IncidentType,
    InterruptionExtent,
    LeakStatus,
    PublicService,
)
from incidents.facts.description import Section, map_facts
from incidents.facts.forms import add_fact_fields, list_story_fields, make_responder_field
from incidents.facts.shapes import (
    INSTANTS,
    STORY_WORDS,
    Declaration,
    Instant,
    Interruption,
    Leak,
    map_inputs,
    read_caller_input,
    read_instant,
    read_leak_input,
)
from incidents.services.declaring.check import list_caller_problems, needs_complete_phone

MAX_MATCHES = 12
DECLARATION_FACTS, LEAK_FACTS = map(map_facts, (Declaration, Leak))
MOMENTS = {name: DECLARATION_FACTS[name].short for name in INSTANTS} | {"stopped": "Services touchés depuis"}
TYPES = [(kind.value, TYPE_TERMS[kind]) for kind in IncidentType]
FACT_FIELDS = (*map_inputs(Section.CALLER), *STORY_WORDS)
# The answer for a service that works. A service that nobody asked about has an empty answer.
WORKS = "works"
EXTENTS = [(WORKS, "marche"), *InterruptionExtent.choices]
LEAK_CHOICES = [
    (LeakStatus.CLAIMED, "quelqu’un le prétend"),
    (LeakStatus.SUSPECTED, "soupçonnée"),
    (LeakStatus.CONFIRMED, "certaine"),
]


def make_extent_field(label: Any) -> forms.ChoiceField:
    """Return the optional field for the extent of the interruption of a service."""
    return forms.ChoiceField(choices=EXTENTS, required=False, label=label)


@add_fact_fields(Section.STORY, Section.CALLER, make_field=make_responder_field)
class TelephoneForm(forms.Form):
    """The form of a declaration by telephone.

    `body` is the text by which a body is searched. `collectivite` is the uid of the body that was chosen among the
    results for the text `body_asked`.
    """

    body = FreeTextField(label="Collectivité")
    body_asked = FreeTextField(widget=forms.HiddenInput)
    collectivite = FreeTextField(widget=forms.HiddenInput)
    type = make_responder_field(DECLARATION_FACTS["type"], TYPES)
    service_stopped = make_responder_field(DECLARATION_FACTS["service_stopped"])
    data_concerned = make_responder_field(DECLARATION_FACTS["data_concerned"])
    leak_status = make_responder_field(LEAK_FACTS["status"], LEAK_CHOICES)
    persons_band = make_responder_field(LEAK_FACTS["persons_band"])
    categories = make_responder_field(LEAK_FACTS["categories"])
    person_categories = make_responder_field(LEAK_FACTS["person_categories"])
    # The order of the fields on the page and in its list of errors.
    field_order = ("body", "body_asked", "collectivite", "type", "contact_phone", *FACT_FIELDS)
    story_lines = property(list_story_fields)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for name, label in MOMENTS.items():
            self.fields[f"{name}_date"] = DayField(required=False, label=label)
            self.fields[f"{name}_time"] = HourField(required=False, label=label)
        for service in PublicService:
            self.fields[service.value] = make_extent_field(service.label)

    def clean(self) -> dict[str, Any]:
        for name in MOMENTS:
            hour, day = self.cleaned_data.get(f"{name}_time"), self.cleaned_data.get(f"{name}_date")
            if hour is not None and day is None and f"{name}_date" not in self.errors:
                self.add_error(f"{name}_date", "Donnez aussi le jour, ou effacez l’heure.")
        if self.collectivity is None:
            self.add_error("body", self.explain_missing_body())
            # Without a body the service is not called, so the form checks the caller as it would.
            data = self.cleaned_data
            needs_number = needs_complete_phone(
                data.get("type", ""), without_code=data.get("mail_without_code", False)
            )
            for field, problem in list_caller_problems(read_caller_input(data), None, needs_number=needs_number):
                self.add_error(field, problem)
        return self.cleaned_data

    def read_input(self, name: str) -> str:
        """Return the value of a field as it was typed, or ""."""
        return str(self[name].value() or "")

    @cached_property
    def matches(self) -> list[Collectivity]:
        """Return the bodies that the text `body` may name, or only the body that was chosen for this text."""
        text = self.read_input("body").strip()
        if (
            text
            and text == self.read_input("body_asked").strip()
            and (chosen := find_body_by_uid(self.read_input("collectivite")))
        ):
            return [chosen]
        try:
            return find_collectivities(text, limit=MAX_MATCHES) if text else []
        except SearchProblem:
            return []

    @property
    def collectivity(self) -> Collectivity | None:
        """Return the body if the text names exactly one, or else None."""
        return self.matches[0] if len(self.matches) == 1 else None

    def explain_missing_body(self) -> str:
        """Return the error for a text that names no body or several bodies."""
        if self.matches:
            return "Plusieurs collectivités répondent à ce nom. Choisissez laquelle."
        if not self.read_input("body").strip():
            return "Quelle collectivité appelle ? Son nom, son code postal ou son SIREN."
        if mention := find_mention(self.read_input("body")):
            label = str(mention.label).capitalize()
            return f"{label} n’est dans aucune liste. Cherchez son SIREN, ou la commune de son siège."
        return "Rien ne répond à ce nom. Essayez le code postal ou le SIREN."

    def list_services(self) -> Iterator[tuple[forms.BoundField, str]]:
        """Yield (field, kinds) for each service that this kind of body may run, or that already has an answer.

        While the body is unknown, yield all services. `kinds` are the kinds of bodies that run the service: a script
        hides the service for other kinds.
        """
        offered = list_offered_services(self.collectivity.kind) if self.collectivity else tuple(PublicService)
        for service in PublicService:
            if service in offered or self.read_input(service.value):
                kinds = " ".join(kind for kind in Kind.values if service in list_offered_services(kind))
                yield self[service.value], kinds

    def list_moments(self) -> Iterator[tuple[forms.BoundField, forms.BoundField]]:
        """Yield (day field, hour field) for each moment that the form asks for."""
        for name in MOMENTS:
            yield self[f"{name}_date"], self[f"{name}_time"]

    def read_extents(self) -> dict[str, str]:
        """Return a dict from interrupted service to the extent of its interruption.

        The services are in the order of PublicService.
        """
        extents = {str(service): self.cleaned_data[service] for service in PublicService.values}
        return {service: extent for service, extent in extents.items() if extent and extent != WORKS}

    def make_declaration(self, collectivity: Collectivity) -> Declaration:
        """Return the declaration. The form must be valid. Its days and hours are in the time zone of the body."""
        answers, clock = self.cleaned_data, ZoneInfo(find_zone(collectivity))
        instants: dict[str, Any] = {name: read_typed_instant(answers, name, clock) for name in INSTANTS}
        stopped = combine_typed_moment(answers, "stopped", clock)
        interruptions = tuple(
            Interruption(service=service, extent=extent, started_at=stopped if answers[service] else None)
            for service, extent in self.read_extents().items()
        )
        return Declaration(
            collectivity=collectivity,
            type=answers["type"] or IncidentType.UNKNOWN,
            caller=read_caller_input(answers),
            service_stopped=deduce_service_answer(answers["service_stopped"], has_interruption=bool(interruptions)),
            data_concerned=answers["data_concerned"],
            interruptions=interruptions,
            leak=read_leak_input(answers),
            mail_without_code=answers["mail_without_code"],
            **{name: answers[name] for name in STORY_WORDS},
            **instants,
        )

    def add_service_errors(self, error: ValidationError) -> None:
        """Add each error of the service to the field that it concerns.

        An error on an instant (`…_at`) is added to the field of its day (`…_date`).
        """
        for path, complaints in error.message_dict.items():
            name = "stopped_at" if path.startswith("interruption_") else path
            field = f"{name.removesuffix('_at')}_date" if name.endswith("_at") else name
            for complaint in dict.fromkeys(complaints):
                if complaint not in self.errors.get(field, []):
                    self.add_error(field if field in self.fields else None, complaint)


def combine_typed_moment(answers: dict[str, Any], name: str, clock: ZoneInfo) -> datetime | None:
    """Return the moment in UTC, or None without a day. `clock` is the time zone of the answers.

    A day without an hour becomes its first minute.
    """
    day = answers[f"{name}_date"]
    return datetime.combine(day, answers[f"{name}_time"] or time.min, tzinfo=clock).astimezone(UTC) if day else None


def read_typed_instant(answers: dict[str, Any], name: str, clock: ZoneInfo) -> Instant:
    """Return the instant. It is exact if an hour was typed, and approximate if only a day was typed."""
    has_hour = answers[f"{name}_time"] is not None
    return read_instant(combine_typed_moment(answers, name, clock), Certainty.EXACT, has_hour=has_hour)


def deduce_service_answer(answer: str, *, has_interruption: bool) -> str:
    """Return « Oui » if an interruption was entered and the answer is not « Non ». Otherwise return the answer.

    The form of a declared case often starts with « Je ne sais pas », and the caller then names an interrupted service.
    The answer « Non » is kept, so that the service layer refuses the interruption.
    """
    return str(Answer.YES) if has_interruption and answer != Answer.NO else answer
