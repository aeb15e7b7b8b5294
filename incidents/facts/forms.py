"""Form fields for the facts of a declaration, built from their description. The services check what was typed."""

from collections.abc import Callable, Iterable
from typing import Any

from django import forms

from core.fields import CountField, FreeTextField, make_choice_field, make_choices_field
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
