"""The pieces of a case, as its responders see them: with their position, who opened them, whether the seals hold."""

from typing import Any

from incidents.models import Incident
from incidents.queries import pieces_of
from incidents.seals import first_broken


def evidence_block(incident: Incident) -> dict[str, Any]:
    """Three queries at most, however many pieces."""
    pieces = pieces_of(incident)
    broken = first_broken(incident, (piece.evidence for piece in pieces)) if pieces else None
    return {"pieces": pieces, "broken": broken}
