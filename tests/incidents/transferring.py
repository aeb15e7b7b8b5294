"""Helpers of the tests of transfers: other centres, a proposal and its address."""

from typing import Any

from accounts.models import User
from csirts.models import Contact, Csirt
from incidents.models import Incident, Transfer
from incidents.services.transfer.agreements import NO_AGREEMENT, Agreement
from incidents.services.transfer.proposal import accept_transfer, create_proposal
from tests.cast import a_responder, declare
from tests.incidents.devices import QUEUE

AGREED = "Dominique, au téléphone, le 28."
WHY = "Le siège est dans votre région."
# The form of the page of a case that proposes it to the other centre.
PROPOSAL = {
    "taker": "loin-cyber",
    "motive": WHY,
    "agreed": "on",
    "agreement": AGREED,
    "label": "amber+strict",
    "seen": "",
}


def create_other_centre(slug: str = "loin-cyber", name: str = "Loin Cyber") -> Csirt:
    csirt = Csirt.objects.create(slug=slug, name=name, notification_email=f"garde@{slug}.example")
    Contact.objects.create(csirt=csirt, kind="phone", value="0 800 300 009", source="essai", source_on="2026-06-23")
    return csirt


def get_other_centre() -> Csirt:
    """Return a centre without people and without contacts, for what belongs to others."""
    return Csirt.objects.get_or_create(slug="ailleurs", defaults={"name": "Ailleurs"})[0]


def offer_url(transfer: Transfer, *parts: str) -> str:
    return "/".join([f"{QUEUE}transferts", str(transfer.uid), *parts, ""])


def make_agreement(incident: Incident, words: str = AGREED) -> Agreement:
    """Return the agreement of the declarant as a page records it, under the current label of the case."""
    return Agreement(is_given=True, words=words, label=Incident.objects.get(pk=incident.pk).tlp)


def make_agreement_fields(incident: Incident, words: str = AGREED) -> dict[str, str]:
    return {"agreed": "on", "agreement": words, "label": Incident.objects.get(pk=incident.pk).tlp}


def propose_transfer(
    incident: Incident,
    actor: User,
    taker: str = "loin-cyber",
    motive: str = WHY,
    seen: str = "",
    agreement: str = AGREED,
) -> Transfer:
    fields: dict[str, Any] = {
        "taker": taker,
        "motive": motive,
        "agreement": make_agreement(incident, agreement) if agreement else NO_AGREEMENT,
    }
    return create_proposal(reference=incident.reference, actor=actor, seen=seen, **fields)


def list_event_kinds(incident: Incident) -> list[str]:
    return list(incident.events.order_by("id").values_list("kind", flat=True))


def make_transfers(responder: User) -> tuple[Transfer, Transfer]:
    """Return an offer to the centre of the responder, and a transfer by which this centre gave another case away."""
    giver = a_responder(create_other_centre())
    former = accept_transfer(uid=propose_transfer(declare(), responder).uid, actor=giver)
    offered = declare()
    Incident.objects.filter(pk=offered.pk).update(csirt=Csirt.objects.get(slug="loin-cyber"))
    return propose_transfer(offered, giver, taker="breizh-cyber"), former
