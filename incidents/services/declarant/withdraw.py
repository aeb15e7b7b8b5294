"""Withdrawal of a declaration. Once it is verified, the declarant must ask the CSIRT to close the case."""

from dataclasses import replace

from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.utils import timezone

from core.text import clean_text
from incidents.access import CaseVisitor, get_case, speaks_for_body
from incidents.enums import Ability, ClosingReason, EventKind, Status
from incidents.models import Incident
from incidents.services.correspondence.correspond import Letter, record_message, save_message_from_body
from incidents.services.declarant.access import build_mail_held_data
from incidents.services.handling.due import DECLARANT, DUE_FIELDS, recompute_due
from incidents.services.history.record import record_event
from incidents.services.transfer.state import withdraw_any_proposal

REASON_LIMIT = 1_000


@transaction.atomic
def withdraw_incident(*, reference: str, visitor: CaseVisitor, letter: Letter) -> Incident:
    """Close the case as withdrawn. If it is verified or has duplicates, ask the CSIRT to close it instead.

    The text of `letter` is the reason and may be empty. A closed case does not change. Beyond the limits for people
    without account (`services/declaring/limits.py`), no mail warns the declarant. Raises Http404, PermissionDenied,
    ValidationError on `text` or `author`.
    """
    incident = get_case(visitor, reference, to=Ability.WITHDRAW, lock=True)
    if not speaks_for_body(visitor, incident):
        raise PermissionDenied
    reason = replace(letter, text=clean_text(letter.text, limit=REASON_LIMIT, field="text"))
    if incident.status == Status.CLOSED:
        return incident
    if incident.is_verified or incident.doubles.exists():
        request_closing(incident, visitor, reason)
    else:
        close_withdrawn_case(incident, visitor, reason)
    return incident


def request_closing(incident: Incident, visitor: CaseVisitor, reason: Letter) -> None:
    """Write a message that asks the centre to close the case. The caller has locked the case."""
    request = "Nous demandons que cette déclaration soit retirée."
    letter = replace(reason, text=f"{request}\n\n{reason.text}")
    message, is_new = save_message_from_body(incident, letter, visitor=visitor)
    if is_new:
        record_message(message, side=DECLARANT)


def close_withdrawn_case(incident: Incident, visitor: CaseVisitor, reason: Letter) -> None:
    """Close the case as withdrawn. If there is a reason, save it as a message. The caller has locked the case."""
    data = {} if visitor.user else build_mail_held_data(incident, EventKind.WITHDRAWN)
    if reason.text:
        message, _is_new = save_message_from_body(incident, reason, visitor=visitor)
        data["message"] = str(message.uid)
    now = timezone.now()  # after the message, which is then not news on a closed case
    incident.status, incident.closed_at, incident.closing_reason = Status.CLOSED, now, ClosingReason.WITHDRAWN
    recompute_due(incident)
    incident.save(update_fields=["status", "closed_at", "closing_reason", *DUE_FIELDS])
    record_event(incident, EventKind.WITHDRAWN, at=now, actor=visitor.user, by=visitor.kind, **data)
    withdraw_any_proposal(incident, None, at=now)
