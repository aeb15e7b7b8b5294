"""The centre that has a case, and the centre that had it when each of its events was recorded."""

from collections.abc import Sequence

from collectivities.zones import find_zone
from csirts.models import Csirt
from incidents.enums import EventKind, TransferState
from incidents.models import Incident, IncidentEvent
from incidents.questions.formatting import format_zoned_moment

MOVE_KINDS = (EventKind.TRANSFERRED, EventKind.REROUTED)
TAKEN_OVER_SENTENCE = "%(taker)s, dont relève désormais la collectivité, l’a repris de %(giver)s le %(at)s."


def map_centres(events: Sequence[IncidentEvent], incident: Incident) -> dict[int, str]:
    """Return a dict from the key of each event to the name of the centre that had the case then. `events` must be
    newest first, and must contain the moves of the case (MOVE_KINDS) from the oldest of these events on.
    """
    moves = {event.data["from"] for event in events if event.kind in MOVE_KINDS}
    names = dict(Csirt.objects.filter(slug__in=moves).values_list("slug", "name")) if moves else {}
    name, then = incident.csirt.name if incident.csirt else "", {}
    for event in events:
        then[event.pk] = name
        if event.kind in MOVE_KINDS:
            name = names.get(event.data["from"], "")
    return then


def explain_centre(incident: Incident) -> str:
    """Return why the case was routed to its centre and, after a transfer, which centre took it over and when."""
    moved = incident.transfers.filter(state=TransferState.ACCEPTED).select_related("giver", "taker").order_by("-id")
    if (last := moved.first()) is None or last.answered_at is None:
        return incident.route_reason
    at = format_zoned_moment(last.answered_at, find_zone(incident.collectivity))
    words = {"giver": last.giver, "taker": last.taker, "at": at}
    sentence = "%(giver)s l’a confié à %(taker)s le %(at)s." if last.asked_by_id else TAKEN_OVER_SENTENCE
    return f"{incident.route_reason} " + sentence % words
