"""The centre that has a case, and the centre that had it when each of its events was recorded."""

from collections.abc import Sequence

from django.utils.text import capfirst

from collectivities.zones import find_zone
from csirts.models import Csirt
from csirts.wording import format_centre, format_centre_with_au, format_centre_with_du
from incidents.enums import EventKind, TransferState
from incidents.models import Incident, IncidentEvent
from incidents.questions.formatting import format_zoned_moment

MOVE_KINDS = (EventKind.TRANSFERRED, EventKind.REROUTED)


def map_centres_by_event(events: Sequence[IncidentEvent], incident: Incident) -> dict[int, str]:
    """Return a dict from the id of each event to the name of the centre that had the case then.

    `events` must be newest first. They must include every move of the case (MOVE_KINDS) since the oldest of them.
    """
    moves = {event.data["from"] for event in events if event.kind in MOVE_KINDS}
    names = dict(Csirt.objects.filter(slug__in=moves).values_list("slug", "name")) if moves else {}
    name, then = incident.csirt.name if incident.csirt else "", {}
    for event in events:
        then[event.pk] = name
        if event.kind in MOVE_KINDS:
            name = names.get(event.data["from"], "")
    return then


def explain_routing(incident: Incident) -> str:
    """Return French sentences that say why the case was routed to its centre.

    After a transfer, they also say when the case changed centre.
    """
    moved = incident.transfers.filter(state=TransferState.ACCEPTED).select_related("giver", "taker").order_by("-id")
    if (last := moved.first()) is None or last.answered_at is None:
        return incident.route_reason
    at = format_zoned_moment(last.answered_at, find_zone(incident.collectivity))
    giver, taker = last.giver.name, last.taker.name
    if last.asked_by_id:
        sentence = f"{capfirst(format_centre(giver))} l’a confié {format_centre_with_au(taker)} le {at}."
    else:
        sentence = (
            f"{capfirst(format_centre(taker))}, dont relève désormais la collectivité, l’a repris "
            f"{format_centre_with_du(giver)} le {at}."
        )
    return f"{incident.route_reason} {sentence}"
