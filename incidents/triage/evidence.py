"""The pieces of a case, as its responders see them: with their position, who opened them, whether the seals hold."""

from typing import Any

from incidents.models import Evidence, Incident
from incidents.queries import with_openings
from incidents.seals import first_broken
from incidents.triage.together import Whole


def evidence_rows(incident: Incident) -> Whole:
    return Whole(incident.evidence.order_by("number"))


def evidence_block(incident: Incident, evidence: list[Evidence]) -> dict[str, Any]:
    """`evidence` in the order of its numbers. Two queries more, however many pieces; none without any."""
    pieces = with_openings(incident, evidence)
    broken = first_broken(incident, (piece.evidence for piece in pieces)) if pieces else None
    return {"pieces": pieces, "broken": broken}
