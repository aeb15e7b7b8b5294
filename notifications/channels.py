"""Mails that could not be sent because their recipient had no address. Once the centre or the declarant has one, one
mail of each case is sent.

Only one is sent, so that a centre that gives its address after a month gets no mail about closed cases and not ten
about one case. The other deliveries become MOOT.
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
from incidents.facts.description import Section
from incidents.models import IncidentEvent
from notifications.enums import Channel, DeliveryStatus, Recipient, Trouble
from notifications.models import CASE_PATH, Delivery
from notifications.recipients import ANNOUNCED_ONCE, find_address

CASES_AT_ONCE = 100
# Without this limit, each pass would query again every mail to a declarant who never gives an address.
MISSED_WITHIN = timedelta(days=1)
# The events that bring a case to a centre.
ARRIVAL_KINDS = (EventKind.DECLARED, EventKind.REROUTED, EventKind.TRANSFERRED)
NEWS_KINDS = (*ANNOUNCED_ONCE, EventKind.WITHDRAWN)
# Mails to the declarant that are true only while the case has this status.
TRUE_WHILE: dict[str, Status] = {
    EventKind.DECLARED: Status.DECLARED,
    EventKind.ACKNOWLEDGED: Status.ACKNOWLEDGED,
    EventKind.REOPENED: Status.ACKNOWLEDGED,
    EventKind.CLOSED: Status.CLOSED,
    EventKind.WITHDRAWN: Status.CLOSED,
}


@transaction.atomic
def resume_centre_mails() -> int:
    """Schedule the waiting mails to centres that now have an address. Return their number."""
    reachable_centres = list(Csirt.objects.exclude(notification_email="").order_by().values_list("pk", flat=True))
    stuck = Delivery.objects.filter(status=DeliveryStatus.NO_CHANNEL, csirt__in=reachable_centres)
    cases = set(stuck.order_by("csirt", "id").values_list(CASE_PATH, flat=True)[:CASES_AT_ONCE])
    return resume_deliveries(stuck.filter(**{f"{CASE_PATH}__in": cases})) if cases else 0


def resume_declarant_mails(events: Iterable[IncidentEvent]) -> int:
    """Schedule the waiting mails to declarants who gave an address in one of these events. Return their number."""
    with_address = (
        event for event in events if event.kind == EventKind.FACTS and event.data.get("section") == Section.CALLER
    )
    cases = {event.incident_id for event in with_address}
    if not cases:
        return 0
    return resume_deliveries(list_reachable_deliveries().filter(**{f"{CASE_PATH}__in": cases}))


@transaction.atomic
def resume_missed_declarant_mails() -> int:
    """Schedule the mails that were announced while the declarant was giving an address. Return their number.

    The announcement did not see the address yet, and `resume_declarant_mails` did not see the delivery yet.
    """
    recent = list_reachable_deliveries().filter(due_at__gt=timezone.now() - MISSED_WITHIN)
    cases = set(recent.order_by("due_at", "id").values_list(CASE_PATH, flat=True)[:CASES_AT_ONCE])
    return resume_deliveries(list_reachable_deliveries().filter(**{f"{CASE_PATH}__in": cases})) if cases else 0


def list_reachable_deliveries() -> QuerySet[Delivery]:
    """Return the deliveries with status NO_CHANNEL to declarants who have an address now."""
    stuck = Delivery.objects.filter(status=DeliveryStatus.NO_CHANNEL, recipient=Recipient.DECLARANT)
    return stuck.filter(**{f"{CASE_PATH}__story__contact_email__gt": ""})


def resume_deliveries(stuck: QuerySet[Delivery]) -> int:
    """Schedule at most one of these deliveries for each case and recipient, and set the others to MOOT.

    Return the number scheduled. Rows that another process has locked are skipped.
    """
    locked = stuck.select_for_update(skip_locked=True, of=("self",)).order_by("-announcement__event")
    by_case = defaultdict[tuple[int, int | None], list[Delivery]](list)
    for row in locked.select_related("csirt", f"{CASE_PATH}__story", f"{CASE_PATH}__csirt"):
        by_case[row.event.incident_id, row.csirt_id].append(row)
    chosen = [choose_mail(rows) for rows in by_case.values()]
    resumed = [row.pk for row in chosen if row]
    moot = [row.pk for rows in by_case.values() for row in rows if row.pk not in resumed]
    Delivery.objects.filter(pk__in=moot).update(status=DeliveryStatus.MOOT)
    due: dict[str, Any] = {
        "status": DeliveryStatus.DUE,
        "channel": Channel.EMAIL,
        "attempts": 0,
        "last_error": Trouble.NONE,
    }
    # A centre gets many mails at once, which may wait; a declarant has just given an address and expects the mail.
    due |= {"due_at": timezone.now(), "is_late": Q(csirt__isnull=False)}
    return Delivery.objects.filter(pk__in=resumed).update(**due)


def choose_mail(rows: Sequence[Delivery]) -> Delivery | None:
    """Return the one delivery to send, or None if none of them still matters.

    `rows` are the deliveries of one case to one recipient, newest first.
    """
    reachable = [row for row in rows if find_address(row.recipient, row.event, row.csirt)]
    if rows[0].recipient == Recipient.DECLARANT:
        return next((row for row in reachable if has_announced_status(row)), None)
    incident = rows[0].incident
    kinds: tuple[EventKind, ...] = (EventKind.TRANSFER_ASKED,)
    if incident.status == Status.DECLARED:
        kinds += ARRIVAL_KINDS
    elif incident.answer_by if incident.status != Status.CLOSED else incident.has_addition_since_closing:
        kinds += NEWS_KINDS
    return next((row for row in reachable if row.event.kind in kinds), None)


def has_announced_status(row: Delivery) -> bool:
    """Tell whether the case still has the status that the mail announces."""
    status = row.incident.status
    return TRUE_WHILE.get(row.event.kind, status) == status
