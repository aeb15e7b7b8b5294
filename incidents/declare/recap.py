"""Text versions of the answers of the screens, to be checked before sending or compared with another person's
version.
"""

from collections.abc import Iterator
from typing import NamedTuple

from django import forms
from django.utils import timezone
from django.utils.text import capfirst

from collectivities.search import find_body_by_uid
from core.french import choose_plural
from core.telephone import format_phone
from incidents.declare.choices import find_incident_type
from incidents.declare.forms import DeclarationForms
from incidents.declare.journey import Journey
from incidents.declare.screens import INPUTS_BY_SCREEN, SCREEN_POSITIONS, ScreenPosition
from incidents.devices.inputs import BODY, TYPE
from incidents.enums import NOT_STATED, Answer, PublicService, Screen
from incidents.models import DraftPage
from incidents.questions.plain_labels import PLAIN_TEXTS, join_plain_labels

RESUMED = "reprise"  # the query parameter of a screen opened with a resumption code


class AnswerLine(NamedTuple):
    """An answer as text, with the label of its question."""

    label: str
    text: str


class ScreenSummary(NamedTuple):
    """A one-line summary of a screen, with the name of the person who filled it."""

    place: ScreenPosition
    text: str
    author: str = ""


class Mistake(NamedTuple):
    """An error in an answer that is not on the displayed screen."""

    place: ScreenPosition
    label: str
    message: str


class ScreenState(NamedTuple):
    """The state of a screen. `page` contains its saved answers, or is None. `missing` says what is missing or wrong,
    or is "".
    """

    place: ScreenPosition
    page: DraftPage | None
    missing: str


def list_answer_lines(page: DraftPage, journey: Journey) -> list[AnswerLine]:
    """Return all answers of one screen, each with its label."""
    if page.screen == Screen.WHAT:
        chosen = find_incident_type(get_first_value(page, TYPE))
        return [AnswerLine("Ce qui arrive", str(chosen.label) if chosen else "")]
    if page.screen == Screen.WHO:
        return [AnswerLine("La collectivité", str(find_body_by_uid(get_first_value(page, BODY)) or ""))]
    details = journey.with_answers(Screen(page.screen), page.values).build_forms()
    return list(list_input_lines(details, INPUTS_BY_SCREEN[Screen(page.screen)]))


def get_first_value(page: DraftPage, name: str) -> str:
    """Return the first value that was saved for an input, or ""."""
    return str(next(iter(page.values.get(name, [])), ""))


def list_input_lines(details: DeclarationForms, names: frozenset[str]) -> Iterator[AnswerLine]:
    """Yield the answers that were typed in the inputs `names`, each with its label."""
    for form in details.all_forms:
        for field in form:
            if field.html_name in names and field.value():
                yield AnswerLine(str(field.label), format_field_value(field))
    if "service" in names and details.rows:
        yield AnswerLine("Services", format_services(details))


def format_field_value(field: forms.BoundField) -> str:
    """Return the labels of the chosen values, or the text that was typed."""
    labels = {str(value): str(label) for value, label in getattr(field.field, "choices", [])}
    value = field.value()
    if value is True:
        return str(Answer.YES.label)
    if field.name == "contact_phone":
        return format_phone(str(value))
    values = value if isinstance(value, list) else [value]
    if field.name in PLAIN_TEXTS:
        return join_plain_labels(field.name, map(str, values))
    return ", ".join(labels.get(str(item), str(item)) for item in values)


def format_services(details: DeclarationForms) -> str:
    """Return the labels of the public services that were ticked. If none is ticked, return the answer to the question
    whether a service is stopped.
    """
    if details.rows:
        return ", ".join(str(PublicService(row.service).label) for row in details.rows)
    answer = format_yes_or_no(details, "service_stopped")
    return f"{answer}, lesquels : {NOT_STATED}" if details.form["service_stopped"].value() == Answer.YES else answer


def list_screen_summaries(journey: Journey, details: DeclarationForms) -> list[ScreenSummary]:
    """Return a one-line summary of each screen before the last one. The last screen shows them above its button."""
    texts = {
        Screen.WHAT: str(journey.type.label) if journey.type else "",
        Screen.WHO: str(journey.collectivity or ""),
        Screen.SERVICES: format_services(details),
        Screen.DATA: format_yes_or_no(details, "data_concerned"),
    }
    authors = {screen: page.author for screen, page in journey.pages.items()}
    return [ScreenSummary(SCREEN_POSITIONS[screen], text, authors.get(screen, "")) for screen, text in texts.items()]


def format_yes_or_no(details: DeclarationForms, name: str) -> str:
    """Return the label of the answer to the question `name`, or « Pas dit » without an answer."""
    value = details.form[name].value()
    return str(Answer(value).label) if value in Answer.values else capfirst(NOT_STATED)


def list_mistakes_elsewhere(journey: Journey, details: DeclarationForms, screen: Screen) -> Iterator[Mistake]:
    """Yield the errors of the filled screens other than `screen`, in the order of the screens."""
    for other, place in SCREEN_POSITIONS.items():
        if other == screen or other not in journey.pages:
            continue
        for form in details.all_forms:
            for name, messages in form.errors.items():
                if form.add_prefix(name) in INPUTS_BY_SCREEN[other]:
                    label = str(form[name].label) if name in form.fields else ""
                    yield from (Mistake(place, label, str(message)) for message in messages)


def list_screen_states(journey: Journey) -> list[ScreenState]:
    """Return the state of each screen, to show to a person who continues somebody else's declaration."""
    details = journey.build_checked_forms(now=timezone.now())
    return [
        ScreenState(
            SCREEN_POSITIONS[screen], journey.pages.get(screen), describe_missing_answers(screen, journey, details)
        )
        for screen in SCREEN_POSITIONS
    ]


def describe_missing_answers(screen: Screen, journey: Journey, details: DeclarationForms) -> str:
    """Return a text that says what is missing or wrong on a screen, or ""."""
    if screen not in journey.pages:
        return "pas encore rempli"
    if screen == Screen.CALLER and not journey.pages[screen].values.keys() & {"contact_phone", "contact_email"}:
        return "il manque un téléphone ou un mail"
    wrong = len(details.list_wrong_inputs() & INPUTS_BY_SCREEN[screen])
    return (
        choose_plural("une réponse à vérifier", "%(count)s réponses à vérifier", wrong) % {"count": wrong}
        if wrong
        else ""
    )
