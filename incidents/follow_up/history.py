"""The events of a case, as sentences for its declarant."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from itertools import groupby
from typing import NamedTuple

from accounts.models import User
from incidents.enums import ActorKind, ClosingReason, EventKind, Origin
from incidents.facts.description import Section
from incidents.models import Incident, IncidentEvent
from incidents.queries import VISIBLE_TO_BODY
from incidents.services.handling.due import DECLARANT
from incidents.services.history.revisions import TYPE_CHANGES, CentreAct, load_centre_acts, select_centre_acts

SENTENCES: dict[str, str] = {
    EventKind.DECLARED: "%(who)s a déclaré l’incident",
    EventKind.ACKNOWLEDGED: "%(who)s a pris votre dossier en charge",
    EventKind.ASSIGNED: "%(who)s n’a plus votre dossier : il attend que le centre le reprenne",
    EventKind.HANDED_OVER: "%(who)s n’a plus votre dossier : il attend que le centre le reprenne",
    EventKind.VERIFIED: "%(who)s a vérifié votre déclaration par téléphone",
    EventKind.CLOSED: "%(who)s a clos le dossier : %(reason)s",
    EventKind.TRANSFERRED: "%(who)s a repris votre dossier",
    EventKind.REROUTED: "%(who)s reçoit votre dossier : il répond désormais de votre territoire",
    EventKind.FACTS: "%(who)s a ajouté ou corrigé des faits",
    EventKind.NOTED: "%(who)s a complété ou corrigé votre déclaration au téléphone",
    EventKind.FILE: "%(who)s a remis une pièce",
    EventKind.FILE_TAKEN_BACK: "%(who)s a repris une pièce remise par erreur",
    EventKind.MESSAGE: "%(who)s a écrit un message",
    EventKind.WITHDRAWN: "%(who)s a retiré la déclaration",
    EventKind.CLAIMED: "%(who)s a rattaché la déclaration à son compte",
    EventKind.SHARED: "%(who)s a partagé la phrase à lire",
    EventKind.UNSHARED: "%(who)s a cessé de partager la phrase à lire",
    EventKind.REOPENED: "%(who)s a rouvert le dossier",
    EventKind.RATED: "%(who)s a donné son avis sur l’aide reçue",
    EventKind.LINK_ROTATED: "%(who)s a renouvelé le code de suivi",
    EventKind.ERASED: "%(who)s a effacé les données personnelles",
    EventKind.MERGED: "%(who)s traite cette déclaration avec une autre de votre collectivité",
    EventKind.UNMERGED: "%(who)s traite de nouveau cette déclaration à part",
}
ERASED_BY_TIME = "Les données personnelles ont été effacées, leur durée étant passée"
ERASED_AGAIN = "Les données personnelles, revenues avec une sauvegarde, ont été effacées de nouveau"
NO_CENTRE_NOW = "Plus aucun centre ne répond de votre territoire : personne n’a votre dossier"
MESSAGE_WITHOUT_CENTRE = "Vous avez écrit un message"
# Sentences for the acts of the reader, on the declarant's side.
OWN_SENTENCES: dict[str, str] = {
    EventKind.DECLARED: "Vous avez déclaré l’incident",
    EventKind.FACTS: "Vous avez ajouté ou corrigé des faits",
    EventKind.FILE: "Vous avez remis une pièce",
    EventKind.FILE_TAKEN_BACK: "Vous avez repris une pièce remise par erreur",
    EventKind.MESSAGE: "Vous avez écrit au centre",
    EventKind.WITHDRAWN: "Vous avez retiré la déclaration",
    EventKind.SHARED: "Vous avez partagé la phrase à lire",
    EventKind.UNSHARED: "Vous avez cessé de partager la phrase à lire",
    EventKind.RATED: "Vous avez donné votre avis sur l’aide reçue",
    EventKind.LINK_ROTATED: "Vous avez renouvelé le code de suivi",
}


# Acts of the declarant's side. Their sentences do not name the centre.
BY_DECLARANT_SIDE = (
    *(EventKind.DECLARED, EventKind.FACTS, EventKind.FILE, EventKind.WITHDRAWN, EventKind.CLAIMED),
    *(EventKind.FILE_TAKEN_BACK, EventKind.SHARED, EventKind.UNSHARED, EventKind.RATED),
)
MAX_EVENTS = 500


class HistoryLine(NamedTuple):
    """A sentence of the history, with the time of its newest event."""

    at: datetime
    sentence: str


class HistoryReader(NamedTuple):
    """The person who reads the history. `user` is None if this person uses the secret link.

    `is_declarant` is true if what was done with the link counts as done by this reader. `caller` is the declared name
    of the person to call back, or "" if it is unknown or not needed for this reader.
    """

    user: User | None
    is_declarant: bool
    caller: str

    def is_author_of(self, event: IncidentEvent) -> bool:
        """Tell whether this reader did what the event records. The result is false for every act of a centre."""
        if event.actor_kind == ActorKind.DECLARANT:
            return self.is_declarant
        return self.user is not None and event.actor_id == self.user.pk and is_by_declarant_side(event)


def load_page_events(incident: Incident) -> list[IncidentEvent]:
    """Return the latest events, newest first: those that the body may read and those that changed the type of the
    incident. The list has at most `MAX_EVENTS` events. Runs one query.
    """
    events = incident.events.filter(VISIBLE_TO_BODY | TYPE_CHANGES).select_related("actor")
    return list(events.order_by("-id")[:MAX_EVENTS])


def list_centre_acts(
    incident: Incident, events: Sequence[IncidentEvent], centres: Mapping[int, str]
) -> list[CentreAct]:
    """Return the acts by which centres changed what the case says, oldest first. `events` are those that
    `load_page_events` returns.

    If there are `MAX_EVENTS` events, older ones may be missing, and `load_centre_acts` reads all of them. Otherwise no
    query runs.
    """
    return select_centre_acts(events, centres) if len(events) < MAX_EVENTS else load_centre_acts(incident)


def list_history_lines(
    incident: Incident, user: User | None, events: Sequence[IncidentEvent], centres: Mapping[int, str]
) -> list[HistoryLine]:
    """Return the lines of the history for the events that the body may read, newest first. Consecutive events of one
    kind and person become one line, which says how many they are.

    `user` is the account of the reader, or None if the reader uses the secret link. `events` are those that
    `load_page_events` returns. `centres` gives the name of the centre at each event, as `map_centres_by_event` returns
    it.
    """
    visible = [event for event in events if event.kind != EventKind.QUALIFIED]
    reader = build_history_reader(incident, user)
    alike = groupby(visible, key=lambda event: (event.kind, event.actor_kind, event.actor_id))
    return [build_history_line(list(group), centres, reader) for _key, group in alike]


def build_history_reader(incident: Incident, user: User | None) -> HistoryReader:
    """Return the person who reads the history. Runs one query if this person did not declare or if the case was
    declared by telephone.
    """
    is_declarant = user is None or user.pk == incident.claimed_by_id
    names_caller = not is_declarant or incident.origin == Origin.PHONE
    return HistoryReader(user, is_declarant, find_declared_name(incident) if names_caller else "")


def find_declared_name(incident: Incident) -> str:
    """Return the name of the person to call back as the declaration gave it, or "". If somebody corrected the name,
    the declared name is read from the first saved sheet.
    """
    first = incident.sheets.filter(section=Section.CALLER).order_by("id").values_list("values", flat=True).first()
    name = incident.story.contact_name if first is None else first.get("name", "")
    return str(name or "")


def build_history_line(events: list[IncidentEvent], centres: Mapping[int, str], reader: HistoryReader) -> HistoryLine:
    """Return one line for consecutive events of one kind and person. `events` are newest first."""
    newest, words = events[0], build_event_sentence(events[0], centres[events[0].pk], reader)
    times = f" ({len(events)} fois)" if len(events) > 1 else ""
    return HistoryLine(newest.at, f"{words}{times}")


def build_event_sentence(event: IncidentEvent, centre: str, reader: HistoryReader) -> str:
    """Return the sentence that says what happened. `centre` is the name of the centre at that time, or ""."""
    if event.kind == EventKind.DECLARED and event.data.get("origin") == Origin.PHONE and event.actor:
        return format_phone_declaration(reader.caller, event.actor.display_name or centre)
    if event.kind == EventKind.MESSAGE and not centre and reader.is_author_of(event):
        return MESSAGE_WITHOUT_CENTRE
    if event.kind in OWN_SENTENCES and reader.is_author_of(event):
        return OWN_SENTENCES[event.kind]
    if sentence := find_sentence_without_author(event):
        return sentence
    reason = event.data.get("reason", "")
    return SENTENCES[event.kind] % {
        "who": format_actor(event, centre, reader),
        "reason": ClosingReason(reason).label if reason in ClosingReason.values else "",
    }


def find_sentence_without_author(event: IncidentEvent) -> str:
    """Return the sentence about what the platform did by itself, or "" for any other event."""
    if event.kind == EventKind.REROUTED and not event.data["to"]:
        return NO_CENTRE_NOW
    if event.kind != EventKind.ERASED:
        return ""
    return ERASED_BY_TIME if event.data.get("expired") else ERASED_AGAIN if event.data.get("restored") else ""


def format_phone_declaration(caller: str, writer: str) -> str:
    """Return the sentence that says who declared by telephone, and which responder wrote the declaration down."""
    declared = f"{caller} a déclaré l’incident" if caller else "L’incident a été déclaré"
    return f"{declared} par téléphone : {writer} l’a noté"


def format_actor(event: IncidentEvent, centre: str, reader: HistoryReader) -> str:
    """Return the name of the event's author, with the name of the centre for a responder: « Camille (Breizh Cyber) ».
    An author without a name is described, as in « Le déclarant ». The text is never a mail address.
    """
    if event.actor_kind == ActorKind.DECLARANT:
        return (reader.caller if event.kind == EventKind.DECLARED else "") or "Le déclarant"
    name = event.actor.display_name if event.actor else ""
    if is_by_declarant_side(event):
        return name or "Une personne de votre collectivité"
    return f"{name} ({centre})" if name and centre else name or centre or "Le centre"


def is_by_declarant_side(event: IncidentEvent) -> bool:
    """Tell whether the declarant or another member of the body did what this event records."""
    return event.kind in BY_DECLARANT_SIDE or event.data.get("side") == DECLARANT
