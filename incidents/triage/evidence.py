"""The pieces of a case, as its responders see them: with their position, and whether the seals hold."""

from typing import Any

from incidents.models import Incident
from incidents.seals import first_broken


def evidence_block(incident: Incident) -> dict[str, Any]:
    """Two queries at most, however many pieces."""
    pieces = list(incident.evidence.order_by("number"))
    return {"pieces": pieces, "broken": first_broken(incident, pieces) if pieces else None}
