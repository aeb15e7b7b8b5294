"""Signs of life of the sending of mails, for the health page: the last turn of the clock, and mails that do not
leave.
"""

import time
from datetime import datetime, timedelta

from django.core.cache import cache
from django.db.models import Q
from redis import RedisError

from accounts.enums import MailStatus
from accounts.models import PendingMail
from notifications.enums import DeliveryStatus, Trouble
from notifications.models import Delivery

CLOCK_KEY = "notifications:clock_turn"
# What is older than this is reported as a failure. The clock takes a turn every few seconds.
LATE_AFTER = timedelta(minutes=5)
# Troubles of our own mail server, or of our own keys. A mail keeps its last trouble until it leaves.
OUR_TROUBLES = (Trouble.UNREACHABLE, Trouble.CUT_OFF, Trouble.UNWRITABLE)


def record_clock_turn() -> None:
    """Record that the clock has sent a task and that the worker of the mails has run it."""
    cache.set(CLOCK_KEY, time.time(), timeout=None)


def is_clock_running() -> bool:
    """Tell whether the clock has taken a turn within LATE_AFTER. A turn in the future is no sign of life: the time of
    the machine was set back since, and the next turn comes within seconds.
    """
    try:
        turn = cache.get(CLOCK_KEY)
    except RedisError:
        return False
    return turn is not None and abs(time.time() - turn) < LATE_AFTER.total_seconds()


def are_mails_leaving(now: datetime) -> bool:
    """Tell whether no mail about a case or an account has been due for longer than LATE_AFTER, nor failed for so long
    because of us. Runs two queries, on the mails that are to be sent.

    A mail that the server of its recipient does not accept yet is due again later, and is no failure of ours.
    """
    limit = now - LATE_AFTER
    is_late, is_failing = Q(due_at__lt=limit), Q(last_error__in=OUR_TROUBLES)
    about_cases = Delivery.objects.filter(is_late | is_failing & Q(announcement__event__at__lt=limit))
    about_accounts = PendingMail.objects.filter(is_late | is_failing & Q(created_at__lt=limit))
    return not (
        about_cases.filter(status=DeliveryStatus.DUE).exists() or about_accounts.filter(status=MailStatus.DUE).exists()
    )
