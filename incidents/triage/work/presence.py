"""Presence on the page of a case: who else has it open, and whether somebody changed the case since it was read."""

from datetime import datetime
from typing import Any

from accounts.models import User
from collectivities.zones import find_zone
from incidents.enums import ActorKind
from incidents.models import Incident, IncidentEvent
from incidents.services.handling.readings import PRESENT_FOR, list_present_colleagues
from incidents.services.handling.unsent_text import list_colleagues_writing
from incidents.triage import wording


def build_presence_block(now: datetime) -> dict[str, Any]:
    """Return the instant `since`. A responder who reported after this instant has the page of the case open.

    The page compares it with the `Reading` rows that it has already loaded.
    """
    return {"since": now - PRESENT_FOR}


def describe_presence(incident: Incident, user: User, event_seen: str, now: datetime) -> dict[str, Any]:
    """Return who is present and what has changed, for the script of the page of a case. Runs three queries.

    `event_seen` is the uid of the last event that the page showed.
    """
    last = incident.events.select_related("actor").order_by("-id").first()
    stamp = str(last.uid) if last else ""
    is_old = last is not None and event_seen not in ("", stamp)
    return {
        "others": [str(person) for person in list_present_colleagues(incident, user)],
        "writing": [str(person) for person in list_colleagues_writing(incident, user)],
        "seen": stamp,
        "changed": describe_change(last, incident, user, now) if last and is_old else "",
    }


def describe_change(event: IncidentEvent, incident: Incident, user: User, now: datetime) -> str:
    """Return a sentence such as « Camille a changé ce dossier à 14 h 02. »."""
    moment = wording.format_since(event.at, now, find_zone(incident.collectivity))
    if event.actor_id == user.pk:
        return f"Vous avez changé ce dossier {moment}, dans une autre page."
    if event.actor_kind == ActorKind.DECLARANT:
        return f"Le déclarant a ajouté quelque chose {moment}."
    if event.actor is None:
        return f"Ce dossier a changé {moment}."
    return f"{event.actor} a changé ce dossier {moment}."
