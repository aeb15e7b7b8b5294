"""Whether the mails of a case arrived, for the page of the case, which reaches this module
through a setting (ARRIVALS).
"""

from collections import defaultdict
from collections.abc import Collection
from datetime import datetime
from typing import NamedTuple

from notifications.enums import DeliveryStatus, Recipient, Trouble
from notifications.models import Delivery

MOST = 400
TROUBLED = (DeliveryStatus.REFUSED, DeliveryStatus.DEAD, DeliveryStatus.NO_CHANNEL)


class Arrival(NamedTuple):
    """What became of one mail: the recipient and the state in words, when it left, and why it failed.
    It holds no address.
    """

    to: str
    state: str
    at: datetime | None
    trouble: str
    is_troubled: bool


def arrivals_of(events: Collection[int]) -> dict[int, list[Arrival]]:
    """Return the arrivals by event, the latest first, at most MOST in all. One query."""
    rows = Delivery.objects.filter(announcement__event__in=events).order_by("-id")
    found = defaultdict[int, list[Arrival]](list)
    for event, recipient, status, at, trouble in rows.values_list(
        "announcement__event", "recipient", "status", "sent_at", "last_error"
    )[:MOST]:
        why = str(Trouble(trouble).label) if trouble else ""
        state = str(DeliveryStatus(status).label)
        found[event].append(Arrival(str(Recipient(recipient).label), state, at, why, status in TROUBLED))
    return found
