"""Who hears about what. The table first, for whoever must approve it; the code after.

The declarant has no account: the mailbox that was given may be the one that was broken into. So no mail carries a
secret that was made anew (LINK_ROTATED warns, and the new code stays on the screen or the telephone that asked).
"""

from accounts.models import User
from csirts.models import Csirt
from incidents.enums import EventKind
from incidents.models import Incident, IncidentEvent
from notifications.enums import Recipient

WHO_HEARS: dict[str, tuple[Recipient, ...]] = {
    # The centre has a new case; the declarant gets a receipt; the accounts of the body hear what is said in its name.
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
    EventKind.TRANSFER_ASKED: (),
    EventKind.TRANSFERRED: (),
    EventKind.TRANSFER_RETURNED: (),
    EventKind.TRANSFER_WITHDRAWN: (),
    EventKind.ADVISED: (),
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


def wrote_it(recipient: str, event: IncidentEvent) -> bool:
    """Nobody gets a mail about the message that they have just written."""
    return event.kind == EventKind.MESSAGE and event.data.get("side") == recipient


def address_of(recipient: str, incident: Incident, csirt: Csirt | None, person: User | None = None) -> str:
    """Where to write now, or "" when there is no way: no centre, no address chosen by its lead, none given, erased."""
    if recipient == Recipient.BODY:
        return person.email if person and person.is_active else ""
    if recipient == Recipient.DECLARANT:
        return incident.story.contact_email
    return csirt.notification_email if csirt else ""
