"""Who hears about what. The table first, for whoever must approve it; the code after.

The declarant has no account: the mailbox that was given may be the one that was broken into. So no mail carries a
secret that was made anew (LINK_ROTATED warns, and the new code stays on the screen or the telephone that asked).
"""

from csirts.models import Csirt
from incidents.enums import EventKind
from incidents.models import Incident
from notifications.enums import Recipient

WHO_HEARS: dict[str, tuple[Recipient, ...]] = {
    # The centre has a new case; the declarant gets a receipt.
    EventKind.DECLARED: (Recipient.CSIRT, Recipient.DECLARANT),
    # Somebody has taken the case: the declarant knows that it was read.
    EventKind.ACKNOWLEDGED: (Recipient.DECLARANT,),
    # It was done by calling the body back: it knows.
    EventKind.VERIFIED: (),
    # The centre has finished.
    EventKind.CLOSED: (Recipient.DECLARANT,),
    # What the declarant adds after the declaration reaches the centre, and the centre's words the declarant.
    EventKind.FACTS: (),
    EventKind.MESSAGE: (),
    EventKind.FILE: (),
    EventKind.WITHDRAWN: (),
    EventKind.CLAIMED: (),
    EventKind.SHARED: (),
    EventKind.UNSHARED: (),
    EventKind.BODY_CONFIRMED: (),
    EventKind.BODY_MERGED: (),
    # A warning, without the new code: if somebody else renewed it, the declarant must hear of it.
    EventKind.LINK_ROTATED: (Recipient.DECLARANT,),
    # The address is gone with the rest, as was asked.
    EventKind.ERASED: (),
}


def address_of(recipient: str, incident: Incident, csirt: Csirt | None) -> str:
    """Where to write now, or "" when there is no way: no centre, no address chosen by its lead, none given, erased."""
    if recipient == Recipient.DECLARANT:
        return incident.story.contact_email
    return csirt.notification_email if csirt else ""
