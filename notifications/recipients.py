"""Who hears about what. The table first, for whoever must approve it; the code after.

The declarant has no account: the mailbox that was given may be the one that was broken into. So no mail carries a
secret that was made anew (LINK_ROTATED warns, and the new code stays on the screen or the telephone that asked).
"""

from accounts.models import User
from csirts.models import Csirt
from incidents.enums import EventKind, Status, TransferState
from incidents.models import IncidentEvent, Transfer
from incidents.partners import PARTNERS
from incidents.sharing import may_go_to
from notifications.enums import Recipient

WHO_HEARS: dict[str, tuple[Recipient, ...]] = {
    # The centre has a new case; the declarant gets a receipt; the accounts of the body hear what is said in its name.
    # Of a burst the centre alone hears (`is_held`).
    EventKind.DECLARED: (Recipient.CSIRT, Recipient.DECLARANT, Recipient.BODY),
    # Somebody has taken the case: the declarant knows that it was read.
    EventKind.ACKNOWLEDGED: (Recipient.DECLARANT,),
    # It was done by calling the body back: it knows.
    EventKind.VERIFIED: (),
    # The centre has finished.
    EventKind.CLOSED: (Recipient.DECLARANT,),
    # It was not finished: the declarant knows who has it again.
    EventKind.REOPENED: (Recipient.DECLARANT,),
    # What the declarant adds after the declaration reaches the centre, and the centre's words the declarant.
    EventKind.FACTS: (Recipient.CSIRT,),
    EventKind.MESSAGE: (Recipient.CSIRT, Recipient.DECLARANT),
    EventKind.FILE: (Recipient.CSIRT,),
    # It is gone for everybody: nothing is to be done, and the case says it.
    EventKind.FILE_TAKEN_BACK: (),
    # Whoever reads the declarant's mailbox could have done it: both are told.
    EventKind.WITHDRAWN: (Recipient.CSIRT, Recipient.DECLARANT),
    # They did it themselves, on the screen.
    EventKind.CLAIMED: (),
    EventKind.SHARED: (),
    EventKind.UNSHARED: (),
    EventKind.BODY_CONFIRMED: (),
    EventKind.BODY_CORRECTED: (),
    EventKind.BODY_UNCONFIRMED: (),
    # A matter of the centre's own work.
    EventKind.SEVERITY: (),
    EventKind.QUALIFIED: (),
    EventKind.ASSIGNED: (),
    EventKind.HANDED_OVER: (),
    EventKind.NOTED: (),
    EventKind.TASKS_ADDED: (),
    EventKind.TASK_DONE: (),
    EventKind.OBSERVED: (),
    EventKind.MERGED: (),
    EventKind.UNMERGED: (),
    EventKind.GROUPED: (),
    EventKind.UNGROUPED: (),
    # The centre that a case is proposed to; then the one that has it, and the declarant, who must know whom to call;
    # the one that proposed it when it comes back (`centre_told` says which centre).
    EventKind.TRANSFER_ASKED: (Recipient.CSIRT,),
    EventKind.TRANSFERRED: (Recipient.CSIRT, Recipient.DECLARANT),
    EventKind.TRANSFER_RETURNED: (Recipient.CSIRT,),
    # The ground went to another centre, or to none, before anybody took the case: the one that has it now is told as
    # of a new one, and the declarant of whom to call.
    EventKind.REROUTED: (Recipient.CSIRT, Recipient.DECLARANT),
    # They were told that it waits; their list says that it does no more.
    EventKind.TRANSFER_WITHDRAWN: (),
    # A responder has read what leaves and sent it.
    EventKind.ADVISED: (Recipient.PARTNER,),
    EventKind.RATED: (),
    # A declaration made for a body that nobody knew turns out to be in their name.
    EventKind.BODY_MERGED: (Recipient.BODY,),
    # A warning, without the new code: if somebody else renewed it, the declarant must hear of it.
    EventKind.LINK_ROTATED: (Recipient.DECLARANT,),
    # The address is gone with the rest, as was asked.
    EventKind.ERASED: (),
}

# Told to the centre once, then not again for some minutes unless it has looked (`audience`).
TOLD_ONCE = (EventKind.FACTS, EventKind.MESSAGE, EventKind.FILE)
# Which end of a move is told, where that may not be the centre of the case.
END_TOLD: dict[str, str] = {
    EventKind.TRANSFER_ASKED: "to",
    EventKind.TRANSFER_RETURNED: "from",
    EventKind.REROUTED: "to",
}


def wrote_it(recipient: str, event: IncidentEvent) -> bool:
    """Nobody gets a mail about the message that they have just written."""
    return event.kind == EventKind.MESSAGE and event.data.get("side") == recipient


def is_held(recipient: str, event: IncidentEvent) -> bool:
    """Tell whether a mail about a case that nobody has taken stays unsent: the last of a burst would fill mailboxes
    that a machine chose.

    The page that accepted the declaration says so; its centre is told, and the declarant hears of the next step.
    """
    is_untaken = event.kind in (EventKind.DECLARED, EventKind.REROUTED)
    return is_untaken and recipient in (Recipient.DECLARANT, Recipient.BODY) and bool(event.incident.burst)


def centre_told(event: IncidentEvent) -> str | None:
    """The slug of the centre that an event names, empty for none; None where it is the one that has the case."""
    end = END_TOLD.get(event.kind)
    return str(event.data.get(end, "")) if end else None


def address_of(recipient: str, event: IncidentEvent, csirt: Csirt | None, person: User | None = None) -> str:
    """Where to write now, or "" when there is no way: no centre, no address chosen by its lead, none given, erased,
    a case that went to another centre since or that somebody took since it followed its ground, a partner that its TLP
    keeps it from.
    """
    match recipient:
        case Recipient.BODY:
            return person.email if person and person.is_active else ""
        case Recipient.DECLARANT:
            is_over = event.kind == EventKind.REROUTED and not stands_where_it_went(event)
            return "" if is_over else event.incident.story.contact_email
        case Recipient.PARTNER:
            return address_of_partner(event)
    return csirt.notification_email if csirt and still_concerns(csirt, event) else ""


def still_concerns(csirt: Csirt, event: IncidentEvent) -> bool:
    """A mail says what the case is now: a centre that gave it away, or is asked no more, hears nothing."""
    match event.kind:
        case EventKind.TRANSFER_ASKED:
            return Transfer.objects.filter(uid=event.data["transfer"], state=TransferState.ASKED, taker=csirt).exists()
        case EventKind.TRANSFER_RETURNED:
            return str(event.data["from"]) == csirt.slug
        case EventKind.REROUTED:
            return str(event.data["to"]) == csirt.slug and stands_where_it_went(event)
    return csirt.pk == event.incident.csirt_id


def stands_where_it_went(event: IncidentEvent) -> bool:
    """Tell whether the case is still in the centre, or without one, to which this event brought it last, and whether
    nobody has taken it: the mail says so.
    """
    incident = event.incident
    if incident.status != Status.DECLARED or event.data["to"] != (incident.csirt.slug if incident.csirt else ""):
        return False
    return not incident.events.filter(kind=EventKind.REROUTED, id__gt=event.pk).exists()


def address_of_partner(event: IncidentEvent) -> str:
    """None once the case was erased, or its TLP keeps the file in since it was asked, unless its declarant agreed."""
    partner, data = PARTNERS.get(event.data["partner"]), event.data
    if partner is None or event.incident.erased_at:
        return ""
    may_go = may_go_to(event.incident.tlp, partner, label=data.get("tlp", ""), is_agreed=data.get("agreed", False))
    return partner.email if may_go else ""
