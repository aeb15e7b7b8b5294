"""The events of a case, newest first, each with what was written, and whether its mails arrived."""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from django.utils.text import Truncator

from accounts.models import User
from core.text import defang_links
from incidents.enums import ActorKind, EventKind
from incidents.models import Incident, IncidentEvent
from incidents.panels import Remark, list_remarks
from incidents.services.handling.due import CSIRT
from incidents.triage import wording
from incidents.triage.case import event_details

MAX_EVENTS = 200
EXCERPT_LENGTH = 160
# A web address at the end of an excerpt, where it may be cut: the start of an address leads elsewhere.
CUT_ADDRESS = re.compile(r"https?://\S*…$")
# The key under which the data of an event has the uid of a row with a text, and the relation from the case to such
# rows.
SOURCES = {"message": "messages", "note": "notes", "evidence": "evidence", "task": "tasks"}
ASSIGNING_EVENTS = frozenset({EventKind.ASSIGNED, EventKind.HANDED_OVER})
INTERNAL_EVENTS = frozenset(
    {EventKind.NOTED, EventKind.HANDED_OVER, EventKind.HELD, EventKind.HOLD_ENDED, EventKind.EXPORTED}
)


@dataclass(frozen=True)
class TimelineEvent:
    """An event as the history shows it. `words` is defanged, except in a message of the centre.

    `mails` contains (remark, time of the remark) for each mail of the event (`incidents/panels.py`).
    """

    event: IncidentEvent
    when: str
    detail: str
    words: str = ""
    mails: Sequence[tuple[Remark, str]] = ()

    @property
    def is_internal(self) -> bool:
        """True for a note, a hand-over or a legal hold, whose text only the centre reads."""
        return self.event.kind in INTERNAL_EVENTS

    @property
    def is_message_of_centre(self) -> bool:
        return is_message_of_centre(self.event)

    @property
    def is_unsent_advice(self) -> bool:
        """True if the event is advice to a partner and its mail was not sent."""
        return self.event.kind == EventKind.ADVISED and any(mail.is_troubled for mail, _when in self.mails)

    @property
    def title(self) -> str:
        return "pas parti à un partenaire" if self.is_unsent_advice else event_details.format_event_title(self.event)

    @property
    def actor_name(self) -> str:
        """The name of the actor, or the label of the kind of actor."""
        return str(self.event.actor or ActorKind(self.event.actor_kind).label)


def list_timeline_events(
    events: Iterable[IncidentEvent], *, words: Mapping[str, str], zone: str, now: datetime
) -> list[TimelineEvent]:
    """Return the events with their texts and mails. `words` is a dict from the uid of a row to its text.

    Runs two queries: for the mails, and for the people to whom the case was given.
    """
    listed = list(events)
    people = load_receiver_texts(listed)
    mails = list_remarks([event.pk for event in listed])

    def format_time(at: datetime | None) -> str:
        return wording.format_short_moment(at, now, zone) if at else ""

    return [
        TimelineEvent(
            event,
            format_time(event.at),
            people.get(event.pk) or event_details.format_event_detail(event),
            format_excerpt(event, words),
            [(mail, format_time(mail.at)) for mail in mails.get(event.pk, ())],
        )
        for event in listed
    ]


def load_receiver_texts(events: Sequence[IncidentEvent]) -> dict[int, str]:
    """Return a dict from event id to a text such as « à Camille », for the events that give the case to a person.

    Runs one query, or none without such an event.
    """
    receivers = {
        event.pk: event.data["to"] for event in events if event.kind in ASSIGNING_EVENTS and event.data.get("to")
    }
    if not receivers:
        return {}
    names = {str(person.uid): str(person) for person in User.objects.filter(uid__in=set(receivers.values()))}
    return {event: f"à {names[uid]}" for event, uid in receivers.items() if uid in names}


def format_excerpt(event: IncidentEvent, words: Mapping[str, str]) -> str:
    """Return the start of the text of the event. Its links are defanged, except in a message of the centre."""
    texts = (words.get(event.data.get(code, ""), "") for code in SOURCES)
    text = next(filter(None, texts), "")
    excerpt = Truncator(text).chars(EXCERPT_LENGTH)
    if not is_message_of_centre(event):
        return defang_links(excerpt)
    return excerpt if excerpt == text else CUT_ADDRESS.sub("…", excerpt)


def is_message_of_centre(event: IncidentEvent) -> bool:
    """Tell whether the event is a message from the centre to the declarant."""
    return event.kind == EventKind.MESSAGE and event.data.get("side") == CSIRT


def index_texts(rows: Iterable[tuple[UUID | str, str]]) -> dict[str, str]:
    """Return a dict from the uid of a row, as a string, to the text of the row."""
    return {str(uid): text for uid, text in rows}


def list_latest_events(incident: Incident) -> list[IncidentEvent]:
    """Return the latest events of the case, newest first, at most MAX_EVENTS + 1.

    The extra event shows that there are earlier ones.
    """
    return list(incident.events.order_by("-id")[: MAX_EVENTS + 1])
