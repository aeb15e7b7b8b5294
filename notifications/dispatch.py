"""The steps from an event to a sent mail: deliveries are created for each event, then the deliveries that are due are
sent.

Several workers may do both at once. The rows record what remains to be done, so that a lost Celery message loses no
mail.
"""

from collections import deque
from collections.abc import Iterable, Iterator
from datetime import datetime, timedelta
from itertools import groupby, islice

import structlog
from django.core.mail import EmailMessage
from django.db import transaction
from django.db.models import F
from django.utils import timezone

from accounts.dispatch import MAX_ATTEMPTS, compute_pause, send_due_mails
from accounts.transports.email import Mailer, NotSent
from core.locks import Lock, acquire_lock
from incidents.models import IncidentEvent, PendingEvent
from notifications.audience import Audience
from notifications.channels import resume_declarant_mails
from notifications.enums import Channel, DeliveryStatus, Trouble
from notifications.messages import write_case_mail
from notifications.models import CONSUMER, Announcement, Delivery
from notifications.recipients import find_address

logger = structlog.get_logger(__name__)

ANNOUNCED_AT_ONCE = 100
# These are small, so that a mail for which somebody waits is claimed soon.
CASES_CLAIMED_AT_ONCE, MAX_MESSAGES_A_CASE = 10, 10
# A claim is a lease: a worker starts no new message after this time, well before its rows are due again.
LEASE_TIME = timedelta(seconds=15)
PASS_TIME_LIMIT = timedelta(seconds=60)
# The pause after a failure of our own mail server, during which nothing is tried and no attempt counted.
SERVER_PAUSE = timedelta(seconds=20)


def announce_all_events() -> int:
    """Create the announcement and the deliveries of every pending event. Return the number of events."""
    announced = latest = announce_event_batch()
    while latest == ANNOUNCED_AT_ONCE:
        latest = announce_event_batch()
        announced += latest
    return announced


@transaction.atomic
def announce_event_batch() -> int:
    """Announce one batch of events, and return their number.

    Each event is announced exactly once, because its pending row is deleted in the transaction that creates the
    deliveries.
    """
    pending = list(
        PendingEvent.objects.filter(consumer=CONSUMER)
        .select_for_update(skip_locked=True, of=("self",))
        .select_related("event__incident__csirt", "event__incident__story")
        .order_by("event_id")[:ANNOUNCED_AT_ONCE]
    )
    if not pending:
        return 0
    announced = set(
        Announcement.objects.filter(event__in=[row.event_id for row in pending]).values_list("event", flat=True)
    )
    announcements = Announcement.objects.bulk_create(
        Announcement(event=row.event) for row in pending if row.event_id not in announced
    )
    audience = Audience([row.event for row in announcements])
    Delivery.objects.bulk_create(delivery for row in announcements for delivery in make_deliveries(row, audience))
    resume_declarant_mails(row.event for row in announcements)
    PendingEvent.objects.filter(pk__in=[row.pk for row in pending]).delete()
    return len(pending)


def make_deliveries(announcement: Announcement, audience: Audience) -> Iterator[Delivery]:
    """Yield a delivery for each recipient. A recipient without an address gets a delivery with status NO_CHANNEL."""
    event: IncidentEvent = announcement.event
    for addressee in audience.list_addressees(event):
        has_channel = bool(find_address(addressee.recipient, event, addressee.csirt, addressee.person))
        yield Delivery(
            announcement=announcement,
            recipient=addressee.recipient,
            csirt=addressee.csirt,
            person=addressee.person,
            channel=Channel.EMAIL if has_channel else Channel.NONE,
            status=DeliveryStatus.DUE if has_channel else DeliveryStatus.NO_CHANNEL,
            due_at=timezone.now(),
        )


def send_due_deliveries() -> int:
    """Send the deliveries that are due, until none is left or a minute has passed. Return the number sent.

    After each batch, new events are announced, and mails about accounts are sent. Originators take turns, so that a
    bulk action does not delay the mails of others (`DeliveryQuerySet.in_turn`).
    """
    count, deadline = 0, timezone.now() + PASS_TIME_LIMIT
    with Mailer() as mailer:
        while timezone.now() < deadline and (claimed := claim_deliveries(timezone.now())):
            count += send_claimed_deliveries(claimed, mailer)
            announce_all_events()
            send_due_mails()
    return count


@transaction.atomic
def claim_deliveries(now: datetime) -> list[Delivery]:
    """Return due deliveries of some cases, after counting an attempt for each and scheduling its next attempt.

    A delivery that is due after MAX_ATTEMPTS attempts becomes DEAD. The mails of one case are sent together, in the
    order of its events. Only one worker claims at a time. Otherwise a worker that found only rows locked by another
    claim would see nothing due and stop.
    """
    acquire_lock(Lock.CLAIM_DELIVERIES)
    due = Delivery.objects.due(now)
    due.filter(attempts__gte=MAX_ATTEMPTS).update(status=DeliveryStatus.DEAD)
    turns = due.in_turn().values_list("announcement__event__incident", flat=True)[:CASES_CLAIMED_AT_ONCE]
    cases = list(dict.fromkeys(turns))
    free = due.filter(announcement__event__incident__in=cases).select_for_update(skip_locked=True, of=("self",))
    in_order = sorted(
        free.select_related("announcement__event"),
        key=lambda delivery: (cases.index(delivery.event.incident_id), delivery.due_at, delivery.pk),
    )
    by_case = groupby(in_order, key=lambda delivery: delivery.event.incident_id)
    claimed = [delivery for _case, deliveries in by_case for delivery in islice(deliveries, MAX_MESSAGES_A_CASE)]
    for delivery in claimed:
        delivery.attempts += 1
        delivery.due_at = now + compute_pause(delivery.attempts)
    Delivery.objects.bulk_update(claimed, ["attempts", "due_at"])
    return claimed


def send_claimed_deliveries(claimed: list[Delivery], mailer: Mailer) -> int:
    """Send the claimed deliveries and record each result at once. Return the number sent.

    Deliveries that cannot be tried in time are released, and their attempt does not count.
    """
    deadline = timezone.now() + LEASE_TIME
    full = Delivery.objects.with_content().in_bulk([delivery.pk for delivery in claimed])
    waiting = deque(full[delivery.pk] for delivery in claimed)
    count = 0
    while waiting and timezone.now() < deadline:
        delivery = waiting.popleft()
        problem = try_delivery(delivery, mailer)
        if problem is None:
            count += 1
        elif problem.can_retry:
            waiting = postpone_similar_deliveries(delivery, problem, waiting)
    release_claims(waiting, due_at=timezone.now())
    return count


def try_delivery(delivery: Delivery, mailer: Mailer) -> NotSent | None:
    """Send one message and record the result. Return the problem, or None."""
    try:
        mailer.send(write_mail_to_recipient(delivery))
    except NotSent as problem:
        record_delivery_problem(delivery, problem)
        return problem
    save_delivery_outcome(delivery, status=DeliveryStatus.SENT, sent_at=timezone.now(), last_error=Trouble.NONE)
    return None


def write_mail_to_recipient(delivery: Delivery) -> EmailMessage:
    """Return the mail to the present address of the recipient.

    Raises NotSent if there is no address or if the mail cannot be written.
    """
    address = find_address(delivery.recipient, delivery.event, delivery.csirt, delivery.person)
    if not address:
        raise NotSent(Trouble.NO_ADDRESS, can_retry=False)
    try:
        return write_case_mail(delivery, to=address)
    except Exception as error:  # an error in one message must not hold up the others
        logger.error("a message cannot be written", delivery=str(delivery.key), error=type(error).__name__)  # noqa: TRY400  (a trace may hold what people wrote)
        raise NotSent(Trouble.UNWRITABLE, can_retry=True) from error


def record_delivery_problem(delivery: Delivery, problem: NotSent) -> None:
    """Save the status that follows from the problem, and log the problem."""
    logger.warning("not sent", delivery=str(delivery.key), trouble=problem.trouble.value, attempts=delivery.attempts)
    if problem.trouble == Trouble.NO_ADDRESS:
        save_delivery_outcome(
            delivery, status=DeliveryStatus.NO_CHANNEL, channel=Channel.NONE, last_error=problem.trouble
        )
    elif not problem.can_retry:
        save_delivery_outcome(delivery, status=DeliveryStatus.REFUSED, last_error=problem.trouble)
    elif delivery.attempts >= MAX_ATTEMPTS and not problem.everywhere:
        save_delivery_outcome(delivery, status=DeliveryStatus.DEAD, last_error=problem.trouble)
    else:
        save_delivery_outcome(delivery, last_error=problem.trouble)


def save_delivery_outcome(delivery: Delivery, **outcome: object) -> None:
    """Save the outcome in its own transaction, unless another worker has settled the delivery."""
    Delivery.objects.filter(pk=delivery.pk, status=DeliveryStatus.DUE).update(**outcome)


def postpone_similar_deliveries(failed: Delivery, problem: NotSent, waiting: deque[Delivery]) -> deque[Delivery]:
    """Postpone the deliveries that would fail as `failed` did. Return those of `waiting` that may still be tried.

    If our own mail server failed, all due deliveries are postponed, and none may still be tried. Otherwise only those
    to the same centre are postponed. The attempts of postponed deliveries do not count.
    """
    now = timezone.now()
    if problem.everywhere:
        Delivery.objects.due(now).update(due_at=now + SERVER_PAUSE)
        release_claims([failed, *waiting], due_at=now + SERVER_PAUSE)
        return deque()
    if failed.csirt is None:
        return waiting
    Delivery.objects.due(now).filter(csirt=failed.csirt).update(due_at=failed.due_at)
    release_claims([delivery for delivery in waiting if delivery.csirt_id == failed.csirt_id], due_at=failed.due_at)
    return deque(delivery for delivery in waiting if delivery.csirt_id != failed.csirt_id)


def release_claims(deliveries: Iterable[Delivery], *, due_at: datetime) -> None:
    """Make claimed deliveries due at `due_at`, without counting their attempt."""
    claimed = Delivery.objects.filter(pk__in=[delivery.pk for delivery in deliveries], status=DeliveryStatus.DUE)
    claimed.update(due_at=due_at, attempts=F("attempts") - 1)


def replay_deliveries(*, status: str, csirt: str = "") -> int:
    """Schedule the deliveries with this status again, and return their number.

    `csirt` is the slug of a centre, to which the deliveries are limited, or "" for no limit. A delivery keeps its key,
    so that a mail client recognises a mail sent twice.
    """
    stuck = Delivery.objects.filter(status=status)
    if csirt:
        stuck = stuck.filter(csirt__slug=csirt)
    return stuck.update(
        status=DeliveryStatus.DUE, channel=Channel.EMAIL, attempts=0, due_at=timezone.now(), last_error=Trouble.NONE
    )
