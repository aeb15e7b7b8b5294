"""Changes of declared facts by a responder. The former facts stay readable, as after a correction by the declarant."""

from collections.abc import Callable
from datetime import datetime
from typing import Any

from accounts.models import User
from incidents.enums import ActorKind, LeakStatus
from incidents.facts.description import LINE_LIMIT, Section
from incidents.models import AnswerSheet, DataLeak, Incident
from incidents.questions.catalogue import get_current_version
from incidents.services.declarant.complete import find_newest_sheet
from incidents.services.declarant.correct import store_first_state
from incidents.services.history.declared import (
    find_judgement_without_leak,
    read_declared_data,
    read_declared_leak_status,
)
from incidents.services.history.snapshots import find_leak_row

CONCLUDED_STATUSES = (LeakStatus.CONFIRMED, LeakStatus.UNFOUNDED)
# The code that a responder chooses to withdraw the centre's judgement, so that the declared status counts again.
AS_DECLARED = "as_declared"


def amend_section(
    incident: Incident,
    section: str,
    values: dict[str, Any],
    save_rows: Callable[[], None],
    *,
    actor: User,
    at: datetime,
) -> None:
    """Change one section of the case: call `save_rows`, and append a sheet with the new `values`.

    If the section has no sheet yet, its declared values are stored first. The caller has locked the case and records
    the event.
    """
    if find_newest_sheet(incident, section) is None:
        store_first_state(incident, section)
    save_rows()
    AnswerSheet.objects.create(
        incident=incident,
        section=section,
        version=get_current_version().code,
        values=values,
        author=format_signature(incident, actor),
        actor_kind=ActorKind.USER,
        actor=actor,
        written_at=at,
    )


def format_signature(incident: Incident, actor: User) -> str:
    """Return the actor's signature for a sheet, such as « Camille, Breizh Cyber »."""
    centre = incident.csirt.name if incident.csirt else ""
    return ", ".join(filter(None, (actor.display_name, centre)))[:LINE_LIMIT]


def save_leak_judgement(incident: Incident, status: str) -> list[str]:
    """Save the centre's judgement of the leak. Returns the codes [former, new], or [] if nothing changes.

    The declaration does not change. If the case has no leak, the judgement creates one. « unfounded » creates none,
    and then only the event that the caller records holds the judgement. AS_DECLARED withdraws the judgement.
    """
    leak = find_leak_row(incident)
    if find_newest_sheet(incident, Section.DATA) is None:
        store_first_state(incident, Section.DATA)
    declared = read_declared_data(incident)
    former = read_leak_status(incident, leak)
    judged = read_declared_leak_status(declared) if status == AS_DECLARED else status
    if judged == former:
        return []
    save_judgement_row(incident, leak, judged, is_declared=declared["leak"] is not None)
    return [former, judged]


def save_judgement_row(incident: Incident, leak: DataLeak | None, judged: str, *, is_declared: bool) -> None:
    """Save the judgement in the row of the leak. The row is created or deleted if the judgement requires it."""
    if leak and not judged and not is_declared:
        leak.delete()
    elif leak or judged not in ("", LeakStatus.UNFOUNDED):
        leak = leak or DataLeak(incident=incident)
        leak.status = judged
        leak.save()


def read_leak_status(incident: Incident, leak: DataLeak | None) -> str:
    """Return the status of the leak that counts: the centre's judgement or, without one, the declared status."""
    return leak.status if leak else find_judgement_without_leak(incident)
