"""The pieces of a case, as its responders see them: with their position, who opened them, whether the seals hold."""

from typing import Any

from incidents.models import Evidence, Incident, IncidentEvent
from incidents.queries import with_openings
from incidents.seals import first_broken


def evidence_block(incident: Incident, evidence: list[Evidence], history: list[IncidentEvent]) -> dict[str, Any]:
    """`evidence` in the order of its numbers; `history`, newest first, empty where the page has not read it whole.

    One or two queries, however many pieces; none without any, two more before an alarm.
    """
    pieces = with_openings(incident, evidence)
    broken = first_broken(incident, (piece.evidence for piece in pieces), history[::-1]) if pieces else None
    if broken is not None:  # a piece may have come between the two readings: both are read again, one after the other
        broken = first_broken(incident, list(incident.evidence.order_by("number")))
    return {"pieces": pieces, "broken": broken}
