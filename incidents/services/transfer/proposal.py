"""Transfer of a case to another centre: the giver proposes the case, and the taker accepts or returns it.

Until the taker accepts, the case belongs to the giver, which may withdraw the proposal. The person who accepts the
case becomes its assignee. From then on only the people of the taker work on the case, and the giver can read only what
the case held until then (`services/transfer/remains.py`).
"""

from typing import Any
from uuid import UUID

from django.core.exceptions import ValidationError
from django.db import transaction
from django.db.models import Exists, OuterRef, Q, QuerySet
from django.utils import timezone

from accounts.access import list_working_roles
from accounts.models import User
from core.french import quote_words
from core.stale import Stale
from core.text import clean_line
from csirts.enums import Level
from csirts.models import Csirt
from incidents.access import get_incident, get_proposed_transfer
from incidents.enums import Ability, EventKind, NoteKind, Status, TransferState
from incidents.identifying_words import list_personal_details
from incidents.models import Incident, Transfer
from incidents.services.handling.acknowledge import ACKNOWLEDGED_FIELDS, set_acknowledged
from incidents.services.handling.due import DUE_FIELDS, recompute_due
from incidents.services.history.identifying_values import collect_identifying_values
from incidents.services.transfer.agreements import (
    AGREEMENT_LIMIT,
    NO_AGREEMENT,
    NOT_AGREED,
    Agreement,
    clean_agreement,
)
from incidents.services.transfer.remains import copy_case
from incidents.services.transfer.state import record_transfer, set_transfer_state, withdraw_proposal
from incidents.sharing import ReaderKind, needs_agreement, rank_label
from incidents.workflow import check_transferable

REASON_LIMIT = 500
ACCEPTANCE_FIELDS = ("csirt", "group", *ACKNOWLEDGED_FIELDS, *DUE_FIELDS)


def list_takers(incident: Incident) -> QuerySet[Any]:
    """Return the centres to which the case may be proposed, sorted by name.

    Each has an attribute `has_people`, which tells whether somebody with an open account works for the centre today.
    """
    workers = list_working_roles().filter(csirt=OuterRef("pk"))
    other_centres = Csirt.objects.active().exclude(pk=incident.csirt_id or 0).annotate(has_people=Exists(workers))
    return other_centres.filter(Q(level=Level.TERRITORIAL) | Q(has_people=True)).order_by("name")


@transaction.atomic
def create_proposal(
    *, reference: str, taker: str, motive: str, actor: User, seen: str, agreement: Agreement = NO_AGREEMENT
) -> Transfer:
    """Propose the case to the centre with the slug `taker`. If the actor repeats the newest proposal, nothing changes.

    `motive` is the reason. `agreement` says who agreed for the body, if the TLP requires it. `seen` is the uid of the
    newest transfer on the page, or "". Raises Http404, PermissionDenied, InvalidTransition for a closed case, Stale
    with the newest transfer, and ValidationError: by field, or without a field for a case that cannot be transferred.
    """
    incident = get_incident(actor, reference, to=Ability.TRANSFER, lock=True)
    newest = find_newest_transfer(incident)
    why = clean_line(motive, limit=REASON_LIMIT, field="motive")
    words = clean_line(agreement.words, limit=AGREEMENT_LIMIT, field="agreement")
    is_agreed_alike = newest and newest.agreement == words and (not words or newest.agreed_tlp == agreement.label)
    if newest and is_repeated_proposal(newest, taker, why, actor) and is_agreed_alike:
        return newest
    if str(newest.uid if newest else "") != seen or (newest and newest.state == TransferState.ASKED):
        raise Stale(newest)
    check_may_be_transferred(incident)
    centre = get_taker(incident, taker)
    check_transfer_reason(incident, why)
    is_needed = needs_agreement(incident.tlp, ReaderKind.COLLEAGUE)
    agreed = clean_agreement(incident, agreement, is_needed=is_needed)
    values = {"motive": why, "agreement": agreed, "agreed_tlp": incident.tlp if agreed else "", "asked_by": actor}
    giver: Any = incident.csirt_id  # the actor may transfer, so the case has a centre
    transfer = Transfer.objects.create(incident=incident, giver_id=giver, taker=centre, **values)
    record_transfer(transfer, EventKind.TRANSFER_ASKED, actor)
    return transfer


def create_platform_proposal(incident: Incident, taker: Csirt, *, reason: str) -> Transfer:
    """Propose the case, in the name of the platform, to the centre that now answers for its body.

    The caller has locked the case.
    """
    giver: Any = incident.csirt_id
    transfer = Transfer.objects.create(incident=incident, giver_id=giver, taker=taker, motive=reason[:REASON_LIMIT])
    record_transfer(transfer, EventKind.TRANSFER_ASKED, None)
    return transfer


def withdraw_platform_proposal(incident: Incident, *, unless_to: Csirt | None) -> bool:
    """Withdraw the pending proposal of the platform. A proposal to the centre `unless_to` is not withdrawn.

    Returns whether a proposal was withdrawn. The caller has locked the case.
    """
    stale = incident.transfers.filter(state=TransferState.ASKED, asked_by=None).exclude(taker=unless_to).first()
    if stale is None:
        return False
    withdraw_proposal(stale, None)
    return True


@transaction.atomic
def withdraw_transfer(*, reference: str, actor: User) -> Transfer:
    """Withdraw the pending proposal of the case. A repeated call changes nothing.

    Raises Http404, PermissionDenied, and Stale if the proposal was answered or there is none.
    """
    incident = get_incident(actor, reference, to=Ability.TRANSFER, lock=True)
    newest = find_newest_transfer(incident)
    if newest and newest.state == TransferState.WITHDRAWN:
        return newest
    if newest is None or newest.state != TransferState.ASKED:
        raise Stale(newest)
    withdraw_proposal(newest, actor)
    return newest


@transaction.atomic
def refuse_transfer(*, uid: UUID, answer: str, actor: User) -> Transfer:
    """Refuse the proposed case for the taker, with a reason (`answer`).

    A repeated call by the same person changes nothing. Raises Http404, Stale, and ValidationError on `answer`.
    """
    transfer = lock_proposal(actor, uid)
    why = clean_line(answer, limit=REASON_LIMIT, field="answer")
    if transfer.state == TransferState.RETURNED and transfer.answered_by_id == actor.pk:
        return transfer
    if transfer.state != TransferState.ASKED:
        raise Stale(transfer)
    if not why:
        raise ValidationError({"answer": "Écrivez pourquoi : l’autre centre saura quoi en faire."})
    set_transfer_state(transfer, TransferState.RETURNED, actor)
    transfer.answer = "" if transfer.incident.erased_at else why
    transfer.save(update_fields=["state", "answered_at", "answered_by", "answer"])
    record_transfer(transfer, EventKind.TRANSFER_RETURNED, actor)
    return transfer


@transaction.atomic
def accept_transfer(*, uid: UUID, actor: User) -> Transfer:
    """Accept the proposed case for the taker and assign it to the actor.

    A repeated call by the same person changes nothing. Raises Http404, Stale if a colleague answered first or the
    proposal was withdrawn, InvalidTransition if the case was closed, and ValidationError if the case can no longer be
    transferred.
    """
    transfer = lock_proposal(actor, uid)
    if transfer.state == TransferState.ACCEPTED and transfer.answered_by_id == actor.pk:
        return transfer
    if transfer.state != TransferState.ASKED:
        raise Stale(transfer)
    incident = transfer.incident
    check_may_be_transferred(incident)
    if lacks_agreement(transfer):
        raise ValidationError({"agreement": NOT_AGREED})
    set_transfer_state(transfer, TransferState.ACCEPTED, actor)
    transfer.standing = copy_case(incident)
    move_to_taker(incident, transfer, actor)
    transfer.last_event = record_transfer(transfer, EventKind.TRANSFERRED, actor)
    transfer.save(update_fields=["state", "answered_at", "answered_by", "standing", "last_event"])
    return transfer


def find_newest_transfer(incident: Incident) -> Transfer | None:
    """Return the newest proposal of the case, whatever its state, or None."""
    return incident.transfers.select_related("giver", "taker").order_by("-id").first()


def is_repeated_proposal(newest: Transfer, taker: str, why: str, actor: User) -> bool:
    """Tell whether the newest transfer is a pending proposal with these values, as after a double click."""
    proposal = (newest.state, newest.taker.slug, newest.motive, newest.asked_by_id)
    return proposal == (TransferState.ASKED, taker, why, actor.pk)


def find_merge_refusal(incident: Incident) -> str:
    """Return the sentence that refuses to transfer a merged case, or "" if the case is not merged."""
    is_merged = incident.merged_into_id or incident.doubles.exists()
    return "Ce dossier est fusionné avec un autre. Défaites la fusion, puis transférez-le." if is_merged else ""


def check_may_be_transferred(incident: Incident) -> None:
    """Raise InvalidTransition for a closed case, ValidationError for a case that is erased or merged."""
    if incident.erased_at:
        raise ValidationError("Les mots de ce dossier ont été effacés : il n’y a plus rien à transférer.")
    if problem := find_merge_refusal(incident):
        raise ValidationError(problem)
    check_transferable(Status(incident.status))


def lacks_agreement(transfer: Transfer) -> bool:
    """Tell whether the TLP requires an agreement that was not given, or was given under a wider TLP."""
    tlp = transfer.incident.tlp
    if not needs_agreement(tlp, ReaderKind.COLLEAGUE):
        return False
    return not transfer.agreement or rank_label(transfer.agreed_tlp) > rank_label(tlp)


def check_transfer_reason(incident: Incident, why: str) -> None:
    """Raise ValidationError on `motive` if the reason is empty or names a person.

    The other centre reads the reason before it has the case.
    """
    if not why:
        raise ValidationError({"motive": "Écrivez pourquoi : l’autre centre décide d’après ces mots."})
    if persons := list_personal_details(why, collect_identifying_values(incident)):
        raise ValidationError({"motive": f"Ce motif désigne quelqu’un. Retirez : {quote_words(persons)}."})


def get_taker(incident: Incident, slug: str) -> Csirt:
    """Return the centre with this slug. Raises ValidationError on `taker` if this centre cannot get the case."""
    centre: Csirt | None = list_takers(incident).filter(slug=slug).first() if "\0" not in slug else None
    if centre is None:
        raise ValidationError({"taker": "Choisissez un centre de la liste."})
    return centre


def lock_proposal(actor: User, uid: UUID) -> Transfer:
    """Return the proposal, read again after its case was locked. May raise Http404."""
    proposal = get_proposed_transfer(actor, uid)
    incident = Incident.objects.select_for_update(of=("self",), no_key=True).get(pk=proposal.incident_id)
    transfer = get_proposed_transfer(actor, uid)
    transfer.incident = incident
    return transfer


def move_to_taker(incident: Incident, transfer: Transfer, actor: User) -> None:
    """Move the case to the taker and acknowledge it for the actor. The case leaves its group.

    From then on, only the events say who had acknowledged the case at the former centre. The hand-over notes
    of the case can be found only by the centre that wrote them (`services/handling/notes.py`).
    """
    now = transfer.answered_at or timezone.now()
    incident.csirt, incident.group = transfer.taker, None
    set_acknowledged(incident, actor, at=now)
    recompute_due(incident, worked_at=now)
    incident.save(update_fields=ACCEPTANCE_FIELDS)
    handovers = [str(uid) for uid in incident.notes.filter(kind=NoteKind.HANDOVER).values_list("uid", flat=True)]
    incident.documents.exclude(source__in=handovers).update(csirt=transfer.taker)
