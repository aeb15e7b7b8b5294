"""What was said on the screens, in words: for whoever checks it before sending, or meets another person's version."""

from collections.abc import Iterator
from typing import NamedTuple

from django import forms
from django.utils.translation import gettext as _

from incidents.declare.choices import type_named
from incidents.declare.forms import Details
from incidents.declare.journey import Journey, body_named
from incidents.declare.screens import INPUTS, PLACES, Place
from incidents.enums import Answer, PublicService, Screen
from incidents.models import DraftPage


class Line(NamedTuple):
    label: str
    text: str


class Summary(NamedTuple):
    place: Place
    text: str


def lines_of(page: DraftPage, journey: Journey) -> list[Line]:
    """All that one screen says, whoever filled it."""
    if page.screen == Screen.WHAT:
        chosen = type_named(only_value(page, "quoi"))
        return [Line(_("Ce qui arrive"), str(chosen.label) if chosen else "")]
    if page.screen == Screen.WHO:
        return [Line(_("La collectivité"), str(body_named(only_value(page, "collectivite")) or ""))]
    details = journey.having(Screen(page.screen), page.values).details()
    return list(lines_of_inputs(details, INPUTS[Screen(page.screen)]))


def only_value(page: DraftPage, name: str) -> str:
    return str(next(iter(page.values.get(name, [])), ""))


def lines_of_inputs(details: Details, names: frozenset[str]) -> Iterator[Line]:
    for form in details.all:
        for field in form:
            if field.html_name in names and field.value() and not is_untouched(field):
                yield Line(str(field.label), words(field))
    if "service" in names and details.rows:
        yield Line(_("Services"), services_said(details))


def is_untouched(field: forms.BoundField) -> bool:
    """A list that was left on « je ne sais pas », where it opens."""
    return field.value() == Answer.UNKNOWN and field.name.endswith(("_certainty", "_band"))


def words(field: forms.BoundField) -> str:
    """The labels of what was chosen, or what was typed."""
    labels = {str(value): str(label) for value, label in getattr(field.field, "choices", [])}
    value = field.value()
    values = value if isinstance(value, list) else [value]
    return ", ".join(labels.get(str(one), str(one)) for one in values)


def services_said(details: Details) -> str:
    return ", ".join(str(PublicService(row.service).label) for row in details.rows)


def summary_of(journey: Journey, details: Details) -> list[Summary]:
    """The earlier screens, one line each, before the last button."""
    return [
        Summary(PLACES[Screen.WHAT], str(journey.type.label) if journey.type else ""),
        Summary(PLACES[Screen.WHO], str(journey.collectivity or "")),
        Summary(PLACES[Screen.SERVICES], services_said(details) or answer_said(details, "service_stopped")),
        Summary(PLACES[Screen.DATA], answer_said(details, "data_concerned")),
    ]


def answer_said(details: Details, name: str) -> str:
    value = details.form[name].value()
    return str(Answer(value).label if value in Answer.values else Answer.UNKNOWN.label)
