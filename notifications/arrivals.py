"""What became of the mails of a case, for its history. `apps.py` registers the function in `incidents/panels.py`."""

from collections import defaultdict
from collections.abc import Collection

from incidents.panels import Remark
from notifications.enums import DeliveryStatus, Recipient, Trouble
from notifications.models import Delivery

MAX_REMARKS = 400
FAILED_STATUSES = (DeliveryStatus.REFUSED, DeliveryStatus.DEAD, DeliveryStatus.NO_CHANNEL)


def load_delivery_remarks(events: Collection[int]) -> dict[int, list[Remark]]:
    """Return remarks on the mails of these events, by event id, the latest first. Runs one query.

    `events` are ids. A remark gives the state of one mail, without its address. At most MAX_REMARKS are returned.
    """
    rows = Delivery.objects.filter(announcement__event__in=events).order_by("-id")
    remarks = defaultdict[int, list[Remark]](list)
    for event, recipient, status, at, trouble in rows.values_list(
        "announcement__event", "recipient", "status", "sent_at", "last_error"
    )[:MAX_REMARKS]:
        reason = str(Trouble(trouble).label) if trouble else ""
        state = str(DeliveryStatus(status).label)
        remarks[event].append(Remark(str(Recipient(recipient).label), state, at, reason, status in FAILED_STATUSES))
    return remarks
