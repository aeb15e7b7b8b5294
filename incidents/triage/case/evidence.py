"""The evidence files of a case, for responders: who opened each file, and whether the seals are intact."""

from typing import Any

from incidents.files.seals import find_first_broken_seal
from incidents.models import Evidence, Incident, IncidentEvent
from incidents.queries import pair_files_with_readers


def build_evidence_block(incident: Incident, evidence: list[Evidence], history: list[IncidentEvent]) -> dict[str, Any]:
    """Return the files with their readers, and the number of the first file whose seal is broken, or None.

    `evidence` is ordered by number. `history` contains all events, newest first, or is empty if the page has not
    loaded them all. Without files, no query runs. With files, one or two queries run, and two more if a seal seems
    broken.
    """
    pieces = pair_files_with_readers(evidence)
    broken = find_first_broken_seal(incident, (piece.evidence for piece in pieces), history[::-1]) if pieces else None
    if broken is not None:  # a file may have arrived between the two reads, so read both again before the alarm
        broken = find_first_broken_seal(incident, list(incident.evidence.order_by("number")))
    return {"pieces": pieces, "broken": broken}
