"""The state of a transfer of a case to another centre, and the events that record it."""

from datetime import datetime
from typing import Any

from django.utils import timezone

from accounts.models import User
from incidents.enums import ActorKind, EventKind, TransferState
from incidents.models import Incident, IncidentEvent, Transfer
from incidents.services.history.record import record_event


def find_open_proposal(incident: Incident) -> Transfer | None:
    """Return the proposal that waits for an answer, or None if the case has none. Runs one query."""
    return incident.transfers.filter(state=TransferState.ASKED).select_related("giver", "taker").first()


def set_transfer_state(
    transfer: Transfer, state: TransferState, actor: User | None, *, at: datetime | None = None
) -> None:
    """Set the state of the transfer, the instant, and the person who acted (`actor`). Does not save."""
    transfer.state, transfer.answered_at, transfer.answered_by = state, at or timezone.now(), actor


def withdraw_proposal(proposal: Transfer, actor: User | None, *, at: datetime | None = None) -> None:
    """Withdraw a proposal that waits for an answer. The caller has locked the case.

    `actor` is None for the platform.
    """
    set_transfer_state(proposal, TransferState.WITHDRAWN, actor, at=at)
    proposal.save(update_fields=["state", "answered_at", "answered_by"])
    record_transfer(proposal, EventKind.TRANSFER_WITHDRAWN, actor)


def withdraw_any_proposal(incident: Incident, actor: User | None, *, at: datetime) -> None:
    """Withdraw the proposal that waits for an answer, if the case has one.

    Nobody may accept a closed or merged case, so its proposal must not stay open. Runs one query if there is none.
    """
    if proposal := find_open_proposal(incident):
        proposal.incident = incident
        withdraw_proposal(proposal, actor, at=at)


def record_transfer(transfer: Transfer, kind: EventKind, actor: User | None) -> IncidentEvent:
    """Record the event of a transfer, with its giver (`from`) and taker (`to`). `actor` is None for the platform."""
    centres: dict[str, Any] = {"from": transfer.giver.slug, "to": transfer.taker.slug}
    return record_event(
        transfer.incident,
        kind,
        at=transfer.answered_at or transfer.asked_at,
        actor=actor,
        by=None if actor else ActorKind.SYSTEM,
        transfer=str(transfer.uid),
        **centres,
    )
