"""The rows that the page of a case reads, with one plain query for each table and one for all the people they name.

Django spends more time on composing a join than on running a second query, so several simple queries are cheaper.
"""

from collections.abc import Iterable
from dataclasses import dataclass

from django.db.models import Model

from accounts.models import User
from incidents.models import (
    DataLeak,
    Evidence,
    Incident,
    IncidentEvent,
    Note,
    Reading,
    ServiceInterruption,
    Task,
    Transfer,
)
from incidents.triage.case.timeline import MAX_EVENTS, list_latest_events
from incidents.triage.transfer.block import list_transfers, may_have_left
from incidents.triage.work.notes import list_notes
from incidents.triage.work.tasks import list_tasks


@dataclass(frozen=True)
class CaseRows:
    """The rows that the page of one case shows. `events` are newest first, at most MAX_EVENTS + 1."""

    events: list[IncidentEvent]
    readings: list[Reading]
    notes: list[Note]
    tasks: list[Task]
    transfers: list[Transfer]
    interruptions: list[ServiceInterruption]
    leaks: list[DataLeak]
    evidence: list[Evidence]

    @property
    def has_earlier_events(self) -> bool:
        """True if the case has more than MAX_EVENTS events."""
        return len(self.events) > MAX_EVENTS

    @property
    def history(self) -> list[IncidentEvent]:
        """All events of the case, newest first, or [] if there are more than MAX_EVENTS."""
        return [] if self.has_earlier_events else self.events


def read_case_rows(incident: Incident) -> CaseRows:
    """Return the rows with the people to whom they refer. Runs nine or ten queries.

    The assignee of `incident` is set too.
    """
    transfers = list_transfers(incident)
    rows = CaseRows(
        events=list_latest_events(incident),
        readings=list(incident.readings.filter(csirt=incident.csirt_id).order_by("-last_at")),
        notes=list_notes(incident, may_have_left=may_have_left(transfers)),
        tasks=list_tasks(incident),
        transfers=transfers,
        interruptions=list(incident.interruptions.order_by("started_at", "id")),
        leaks=list(incident.leaks.order_by("id")),
        evidence=list(incident.evidence.order_by("number")),
    )
    attach_people(
        ([incident], "assignee"),
        (rows.events, "actor"),
        (rows.readings, "user"),
        (rows.notes, "author"),
        (rows.tasks, "done_by"),
        (rows.transfers, "asked_by"),
        (rows.transfers, "answered_by"),
    )
    return rows


def attach_people(*lists: tuple[Iterable[Model], str]) -> None:
    """Load the users to whom foreign keys point, and set them on the rows. Runs one query.

    Each argument is a pair: the rows, and the name of their foreign key.
    """
    references = [(row, name, getattr(row, f"{name}_id")) for rows, name in lists for row in rows]
    people = User.objects.in_bulk({key for _row, _name, key in references if key})
    for row, name, key in references:
        if key:
            setattr(row, name, people[key])
