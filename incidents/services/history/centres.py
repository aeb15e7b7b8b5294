"""The centre that had a case when each of its events was recorded."""

from collections.abc import Sequence

from csirts.models import Csirt
from incidents.enums import EventKind
from incidents.models import Incident, IncidentEvent

MOVE_KINDS = (EventKind.TRANSFERRED, EventKind.REROUTED)


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
