"""The files of a case as its responders see them: position, who opened them, and whether the seals are intact."""

from typing import Any

from incidents.files.seals import find_first_broken
from incidents.models import Evidence, Incident, IncidentEvent
from incidents.queries import add_openings


def build_evidence_block(incident: Incident, evidence: list[Evidence], history: list[IncidentEvent]) -> dict[str, Any]:
    """Return the pieces and the first broken seal. `evidence` is ordered by number, `history` newest first.

    Pass an empty `history` if the page has not read all of it. One or two queries, however many pieces; none without
    pieces, two more before an alarm.
    """
    pieces = add_openings(incident, evidence)
    broken = find_first_broken(incident, (piece.evidence for piece in pieces), history[::-1]) if pieces else None
    if broken is not None:  # a piece may have arrived between the two reads: read both again before an alarm
        broken = find_first_broken(incident, list(incident.evidence.order_by("number")))
    return {"pieces": pieces, "broken": broken}
