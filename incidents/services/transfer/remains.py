"""The remains of a transferred case, which its former centre may still read.

They are the case as it was when the other centre accepted it. Of the rows that nobody changes (messages, notes,
answers, evidence files, events), only those that existed at that instant are shown. What may change later (the facts,
the tasks, the indicators) is copied into `Transfer.standing`, which is erased with the texts of the case. The copy is
made while the case is locked, so nobody can change the case meanwhile.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, NamedTuple

from django.db.models import Max, QuerySet

from collectivities.zones import PARIS, find_zone
from incidents.models import Evidence, Incident, IncidentEvent, Message, Note, Transfer
from incidents.queries import DisplayedSheet
from incidents.questions.catalogue import SNAPSHOTS, get_current_version
from incidents.questions.facts import SNAPSHOT_TITLES, list_sheet_facts
from incidents.questions.formatting import DisplayedFact
from incidents.services.handling.notes import filter_readable_notes
from incidents.services.history.snapshots import Values, format_utc_instant, snapshot_rows

# The relations whose rows never change once they are written, except that their texts may be erased.
UNCHANGING_RELATIONS = ("messages", "notes", "sheets", "evidence", "severity_choices")
# The number of rows on one page of a list, newest first.
ROWS_PER_PAGE = 400
CODE_COLUMNS = (
    *("type", "rsit_class", "rsit_type", "nature", "cause", "techniques", "tlp", "pap", "severity"),
    *("status", "verification", "origin"),
)


class OlderRows(NamedTuple):
    """The number of rows that are older than those of a page.

    `after` is the number of rows to skip to reach them.
    """

    number: int
    after: int


@dataclass(frozen=True)
class Remains:
    """One page of what the former centre of a transferred case may read.

    Rows are oldest first, except for the events. `older` has an `OlderRows`, by the name of the list, for each list
    that has rows older than those of the page.
    """

    sections: list[tuple[str, list[DisplayedFact]]]
    messages: list[Message]
    notes: list[Note]
    answers: list[DisplayedSheet]
    tasks: list[Values]
    pieces: list[Evidence]
    events: list[IncidentEvent]
    older: dict[str, OlderRows]


def copy_case(incident: Incident) -> Values:
    """Return a copy of the facts of the case that may change later, as JSON values. The caller has locked the case."""
    body = incident.collectivity
    return {
        "version": get_current_version().code,
        "zone": find_zone(body),
        "body": {"label": body.label, "insee": body.insee_code or "", "siren": body.siren or ""},
        "received_at": format_utc_instant(incident.received_at),
        "codes": {name: getattr(incident, name) for name in CODE_COLUMNS},
        "assignee": incident.assignee.display_name if incident.assignee else "",
        "sections": {section: snapshot_rows(incident, section) for section in SNAPSHOTS},
        "tasks": [copy_task(task) for task in incident.tasks.select_related("done_by").order_by("id")],
        "observables": list(incident.observables.order_by("id").values("kind", "value")),
        "closings": list(incident.closings.order_by("id").values("outcome", "summary", "lesson")),
        "last": {
            name: getattr(incident, name).aggregate(last=Max("id"))["last"] or 0 for name in UNCHANGING_RELATIONS
        },
    }


def copy_task(task: Any) -> Values:
    """Return a copy of a task as JSON values, with times in UTC."""
    return {
        "title": task.title,
        "why": task.why,
        "due_at": format_utc_instant(task.due_at),
        "done_at": format_utc_instant(task.done_at),
        "done_by": task.done_by.display_name if task.done_by else "",
        "is_moot": task.is_moot,
    }


def load_remains(transfer: Transfer, after: Mapping[str, int]) -> Remains:
    """Return one page of what the former centre of a transferred case may read. After an erasure only events are left.

    `after` gives, by the name of a list, how many of its newest rows to skip. A number that skips all rows is ignored.
    """
    incident, copy = transfer.incident, transfer.standing
    last, zone = copy.get("last", {}), copy.get("zone", PARIS)
    older: dict[str, OlderRows] = {}

    def list_rows_until_transfer(relation: str) -> Any:
        return getattr(incident, relation).filter(id__lte=last.get(relation, 0)).order_by("-id")

    def read_page(name: str, rows: Any) -> list[Any]:
        rows_of_page, older_rows = take_page_of_rows(rows, after.get(name, 0))
        if older_rows:
            older[name] = older_rows
        return rows_of_page

    notes = filter_readable_notes(list_rows_until_transfer("notes"), centre=transfer.giver_id)
    answers = list_rows_until_transfer("sheets").exclude(section__in=SNAPSHOTS)
    return Remains(
        sections=list_sections(copy),
        messages=read_page("messages", list_rows_until_transfer("messages"))[::-1],
        notes=read_page("notes", notes.select_related("author"))[::-1],
        answers=[DisplayedSheet(row, zone) for row in read_page("sheets", answers.select_related("actor"))[::-1]],
        tasks=read_page("tasks", copy.get("tasks", [])[::-1])[::-1],
        pieces=list(list_rows_until_transfer("evidence").order_by("number")),
        events=read_page("events", list_events_until(transfer)),
        older=older,
    )


def take_page_of_rows(rows: Any, skipped: int) -> tuple[list[Any], OlderRows | None]:
    """Return one page of `rows`, and the older rows that are left, or None. `rows` must be newest first.

    The page begins after `skipped` rows. If no row is left after them, return the first page.
    """
    if skipped and not rows[skipped : skipped + 1]:
        skipped = 0
    read = list(rows[skipped : skipped + ROWS_PER_PAGE + 1])
    if len(read) <= ROWS_PER_PAGE:
        return read, None
    everything = rows.count() if isinstance(rows, QuerySet) else len(rows)
    return read[:ROWS_PER_PAGE], OlderRows(everything - skipped - ROWS_PER_PAGE, skipped + ROWS_PER_PAGE)


def list_sections(copy: Values) -> list[tuple[str, list[DisplayedFact]]]:
    """Return the title and the facts of each section in the copy of a transferred case."""
    return [
        (
            SNAPSHOT_TITLES[section],
            list_sheet_facts(section, copy["version"], copy["sections"][section], copy["zone"]),
        )
        for section in SNAPSHOTS
        # jsonb does not preserve the order of keys, so the order comes from SNAPSHOTS.
        if section in copy.get("sections", {})
    ]


def list_events_until(transfer: Transfer) -> QuerySet[IncidentEvent]:
    """Return the events of the case up to the transfer, newest first."""
    events = transfer.incident.events.filter(id__lte=transfer.last_event_id)
    return events.select_related("actor").order_by("-id")
