"""A case that had no channel: once its centre, or its declarant, has an address, one mail says what still waits.

One of each case, so that a centre which gives its address after a month gets no mail of what is over, nor ten of one
case. The others are without object.
"""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from datetime import timedelta
from typing import Any

from django.db import transaction
from django.db.models import Q, QuerySet
from django.utils import timezone

from csirts.models import Csirt
from incidents.enums import EventKind, Status
from incidents.models import IncidentEvent
from notifications.enums import Channel, DeliveryStatus, Recipient, Trouble
from notifications.models import Delivery
from notifications.recipients import TOLD_ONCE, address_of

CASES_AT_ONCE = 100
# One who never gave an address waits for ever: no more is read of them than of the last day.
MISSED_WITHIN = timedelta(days=1)
CASE = "announcement__event__incident"
# The sheet of facts that says whom to call back, and where to write.
CALLER_SECTION = "rappel"
ARRIVALS = (EventKind.DECLARED, EventKind.REROUTED, EventKind.TRANSFERRED)
NEWS = (*TOLD_ONCE, EventKind.WITHDRAWN)
# What a mail to the declarant says of the case is said while it is so.
TRUE_WHILE: dict[str, Status] = {
    EventKind.DECLARED: Status.DECLARED,
    EventKind.ACKNOWLEDGED: Status.ACKNOWLEDGED,
    EventKind.REOPENED: Status.ACKNOWLEDGED,
    EventKind.CLOSED: Status.CLOSED,
    EventKind.WITHDRAWN: Status.CLOSED,
}


@transaction.atomic
def send_to_centres() -> int:
    """Make due what waits for centres that have an address by now. Return how many mails leave."""
    reached = list(Csirt.objects.exclude(notification_email="").order_by().values_list("pk", flat=True))
    stuck = Delivery.objects.filter(status=DeliveryStatus.NO_CHANNEL, csirt__in=reached)
    cases = set(stuck.order_by("csirt", "id").values_list(CASE, flat=True)[:CASES_AT_ONCE])
    return revive(stuck.filter(**{f"{CASE}__in": cases})) if cases else 0


def send_to_declarants(events: Iterable[IncidentEvent]) -> int:
    """Make due what waits for declarants who have just said where to write to them. Return how many mails leave."""
    is_told = (one for one in events if one.kind == EventKind.FACTS and one.data.get("section") == CALLER_SECTION)
    cases = {one.incident_id for one in is_told}
    if not cases:
        return 0
    return revive(without_address().filter(**{f"{CASE}__in": cases}))


@transaction.atomic
def send_to_missed_declarants() -> int:
    """Make due what was announced while its declarant was giving an address: whoever announced it had read that there
    was none, and it was not there yet for whoever heard of the address. Return how many mails leave.
    """
    lately = without_address().filter(due_at__gt=timezone.now() - MISSED_WITHIN)
    cases = set(lately.order_by("due_at", "id").values_list(CASE, flat=True)[:CASES_AT_ONCE])
    return revive(without_address().filter(**{f"{CASE}__in": cases})) if cases else 0


def without_address() -> QuerySet[Delivery]:
    """Return what waits for declarants who have an address by now."""
    stuck = Delivery.objects.filter(status=DeliveryStatus.NO_CHANNEL, recipient=Recipient.DECLARANT)
    return stuck.filter(**{f"{CASE}__story__contact_email__gt": ""})


def revive(stuck: QuerySet[Delivery]) -> int:
    """Make due the one mail of each case and recipient that says what waits; the others are without object."""
    held = stuck.select_for_update(skip_locked=True, of=("self",)).order_by("-announcement__event")
    by_case = defaultdict[tuple[int, int | None], list[Delivery]](list)
    for row in held.select_related("csirt", f"{CASE}__story", f"{CASE}__csirt"):
        by_case[row.event.incident_id, row.csirt_id].append(row)
    chosen = [choose(rows) for rows in by_case.values()]
    sent = [row.pk for row in chosen if row]
    left = [row.pk for rows in by_case.values() for row in rows if row.pk not in sent]
    Delivery.objects.filter(pk__in=left).update(status=DeliveryStatus.MOOT)
    due: dict[str, Any] = {
        "status": DeliveryStatus.DUE,
        "channel": Channel.EMAIL,
        "attempts": 0,
        "last_error": Trouble.NONE,
    }
    # A centre gets many at once; each declarant has given their address just now.
    due |= {"due_at": timezone.now(), "is_late": Q(csirt__isnull=False)}
    return Delivery.objects.filter(pk__in=sent).update(**due)


def choose(rows: Sequence[Delivery]) -> Delivery | None:
    """Return the mail of one case, the newest first, that says what still waits; None where nothing does."""
    reachable = [row for row in rows if address_of(row.recipient, row.event, row.csirt)]
    if rows[0].recipient == Recipient.DECLARANT:
        return next((row for row in reachable if is_still_true(row)), None)
    incident = rows[0].incident
    waiting: tuple[EventKind, ...] = (EventKind.TRANSFER_ASKED,)
    if incident.status == Status.DECLARED:
        waiting += ARRIVALS
    elif incident.answer_by if incident.status != Status.CLOSED else incident.wrote_since_closing:
        waiting += NEWS
    return next((row for row in reachable if row.event.kind in waiting), None)


def is_still_true(row: Delivery) -> bool:
    status = row.incident.status
    return TRUE_WHILE.get(row.event.kind, status) == status
