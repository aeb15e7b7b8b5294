"""A case goes to another centre: proposed by one, accepted or returned by the other, taken back until then.

While it is proposed it stays the giver's. Accepting it is taking it: from that instant only the taker's people work
on it, and the giver reads what was there until then (`services/remains.py`).
"""

from typing import Any
from uuid import UUID

from django.core.exceptions import ValidationError
from django.db import transaction
from django.db.models import Exists, OuterRef, Q, QuerySet
from django.utils import timezone
from django.utils.translation import gettext as _

from accounts.enums import CSIRT_ROLES
from accounts.models import Membership, User
from csirts.enums import Level
from csirts.models import Csirt
from incidents.access import get_incident, get_offer
from incidents.anonymous import persons_in
from incidents.enums import Ability, ActorKind, EventKind, NoteKind, Status, TransferState
from incidents.models import Incident, IncidentEvent, Transfer
from incidents.services.agreements import AGREEMENT_LIMIT, NONE, NOT_AGREED, Agreement, checked_agreement
from incidents.services.close import named_in
from incidents.services.due import DUE_FIELDS, settle_due
from incidents.services.record import record_event
from incidents.services.remains import standing_of
from incidents.sharing import PartnerKind, needs_agreement, width
from incidents.text import plain_line
from incidents.workflow import check_transferable

MOTIVE_LIMIT = 500
TAKEN = ("csirt", "status", "acknowledged_at", "acknowledged_by", "assignee", "group", *DUE_FIELDS)


class StaleTransfer(Exception):
    """Somebody answered, withdrew or made a proposal since the page was read. `transfer` is the newest, if any."""

    def __init__(self, transfer: Transfer | None) -> None:
        super().__init__()
        self.transfer = transfer


def takers_for(incident: Incident) -> QuerySet[Any]:
    """The centres that a case may be proposed to, with `has_people`: whether anybody of it works here."""
    people = Membership.objects.in_force().filter(csirt=OuterRef("pk"), role__in=CSIRT_ROLES, user__is_active=True)
    others = Csirt.objects.active().exclude(pk=incident.csirt_id or 0).annotate(has_people=Exists(people))
    return others.filter(Q(level=Level.TERRITORIAL) | Q(has_people=True)).order_by("name")


@transaction.atomic
def ask_transfer(
    *, reference: str, taker: str, motive: str, actor: User, seen: str, agreement: Agreement = NONE
) -> Transfer:
    """Propose the case to the centre with the slug `taker`. The same again by the same person changes nothing.

    `agreement`: who of the body agreed, where the label of the case asks for it. `seen`: the uid of the newest
    transfer on the page that was read, empty without one. Raises Http404, PermissionDenied, InvalidTransition for a
    closed case, StaleTransfer, ValidationError by field, and of no field for a case that cannot go.
    """
    incident = get_incident(actor, reference, to=Ability.TRANSFER, lock=True)
    newest = newest_of(incident)
    why = plain_line(motive, limit=MOTIVE_LIMIT, field="motive")
    words = plain_line(agreement.words, limit=AGREEMENT_LIMIT, field="agreement")
    is_agreed_alike = newest and newest.agreement == words and (not words or newest.agreed_tlp == agreement.label)
    if newest and is_same(newest, taker, why, actor) and is_agreed_alike:
        return newest
    if str(newest.uid if newest else "") != seen or (newest and newest.state == TransferState.ASKED):
        raise StaleTransfer(newest)
    check_may_go(incident)
    centre = taker_named(incident, taker)
    check_motive(incident, why)
    is_needed = needs_agreement(incident.tlp, PartnerKind.COLLEAGUE)
    agreed = checked_agreement(incident, agreement, is_needed=is_needed)
    said = {"motive": why, "agreement": agreed, "agreed_tlp": incident.tlp if agreed else "", "asked_by": actor}
    giver: Any = incident.csirt_id  # of somebody's centre, or else they could not be here
    transfer = Transfer.objects.create(incident=incident, giver_id=giver, taker=centre, **said)
    tell(transfer, EventKind.TRANSFER_ASKED, actor)
    return transfer


def propose_to(incident: Incident, taker: Csirt, *, motive: str) -> Transfer:
    """Propose a case that was worked on to the centre that answers for the body now. The caller holds it."""
    giver: Any = incident.csirt_id
    transfer = Transfer.objects.create(incident=incident, giver_id=giver, taker=taker, motive=motive[:MOTIVE_LIMIT])
    tell(transfer, EventKind.TRANSFER_ASKED, None)
    return transfer


def withdraw_offer(incident: Incident, *, unless_to: Csirt | None) -> bool:
    """Take back what the platform proposed to a centre that answers for the body no more. The caller holds the case.
    Tell whether there was such a proposal.
    """
    stale = incident.transfers.filter(state=TransferState.ASKED, asked_by=None).exclude(taker=unless_to).first()
    if stale is None:
        return False
    settle(stale, TransferState.WITHDRAWN, None)
    stale.save(update_fields=["state", "answered_at", "answered_by"])
    tell(stale, EventKind.TRANSFER_WITHDRAWN, None)
    return True


@transaction.atomic
def withdraw_transfer(*, reference: str, actor: User) -> Transfer:
    """Take the proposal back. Again changes nothing. Raises StaleTransfer when it was returned, or none was made."""
    incident = get_incident(actor, reference, to=Ability.TRANSFER, lock=True)
    newest = newest_of(incident)
    if newest and newest.state == TransferState.WITHDRAWN:
        return newest
    if newest is None or newest.state != TransferState.ASKED:
        raise StaleTransfer(newest)
    settle(newest, TransferState.WITHDRAWN, actor)
    newest.save(update_fields=["state", "answered_at", "answered_by"])
    tell(newest, EventKind.TRANSFER_WITHDRAWN, actor)
    return newest


@transaction.atomic
def return_transfer(*, uid: UUID, answer: str, actor: User) -> Transfer:
    """The taker's people do not take it, and say why. Raises Http404, StaleTransfer, ValidationError on « answer »."""
    transfer = locked_offer(actor, uid)
    why = plain_line(answer, limit=MOTIVE_LIMIT, field="answer")
    if transfer.state == TransferState.RETURNED and transfer.answered_by_id == actor.pk:
        return transfer
    if transfer.state != TransferState.ASKED:
        raise StaleTransfer(transfer)
    if not why:
        raise ValidationError({"answer": _("Écrivez pourquoi : l’autre centre saura quoi en faire.")})
    settle(transfer, TransferState.RETURNED, actor)
    transfer.answer = "" if transfer.incident.erased_at else why
    transfer.save(update_fields=["state", "answered_at", "answered_by", "answer"])
    tell(transfer, EventKind.TRANSFER_RETURNED, actor)
    return transfer


@transaction.atomic
def accept_transfer(*, uid: UUID, actor: User) -> Transfer:
    """Take the case, for one's centre and for oneself. Again by the same person changes nothing.

    Raises Http404, StaleTransfer when a colleague was first or it was withdrawn, InvalidTransition once it was
    closed, ValidationError when it cannot go any more.
    """
    transfer = locked_offer(actor, uid)
    if transfer.state == TransferState.ACCEPTED and transfer.answered_by_id == actor.pk:
        return transfer
    if transfer.state != TransferState.ASKED:
        raise StaleTransfer(transfer)
    incident = transfer.incident
    check_may_go(incident)
    if lacks_agreement(transfer):
        raise ValidationError({"agreement": str(NOT_AGREED)})
    settle(transfer, TransferState.ACCEPTED, actor)
    transfer.standing = standing_of(incident)
    change_hands(incident, transfer, actor)
    transfer.last_event = tell(transfer, EventKind.TRANSFERRED, actor)
    transfer.save(update_fields=["state", "answered_at", "answered_by", "standing", "last_event"])
    return transfer


def newest_of(incident: Incident) -> Transfer | None:
    return incident.transfers.select_related("giver", "taker").order_by("-id").first()


def is_same(newest: Transfer, taker: str, why: str, actor: User) -> bool:
    """A double click, or a page sent again."""
    asked = (newest.state, newest.taker.slug, newest.motive, newest.asked_by_id)
    return asked == (TransferState.ASKED, taker, why, actor.pk)


def check_may_go(incident: Incident) -> None:
    """Raises InvalidTransition for a closed case, ValidationError for one that is erased or tied to another."""
    if incident.erased_at:
        raise ValidationError(_("Les mots de ce dossier ont été effacés : il n’y a plus rien à transférer."))
    if incident.merged_into_id or incident.doubles.exists():
        raise ValidationError(_("Ce dossier est fusionné avec un autre. Défaites la fusion, puis transférez-le."))
    check_transferable(Status(incident.status))


def lacks_agreement(transfer: Transfer) -> bool:
    """Tell whether the label of the case asks for an agreement that nobody noted, or noted under a wider label."""
    tlp = transfer.incident.tlp
    if not needs_agreement(tlp, PartnerKind.COLLEAGUE):
        return False
    return not transfer.agreement or width(transfer.agreed_tlp) > width(tlp)


def check_motive(incident: Incident, why: str) -> None:
    """Raises ValidationError on « motive »: the other centre reads it before the case is its own."""
    if not why:
        raise ValidationError({"motive": _("Écrivez pourquoi : l’autre centre décide d’après ces mots.")})
    if persons := persons_in(why, named_in(incident)):
        quoted = ", ".join(f"«\N{NO-BREAK SPACE}{one}\N{NO-BREAK SPACE}»" for one in persons)
        raise ValidationError({"motive": _("Ce motif désigne quelqu’un. Retirez : %s.") % quoted})


def taker_named(incident: Incident, slug: str) -> Csirt:
    centre: Csirt | None = takers_for(incident).filter(slug=slug).first() if "\0" not in slug else None
    if centre is None:
        raise ValidationError({"taker": _("Choisissez un centre de la liste.")})
    return centre


def locked_offer(actor: User, uid: UUID) -> Transfer:
    """The case is locked first, as everywhere; then the proposal is read as it stands."""
    offer = get_offer(actor, uid)
    incident = Incident.objects.select_for_update(of=("self",), no_key=True).get(pk=offer.incident_id)
    transfer = get_offer(actor, uid)
    transfer.incident = incident
    return transfer


def settle(transfer: Transfer, state: TransferState, actor: User | None) -> None:
    transfer.state, transfer.answered_at, transfer.answered_by = state, timezone.now(), actor


def change_hands(incident: Incident, transfer: Transfer, actor: User) -> None:
    """Taken anew: who took it at the former centre stays named in the history.

    Groups are within one centre, and so is what was written for the relief (`services/notes.py`).
    """
    now = transfer.answered_at
    incident.csirt = transfer.taker
    incident.status, incident.acknowledged_at, incident.acknowledged_by = Status.ACKNOWLEDGED, now, actor
    incident.assignee, incident.group = actor, None
    settle_due(incident, worked_at=now)
    incident.save(update_fields=TAKEN)
    relays = [str(uid) for uid in incident.notes.filter(kind=NoteKind.HANDOVER).values_list("uid", flat=True)]
    incident.documents.exclude(source__in=relays).update(csirt=transfer.taker)


def tell(transfer: Transfer, kind: EventKind, actor: User | None) -> IncidentEvent:
    """`from` and `to`: the centre that gives it and the one that is to take it. Without `actor`, the platform did."""
    ends: dict[str, Any] = {"from": transfer.giver.slug, "to": transfer.taker.slug}
    return record_event(
        transfer.incident,
        kind,
        at=transfer.answered_at or transfer.asked_at,
        actor=actor,
        by=None if actor else ActorKind.SYSTEM,
        transfer=str(transfer.uid),
        **ends,
    )
