"""Facts of a declaration that a responder changes. The former state stays readable, as after a correction."""

from collections.abc import Callable
from datetime import datetime
from typing import Any

from accounts.models import User
from incidents.enums import ActorKind, Answer, LeakStatus
from incidents.models import AnswerSheet, DataLeak, Incident
from incidents.questions.catalogue import current
from incidents.services.declarant.complete import newest_sheet
from incidents.services.declarant.correct import keep_former
from incidents.services.declaring.check import LINE_LIMIT
from incidents.services.history.snapshots import first_leak, leak_from, snapshot_data

CONCLUDED = (LeakStatus.CONFIRMED, LeakStatus.UNFOUNDED)


def amend(
    incident: Incident, section: str, values: dict[str, Any], put: Callable[[], None], *, actor: User, at: datetime
) -> None:
    """Store the former state, call `put` to change the rows, and append a sheet.

    The caller has locked the case and records the event.
    """
    if newest_sheet(incident, section) is None:
        keep_former(incident, section)
    put()
    AnswerSheet.objects.create(
        incident=incident,
        section=section,
        version=current().code,
        values=values,
        author=signed(incident, actor),
        actor_kind=ActorKind.USER,
        actor=actor,
        written_at=at,
    )


def signed(incident: Incident, actor: User) -> str:
    """Return the actor's signature for a sheet, such as « Camille, Breizh Cyber »."""
    centre = incident.csirt.name if incident.csirt else ""
    return ", ".join(filter(None, (actor.display_name, centre)))[:LINE_LIMIT]


def conclude_leak(incident: Incident, status: str, *, actor: User, at: datetime) -> list[str]:
    """Save what the centre found about the data and return the codes [former, new], or [] if nothing changes.

    If no leak was recorded, « confirmed » creates one and « unfounded » says that no data are concerned.
    """
    leak = first_leak(incident)
    was = leak.status if leak else ""
    concerned = Answer.NO if status == LeakStatus.UNFOUNDED else Answer.YES
    if (was == status and leak) or (leak is None and status == concerned_as(incident)):
        return []
    if leak is None and status != LeakStatus.UNFOUNDED:
        leak = DataLeak(incident=incident)
    if leak:
        leak.status = status
    kept = snapshot_data(concerned, leak_from(leak) if leak else None)

    def put() -> None:
        if leak:
            leak.save()
        incident.data_concerned = concerned
        incident.save(update_fields=["data_concerned"])

    amend(incident, "donnees", kept, put, actor=actor, at=at)
    return [was, status]


def concerned_as(incident: Incident) -> str:
    """Return the conclusion of a case without a recorded leak."""
    return LeakStatus.UNFOUNDED if incident.data_concerned == Answer.NO else ""
