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
    """Return the optional form field that asks a town hall for a fact. `options` replaces the choices of the fact or
    their labels.
    """
    field = FIELD_MAKERS[fact.kind](fact.question, fact.options if options is None else options)
    field.help_text = fact.help
    return field


def make_select_field(fact: FactField) -> forms.ChoiceField:
    """Return the form field of a fact with many choices, displayed as a drop-down list instead of buttons."""
    return forms.ChoiceField(choices=fact.options, required=False, label=fact.question)


def make_responder_field(fact: FactField, options: Options | None = None) -> Any:
    """Return the form field for a responder on the telephone. It has a short label, and a list instead of buttons."""
    choices = list(fact.options if options is None else options)
    match fact.kind:
        case FieldKind.CHOICE:
            return forms.ChoiceField(choices=choices, required=False, label=fact.short)
        case FieldKind.CHOICES:
            return forms.MultipleChoiceField(choices=choices, required=False, label=fact.short)
    return FIELD_MAKERS[fact.kind](fact.short, choices)


def add_fact_fields[F: type[forms.Form]](
    *sections: Section, make_field: Callable[[FactField], forms.Field] = make_fact_field
) -> Callable[[F], F]:
    """Return a decorator that adds to a form class a field for each fact of these sections. The new fields come after
    those of the class, in the order in which the facts are described.

    `make_field` builds each field. Subclasses inherit the added fields.
    """

    def add_fields(form: F) -> F:
        form.base_fields |= {
            name: make_field(fact) for section in sections for name, fact in map_inputs(section).items()
        }
        return form

    return add_fields


def list_story_fields(form: forms.BaseForm) -> list[forms.BoundField]:
    """Return the form fields of the one-line texts about the incident. Templates render them one after the other."""
    return [form[name] for name in STORY_LINES]


def make_moment_fields(label: str) -> tuple[forms.Field, forms.Field, forms.Field]:
    """Return three form fields: a day, an hour, and how certain they are."""
    certainty = forms.ChoiceField(choices=CERTAINTIES, required=False, label=label)
    return DayField(required=False, label=label), HourField(required=False, label=label), certainty


def add_moment_errors(form: forms.Form, names: Iterable[str]) -> None:
    """Add an error to the day of each moment for which `find_moment_problem` returns one."""
    for name in names:
        if problem := find_moment_problem(form.cleaned_data, name):
            form.add_error(f"{name}_date", problem)


def find_moment_problem(answers: Mapping[str, Any], name: str) -> str | None:
    """Return the error message for a moment that has an hour or a certainty but no day, or None. The certainty « Je ne
    sais pas » needs no day.
    """
    if answers.get(f"{name}_date") is not None or f"{name}_date" not in answers:
        return None
    if answers.get(f"{name}_time") is not None:
        return "Donnez aussi le jour, ou effacez l’heure."
    if answers.get(f"{name}_certainty") in {Certainty.EXACT, Certainty.APPROXIMATE}:
        return "Donnez le jour, ou choisissez « Je ne sais pas »."
    return None


def combine_moment(answers: Mapping[str, Any], name: str, zone: tzinfo) -> datetime | None:
    """Return the moment in UTC, or None without a day. A day without an hour means the first minute of that day in
    `zone`.
    """
    day: date | None = answers[f"{name}_date"]
    if day is None:
        return None
    hour: time = answers[f"{name}_time"] or time.min
    return datetime.combine(day, hour, tzinfo=zone).astimezone(UTC)


def add_field_errors(messages: Iterable[str], form: forms.Form, name: str) -> None:
    """Add error messages to a field of the form. `name` is the name that the services give to the field.

    The services name an instant `…_at`, and the form asks for it as a day (`…_date`).
    """
    field = f"{name.removesuffix('_at')}_date" if name.endswith("_at") else name
    for message in messages:
        form.add_error(field if field in form.fields else None, message)
