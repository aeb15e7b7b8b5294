"""Form fields for the facts of a declaration, built from their description. The services check what was typed."""

from collections.abc import Callable, Iterable, Mapping
from datetime import UTC, date, datetime, time, tzinfo
from typing import Any

from django import forms

from core.fields import CountField, DayField, FreeTextField, HourField, make_choice_field, make_choices_field
from incidents.enums import Certainty, LeakStatus
from incidents.facts.description import FactField, FieldKind, Section
from incidents.facts.shapes import STORY_LINES, map_inputs

type Options = Iterable[tuple[Any, str]]

FIELD_MAKERS: dict[FieldKind, Callable[[str, Options], forms.Field]] = {
    FieldKind.LINE: lambda label, _options: FreeTextField(label=label),
    FieldKind.TEXT: lambda label, _options: FreeTextField(label=label),
    FieldKind.CHOICE: make_choice_field,
    FieldKind.CHOICES: make_choices_field,
    FieldKind.COUNT: lambda label, _options: CountField(required=False, label=label),
    FieldKind.FLAG: lambda label, _options: forms.BooleanField(required=False, label=label),
}

CERTAINTIES = [
    ("", "à choisir"),
    (Certainty.UNKNOWN, "je ne sais pas"),
    (Certainty.APPROXIMATE, "à peu près"),
    (Certainty.EXACT, "exactement"),
]
# What a declarant may say of a leak at first.
LEAK_CHOICES = [
    (LeakStatus.CLAIMED, "Quelqu’un le prétend"),
    (LeakStatus.SUSPECTED, "Nous le craignons"),
    (LeakStatus.CONFIRMED, "C’est certain"),
]


def make_fact_field(fact: FactField, options: Options | None = None) -> Any:
    """Return the optional field that asks a town hall for a fact. `options` replaces the choices of the fact or their
    labels.
    """
    field = FIELD_MAKERS[fact.kind](fact.question, fact.options if options is None else options)
    field.help_text = fact.help
    return field


def make_list_field(fact: FactField) -> forms.ChoiceField:
    """Return the field of a choice among many options, displayed as a list instead of buttons."""
    return forms.ChoiceField(choices=fact.options, required=False, label=fact.question)


def make_short_field(fact: FactField, options: Options | None = None) -> Any:
    """Return the field for a responder on the telephone, with a short label, and with a list instead of buttons."""
    choices = list(fact.options if options is None else options)
    match fact.kind:
        case FieldKind.CHOICE:
            return forms.ChoiceField(choices=choices, required=False, label=fact.short)
        case FieldKind.CHOICES:
            return forms.MultipleChoiceField(choices=choices, required=False, label=fact.short)
    return FIELD_MAKERS[fact.kind](fact.short, choices)


def with_facts[F: type[forms.Form]](
    *sections: Section, ask: Callable[[FactField], forms.Field] = make_fact_field
) -> Callable[[F], F]:
    """Decorate a form: add a field for each fact of these sections, in the order of their description, after the
    form's own fields.

    Subclasses inherit the added fields.
    """

    def add_fields(form: F) -> F:
        form.base_fields |= {name: ask(fact) for section in sections for name, fact in map_inputs(section).items()}
        return form

    return add_fields


def list_story_fields(form: forms.BaseForm) -> list[forms.BoundField]:
    """Return the fields of the lines of a story, which templates draw one after the other."""
    return [form[name] for name in STORY_LINES]


def make_moment_fields(label: str) -> tuple[forms.Field, forms.Field, forms.Field]:
    """Return three fields: a day, an hour, and how certain they are."""
    certainty = forms.ChoiceField(choices=CERTAINTIES, required=False, label=label)
    return DayField(required=False, label=label), HourField(required=False, label=label), certainty


def check_moments(form: forms.Form, names: Iterable[str]) -> None:
    """Add an error to the day of each moment of which only the hour or the certainty was given."""
    for name in names:
        if problem := find_moment_problem(form.cleaned_data, name):
            form.add_error(f"{name}_date", problem)


def find_moment_problem(answers: Mapping[str, Any], name: str) -> str | None:
    """Return what is wrong with a moment whose day is missing, or None."""
    if answers.get(f"{name}_date") is not None or f"{name}_date" not in answers:
        return None
    if answers.get(f"{name}_time") is not None:
        return "Donnez aussi le jour, ou effacez l’heure."
    if answers.get(f"{name}_certainty") in {Certainty.EXACT, Certainty.APPROXIMATE}:
        return "Donnez le jour, ou choisissez « Je ne sais pas »."
    return None


def combine_moment(answers: Mapping[str, Any], name: str, zone: tzinfo) -> datetime | None:
    """Return the moment in UTC. A day without an hour is its first minute in `zone`."""
    day: date | None = answers[f"{name}_date"]
    if day is None:
        return None
    hour: time = answers[f"{name}_time"] or time.min
    return datetime.combine(day, hour, tzinfo=zone).astimezone(UTC)


def add_errors(messages: Iterable[str], form: forms.Form, name: str) -> None:
    """Add errors to a field of the form. The services name an instant (`…_at`), which the form asks for as a day."""
    field = f"{name.removesuffix('_at')}_date" if name.endswith("_at") else name
    for message in messages:
        form.add_error(field if field in form.fields else None, message)
