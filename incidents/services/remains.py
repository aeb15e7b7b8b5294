"""What a centre that gave a case away still reads of it: what stood there when the other one accepted, and no more.

Rows that nobody changes (messages, notes, answers, pieces, events) are cut at the last one of that moment. What may
change afterwards (the facts, the tasks, the indicators) is kept as it stood in `Transfer.standing`, which is erased
with the other words of the case. Both are taken under the lock that every writer of the case holds.
"""

from dataclasses import dataclass
from typing import Any

from django.db.models import Max

from collectivities.zones import PARIS, zone_of
from incidents.models import Evidence, Incident, IncidentEvent, Message, Note, Transfer
from incidents.queries import Kept
from incidents.questions.catalogue import SNAPSHOTS, current
from incidents.questions.facts import SNAPSHOT_TITLES, sheet_said
from incidents.questions.saying import Said
from incidents.services.notes import readable
from incidents.services.snapshots import Values, of_rows, text_of

# A row of each is never changed once it is there: only its words may be erased.
CUT = ("messages", "notes", "sheets", "evidence", "severity_choices")
ROWS_READ = 400
CODES = (
    *("type", "rsit_class", "rsit_type", "nature", "cause", "techniques", "tlp", "pap", "severity"),
    *("status", "verification", "origin"),
)


@dataclass(frozen=True)
class Remains:
    """All of it, oldest first."""

    sections: list[tuple[str, list[Said]]]
    messages: list[Message]
    notes: list[Note]
    answers: list[Kept]
    pieces: list[Evidence]
    events: list[IncidentEvent]


def standing_of(incident: Incident) -> Values:
    """The case as it stands, in values that JSON holds. The caller holds the case."""
    body = incident.collectivity
    return {
        "version": current().code,
        "zone": zone_of(body),
        "body": {"label": body.label, "insee": body.insee_code or "", "siren": body.siren or ""},
        "received_at": text_of(incident.received_at),
        "codes": {name: getattr(incident, name) for name in CODES},
        "assignee": incident.assignee.display_name if incident.assignee else "",
        "sections": {section: of_rows(incident, section) for section in SNAPSHOTS},
        "tasks": [task_kept(one) for one in incident.tasks.select_related("done_by").order_by("id")[:ROWS_READ]],
        "observables": list(incident.observables.order_by("id").values("kind", "value")[:ROWS_READ]),
        "closings": list(incident.closings.order_by("id").values("outcome", "summary", "lesson")),
        "last": {name: getattr(incident, name).aggregate(last=Max("id"))["last"] or 0 for name in CUT},
    }


def task_kept(task: Any) -> Values:
    return {
        "title": task.title,
        "why": task.why,
        "due_at": text_of(task.due_at),
        "done_at": text_of(task.done_at),
        "done_by": task.done_by.display_name if task.done_by else "",
        "is_moot": task.is_moot,
    }


def remains_of(transfer: Transfer) -> Remains:
    """Of an accepted transfer. Empty but for the events once the case was erased."""
    incident, kept = transfer.incident, transfer.standing
    last, zone = kept.get("last", {}), kept.get("zone", PARIS)

    def until(name: str) -> Any:
        return getattr(incident, name).filter(id__lte=last.get(name, 0))

    sheets = until("sheets").exclude(section__in=SNAPSHOTS).select_related("actor").order_by("id")[:ROWS_READ]
    return Remains(
        sections=sections_said(kept),
        messages=list(until("messages").order_by("-id")[:ROWS_READ])[::-1],
        notes=list(
            readable(until("notes"), centre=transfer.giver_id).select_related("author").order_by("-id")[:ROWS_READ]
        )[::-1],
        answers=[Kept(sheet, zone) for sheet in sheets],
        pieces=list(until("evidence").order_by("number")),
        events=events_until(transfer),
    )


def sections_said(kept: Values) -> list[tuple[str, list[Said]]]:
    return [
        (str(SNAPSHOT_TITLES[section]), sheet_said(section, kept["version"], kept["sections"][section], kept["zone"]))
        for section in SNAPSHOTS
        if section in kept.get("sections", {})  # PostgreSQL keeps no order of keys
    ]


def events_until(transfer: Transfer) -> list[IncidentEvent]:
    events = transfer.incident.events.filter(id__lte=transfer.last_event_id).select_related("actor")
    return list(events.order_by("-id")[:ROWS_READ])
