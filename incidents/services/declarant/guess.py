"""Opening a case with its reference and follow-up code, and the wait after too many wrong codes.

Wrong codes delay further codes for the same reference only. The response and the queries are the same whether or not
the reference exists. The wait blocks neither the secret link nor a device on which the case is already open.
"""

from datetime import datetime, timedelta
from math import ceil

from django.db import transaction
from django.utils import timezone

from core.secrets import KeyUse, get_first_key, hash_value
from incidents.models import CodeGuess, FollowUpAccess
from incidents.reference import compact_code
from incidents.services.declarant.access import find_access

FREE_TRIES = 5
# The wait after the fifth wrong code, then after each further one.
GUESS_WAITS = [timedelta(minutes=minutes) for minutes in (1, 2, 5, 10, 15)]
COUNTER_LIFETIME = timedelta(days=1)
MAX_DELETED_AT_ONCE = 100


class TooManyWrongCodes(Exception):
    """Too many wrong codes were tried for this reference.

    `minutes` is how long to wait before the next code, at least one minute.
    """

    def __init__(self, wait: timedelta) -> None:
        super().__init__()
        self.minutes = max(1, ceil(wait.total_seconds() / 60))


def find_access_by_code(*, reference: str, code: str) -> FollowUpAccess | None:
    """Return the access to the case with this reference that the code opens, or None.

    Raises TooManyWrongCodes once too many wrong codes were tried. Until the wait is over, even the right code raises
    it.
    """
    now = timezone.now()
    with transaction.atomic():
        guess = lock_guess_counter(reference, now)
        if guess.waits_until and guess.waits_until > now:
            raise TooManyWrongCodes(guess.waits_until - now)
        access = find_access(code)
        if access and access.incident.reference == compact_code(reference):
            CodeGuess.objects.filter(pk=guess.pk, wrong__gt=0).update(wrong=0, waits_until=None)
            return access
        record_wrong_code(guess, now)
    if guess.waits_until:  # raised after the commit, so that the count is saved
        raise TooManyWrongCodes(guess.waits_until - now)
    return None


def lock_guess_counter(reference: str, now: datetime) -> CodeGuess:
    """Return the counter of wrong codes for this reference, locked until the transaction ends.

    The counter is created if needed. Thanks to the lock, simultaneous guesses are all counted.
    """
    # A new key restarts the counts of one day, which nobody but the operator can cause: no former key is tried.
    digest = hash_value("incidents.guess", compact_code(reference), secret=get_first_key(KeyUse.FOLLOW_UP)).hex()
    new_counter = CodeGuess(reference_hash=digest, last_at=now)
    # An update that changes nothing locks the row, even while another request deletes old rows.
    CodeGuess.objects.bulk_create(
        [new_counter], update_conflicts=True, unique_fields=["reference_hash"], update_fields=["reference_hash"]
    )
    return CodeGuess.objects.get(reference_hash=digest)


def record_wrong_code(guess: CodeGuess, now: datetime) -> None:
    """Add a wrong code to the counter and set the wait. The count restarts after a day without a wrong code."""
    earlier = 0 if guess.last_at < now - COUNTER_LIFETIME else guess.wrong
    guess.wrong, guess.last_at = min(earlier + 1, FREE_TRIES + len(GUESS_WAITS)), now
    extra_tries = guess.wrong - FREE_TRIES
    guess.waits_until = now + GUESS_WAITS[min(extra_tries, len(GUESS_WAITS) - 1)] if extra_tries >= 0 else None
    guess.save(update_fields=["wrong", "last_at", "waits_until"])
    delete_old_counters(now)


def delete_old_counters(now: datetime) -> None:
    """Delete counters without a wrong code for a day, at most `MAX_DELETED_AT_ONCE`.

    Codes that are tried with invented references leave such counters behind.
    """
    old = CodeGuess.objects.filter(last_at__lt=now - COUNTER_LIFETIME).order_by("last_at")
    swept = old.select_for_update(skip_locked=True).values_list("pk", flat=True)[:MAX_DELETED_AT_ONCE]
    CodeGuess.objects.filter(pk__in=list(swept)).delete()
