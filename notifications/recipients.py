"""The recipients of each kind of event. The table comes first, for readers who must approve it.

A declarant has no account, and the mailbox itself may have been broken into. Therefore no mail contains a renewed
secret: LINK_ROTATED only warns, and the new code appears on the screen or is dictated on the telephone.
"""

from accounts.models import User
from csirts.models import Csirt
from incidents.catalogues.partners import PARTNERS
from incidents.enums import EventKind, Status, TransferState
from incidents.models import MAIL_HELD, IncidentEvent, Transfer
from incidents.sharing import may_mail_to_partner
from notifications.enums import Recipient

RECIPIENTS: dict[str, tuple[Recipient, ...]] = {
    # The centre has a new case, the declarant gets a receipt, and the accounts of the body learn what is declared in
    # its name. For a burst only the centre is notified (`is_mail_held_back`).
    EventKind.DECLARED: (Recipient.CSIRT, Recipient.DECLARANT, Recipient.BODY),
    # Somebody has acknowledged the case: the declarant learns that it was read.
    EventKind.ACKNOWLEDGED: (Recipient.DECLARANT,),
    # The body knows it, since it was called back.
    EventKind.VERIFIED: (),
    # The centre has finished.
    EventKind.CLOSED: (Recipient.DECLARANT,),
    # The case is open again: the declarant learns who has it.
    EventKind.REOPENED: (Recipient.DECLARANT,),
    # The centre learns what the declarant adds, and the declarant what the centre writes.
    EventKind.FACTS: (Recipient.CSIRT,),
    EventKind.MESSAGE: (Recipient.CSIRT, Recipient.DECLARANT),
    EventKind.FILE: (Recipient.CSIRT,),
    # Nobody has to act, and the case shows it.
    EventKind.FILE_TAKEN_BACK: (),
    # Any reader of the declarant's mailbox could have withdrawn the case: both sides are notified.
    EventKind.WITHDRAWN: (Recipient.CSIRT, Recipient.DECLARANT),
    # The declarant did this on a page.
    EventKind.CLAIMED: (),
    EventKind.SHARED: (),
    EventKind.UNSHARED: (),
    # A responder did this, and the page of the case shows it.
    EventKind.BODY_CONFIRMED: (),
    EventKind.BODY_CORRECTED: (),
    EventKind.BODY_UNCONFIRMED: (),
    # Internal work of the centre.
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
    # TRANSFER_ASKED notifies the centre to which the case is proposed. TRANSFERRED notifies the centre that accepted
    # it, and the declarant, who must know whom to call. TRANSFER_RETURNED notifies the centre that proposed it.
    # `get_named_centre_slug` gives the centre.
    EventKind.TRANSFER_ASKED: (Recipient.CSIRT,),
    EventKind.TRANSFERRED: (Recipient.CSIRT, Recipient.DECLARANT),
    EventKind.TRANSFER_RETURNED: (Recipient.CSIRT,),
    # Another centre, or none, now covers the body, and nobody had acknowledged the case: the centre that has it is
    # notified as of a new case, and the declarant learns whom to call.
    EventKind.REROUTED: (Recipient.CSIRT, Recipient.DECLARANT),
    # The other centre was notified of the proposal; its list no longer shows the case as waiting.
    EventKind.TRANSFER_WITHDRAWN: (),
    # A responder has read and sent the advice.
    EventKind.ADVISED: (Recipient.PARTNER,),
    EventKind.RATED: (),
    # A declaration for an unknown body turns out to be in the name of this body.
    EventKind.BODY_MERGED: (Recipient.BODY,),
    # A warning without the new code, in case somebody else renewed it.
    EventKind.LINK_ROTATED: (Recipient.DECLARANT,),
    EventKind.HELD: (),
    EventKind.EXPORTED: (),
    # The other leads of the centre get a mail about accounts (`accounts/services/reports.py`). The address of the
    # declarant was erased too, as was asked.
    EventKind.HOLD_ENDED: (),
    EventKind.ERASED: (),
}

# The kinds that are announced to the centre once, and again only after ten minutes or once it has read the case.
ANNOUNCED_ONCE = (EventKind.FACTS, EventKind.MESSAGE, EventKind.FILE)
# The key of the event's data that names the centre to notify, for events after which the case may have another centre.
CENTRE_KEY_OF_MOVE: dict[str, str] = {
    EventKind.TRANSFER_ASKED: "to",
    EventKind.TRANSFER_RETURNED: "from",
    EventKind.REROUTED: "to",
}


def is_author(recipient: str, event: IncidentEvent) -> bool:
    """Tell whether the recipient wrote the message that the event names, and so gets no mail about it."""
    return event.kind == EventKind.MESSAGE and event.data.get("side") == recipient


def is_mail_held_back(recipient: str, event: IncidentEvent) -> bool:
    """Tell whether the mail to the declarant or to the body is held back.

    Otherwise a script could fill any mailbox. The mail is held back when a case of a burst is declared or rerouted.
    The mail to the declarant is also held back when somebody without account has already caused enough mails. The page
    that accepted the form says so. The centre is notified (but of bursts without end, `Audience.exceeds_burst_mails`),
    and the declarant gets a mail at the next step.
    """
    if recipient == Recipient.DECLARANT and MAIL_HELD in event.data:
        return True
    is_untaken = event.kind in (EventKind.DECLARED, EventKind.REROUTED)
    return is_untaken and recipient in (Recipient.DECLARANT, Recipient.BODY) and bool(event.incident.burst)


def get_named_centre_slug(event: IncidentEvent) -> str | None:
    """Return the slug of the centre that a transfer or a rerouting names, or "" if it names none.

    Return None for other events, which concern the centre that has the case.
    """
    end = CENTRE_KEY_OF_MOVE.get(event.kind)
    return str(event.data.get(end, "")) if end else None


def find_address(recipient: str, event: IncidentEvent, csirt: Csirt | None, person: User | None = None) -> str:
    """Return the present mail address of the recipient, or "" if no mail may be sent.

    The address may be missing or erased, or the account closed. The case may have gone to another centre, or have been
    acknowledged after it was rerouted. Its TLP may forbid a mail to the partner.
    """
    match recipient:
        case Recipient.BODY:
            return person.email if person and person.is_active else ""
        case Recipient.DECLARANT:
            is_over = event.kind == EventKind.REROUTED and not is_still_routed(event)
            return "" if is_over else event.incident.story.contact_email
        case Recipient.PARTNER:
            return find_partner_address(event)
    return csirt.notification_email if csirt and concerns_centre(csirt, event) else ""


def concerns_centre(csirt: Csirt, event: IncidentEvent) -> bool:
    """Tell whether the event still concerns this centre.

    It does not if the centre gave the case away, or if the case is no longer proposed to the centre.
    """
    match event.kind:
        case EventKind.TRANSFER_ASKED:
            return Transfer.objects.filter(uid=event.data["transfer"], state=TransferState.ASKED).exists()
        case EventKind.TRANSFER_RETURNED:
            return str(event.data["from"]) == csirt.slug
        case EventKind.REROUTED:
            return str(event.data["to"]) == csirt.slug and is_still_routed(event)
    return csirt.pk == event.incident.csirt_id


def is_still_routed(event: IncidentEvent) -> bool:
    """Tell whether a rerouting still holds.

    It must be the latest of its case, and nobody may have acknowledged the case. The case must still have the centre
    that the rerouting gave, or no centre if it gave none.
    """
    incident = event.incident
    if incident.status != Status.DECLARED or event.data["to"] != (incident.csirt.slug if incident.csirt else ""):
        return False
    return not incident.events.filter(kind=EventKind.REROUTED, id__gt=event.pk).exists()


def find_partner_address(event: IncidentEvent) -> str:
    """Return the mail address of the partner, or "" if nothing may be sent any more.

    Nothing may be sent if the partner left the list or has no published address, or if the case was erased or is
    TLP:RED now. Nothing may be sent either if the present TLP requires an agreement that the declarant did not give.
    """
    partner, data = PARTNERS.get(event.data["partner"]), event.data
    if partner is None or event.incident.erased_at:
        return ""
    may_go = may_mail_to_partner(
        event.incident.tlp, partner, label=data.get("tlp", ""), is_agreed=data.get("agreed", False)
    )
    return partner.email if may_go else ""
