"""What was added to a declaration or corrected after it was received: by whom, when, and what the first story was.

The rows of a case hold its current facts. Without these sentences, a paper would print what the centre wrote during a
call as if the body had declared it.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime
from itertools import pairwise
from typing import NamedTuple

from django.db.models import Q

from csirts.wording import format_centre
from incidents.enums import EventKind, IncidentType
from incidents.facts.description import Section
from incidents.models import Incident, IncidentEvent
from incidents.queries import MAX_SHEETS, DisplayedSheet
from incidents.questions.catalogue import QuestionKind
from incidents.questions.facts import OMITTED_TEXTS, list_sheet_facts
from incidents.questions.formatting import DisplayedFact, format_moment
from incidents.services.history.centres import MOVE_KINDS, map_centres_by_event
from incidents.services.history.declared import exclude_judgement_sheets

# The events of the centre's acts that write answer sheets: a call, and a closing that ends interruptions. The event
# and its sheets have the same instant.
CENTRE_FACT_CHANGES = Q(kind=EventKind.NOTED, data__has_key="sections") | Q(
    kind=EventKind.CLOSED, data__has_key="ended"
)
TYPE_CHANGES = Q(kind=EventKind.QUALIFIED, data__changed__has_key="type")

type SheetsBySection = dict[str, list[DisplayedSheet]]


class CentreAct(NamedTuple):
    """An event by which a centre changed the facts or the type of a case. `centre` is the name of the centre."""

    event: IncidentEvent
    centre: str


class TypeChange(NamedTuple):
    """A change, by a centre, of the type of a case. `declared` is the declared type.

    `sentence` says in French who changed the type and when.
    """

    declared: str
    sentence: str


def load_declared_sheets(incident: Incident, zone: str) -> SheetsBySection:
    """Return the sheets of each section, oldest first, except those in which a centre judged the leak.

    At most the MAX_SHEETS newest sheets are read, in one query. Returns {} for an erased case.
    """
    if incident.erased_at:
        return {}
    newest = exclude_judgement_sheets(incident.sheets.select_related("actor")).order_by("-id")[:MAX_SHEETS]
    by_section: SheetsBySection = {}
    for sheet in reversed(newest):
        by_section.setdefault(sheet.section, []).append(DisplayedSheet(sheet, zone))
    return by_section


def load_centre_acts(incident: Incident) -> list[CentreAct]:
    """Return the events by which centres changed the facts or the type of the case, oldest first.

    Runs one query, or two if the case changed centres.
    """
    changes = CENTRE_FACT_CHANGES | TYPE_CHANGES
    events = list(incident.events.filter(changes | Q(kind__in=MOVE_KINDS)).order_by("-id"))
    return select_centre_acts(events, map_centres_by_event(events, incident))


def select_centre_acts(events: Sequence[IncidentEvent], centres: Mapping[int, str]) -> list[CentreAct]:
    """Return, oldest first, the events among `events` by which a centre changed the facts or the type of the case.

    `events` are newest first, and `centres` is what `map_centres_by_event` returned for them.
    """
    return [
        CentreAct(event, centres[event.pk] or "le centre") for event in reversed(events) if is_centre_change(event)
    ]


def is_centre_change(event: IncidentEvent) -> bool:
    """Tell whether a centre changed the facts or the type of the case by this event.

    These are the events that CENTRE_FACT_CHANGES or TYPE_CHANGES match.
    """
    match event.kind:
        case EventKind.NOTED:
            return "sections" in event.data
        case EventKind.CLOSED:
            return "ended" in event.data
        case EventKind.QUALIFIED:
            return "type" in event.data.get("changed", {})
    return False


def find_type_change(incident: Incident, acts: Sequence[CentreAct], zone: str) -> TypeChange | None:
    """Return how the type of the case differs from its declared type, or None if it does not.

    Also returns None if the declared type has no label any more.
    """
    changes = [act for act in acts if act.event.kind == EventKind.QUALIFIED]
    declared = changes[0].event.data["changed"]["type"][0] if changes else incident.type
    if declared == incident.type or declared not in IncidentType.values:
        return None
    at = format_moment(changes[-1].event.at, zone)
    return TypeChange(declared, f"Situation corrigée par {format_centre(changes[-1].centre)}, le {at}.")


def is_revision(incident: Incident, displayed: DisplayedSheet) -> bool:
    """Tell whether the sheet was written after the declaration. The sheets of the declaration have its instant."""
    return displayed.sheet.written_at > incident.received_at


def list_revision_sentences(
    incident: Incident, displayed_sheets: Sequence[DisplayedSheet], acts: Sequence[CentreAct]
) -> list[str]:
    """Return French sentences that say who completed or corrected one section, and when.

    An example is « Complété au téléphone par Breizh Cyber, le 29 novembre 2026 à 6 h 49. ». The sheets of the section
    are given oldest first. Several changes of one kind by one author give one sentence, with the instant of the last
    change.
    """
    acts_by_instant = map_acts_by_instant(acts)
    changed_at: dict[str, str] = {}
    before: list[DisplayedFact] = []
    for displayed in displayed_sheets:
        if is_revision(incident, displayed):
            newer = [*displayed.lines, *list_lines_without_ends(displayed)]
            verb = "Complété" if all(is_line_in(line, newer) for line in before) else "Corrigé"
            change = f"{verb} {format_author(displayed, acts_by_instant)}"
            changed_at.pop(change, None)
            changed_at[change] = format_moment(displayed.sheet.written_at, displayed.zone)
        before = list_stated_lines(displayed)
    return [f"{change}, le {moment}." for change, moment in changed_at.items()]


def map_acts_by_instant(acts: Sequence[CentreAct]) -> dict[datetime, CentreAct]:
    """Return a dict from an instant to the act of a centre that wrote sheets then."""
    return {act.event.at: act for act in acts if act.event.kind != EventKind.QUALIFIED}


def format_author(displayed: DisplayedSheet, acts_by_instant: Mapping[datetime, CentreAct]) -> str:
    """Return in French by whom a sheet was written, such as « par Breizh Cyber » or « au téléphone par Breizh Cyber ».

    `acts_by_instant` comes from `map_acts_by_instant`.
    """
    act = acts_by_instant.get(displayed.sheet.written_at)
    if act is None:
        return f"par {displayed.author_name}"
    is_call = act.event.kind == EventKind.NOTED
    author = f"par {format_centre(act.centre)}"
    return f"au téléphone {author}" if is_call else author


def list_stated_lines(displayed: DisplayedSheet) -> list[DisplayedFact]:
    """Return the lines of a sheet, except those that say that nothing was answered."""
    return [line for line in displayed.lines if line.words not in OMITTED_TEXTS]


def list_lines_without_ends(displayed: DisplayedSheet) -> list[DisplayedFact]:
    """Return the lines of a sheet about services as they were before the services resumed.

    Returns [] for a sheet about anything else.
    """
    sheet = displayed.sheet
    if sheet.section != Section.SERVICES or not sheet.values:
        return []
    services = [service | {"to": None} for service in sheet.values["services"]]
    return list_sheet_facts(sheet.section, sheet.version, sheet.values | {"services": services}, displayed.zone)


def is_line_in(line: DisplayedFact, newer: Sequence[DisplayedFact]) -> bool:
    """Tell whether the newer lines contain this line. A long text need only be part of the newer text."""
    return any(
        other.label == line.label
        and (other.words == line.words or (line.kind == QuestionKind.LONG and line.words in other.words))
        for other in newer
    )


def list_replaced_story_lines(
    incident: Incident, displayed_sheets: Sequence[DisplayedSheet], acts: Sequence[CentreAct]
) -> list[list[str]]:
    """Return, as [label, text], the declared texts that the newest sheet no longer contains.

    These are the texts of the declaration, and later texts of the body that a centre replaced.
    """
    acts_by_instant, replaced = map_acts_by_instant(acts), dict[tuple[str, str], list[str]]()
    for displayed, newer in pairwise(displayed_sheets):
        written_at, replaced_at = displayed.sheet.written_at, newer.sheet.written_at
        if is_revision(incident, displayed) and (written_at in acts_by_instant or replaced_at not in acts_by_instant):
            continue
        for line in list_stated_lines(displayed):
            if not is_line_in(line, displayed_sheets[-1].lines):
                label = format_replaced_label(incident, line.label, displayed)
                replaced.setdefault((line.label, line.words), [label, line.words])
    return list(replaced.values())


def format_replaced_label(incident: Incident, label: str, displayed: DisplayedSheet) -> str:
    """Return the label of a replaced line, such as « Récit, écrit le 29 novembre 2026 à 6 h 49 »."""
    if is_revision(incident, displayed):
        return f"{label}, écrit le {format_moment(displayed.sheet.written_at, displayed.zone)}"
    return format_declared_label(incident, label, displayed.zone)


def format_declared_label(incident: Incident, label: str, zone: str) -> str:
    """Return the label of a replaced fact, such as « Récit, dans la déclaration du 29 novembre 2026 à 6 h 49 »."""
    return f"{label}, dans la déclaration du {format_moment(incident.received_at, zone)}"
