"""Limits for people without account. A declaration beyond a limit is accepted, but marked in the queue, and no receipt
is sent. A new code or a withdrawal beyond a limit is accepted, but no mail is sent to the declarant.

Without limits, a script could make the platform write to mailboxes that it chooses, or hide a real case among invented
cases. The counts are rows of the database, which remain when the cache is lost. Their keys are digests.
"""

import math
from collections.abc import Iterable
from datetime import datetime, timedelta

import structlog
from django.conf import settings
from django.core.cache import cache
from django.db import connection
from redis import RedisError

from core.secrets import hash_value
from incidents.enums import Burst, EventKind, Status
from incidents.facts.shapes import Declaration
from incidents.models import Incident, RecentCount

logger = structlog.get_logger(__name__)

BURST_WINDOW = timedelta(hours=1)
# The most declarations within BURST_WINDOW. These limits are high enough for a town hall that declares one attack
# three times, and for a person who declares for several towns.
BURST_LIMITS = {Burst.ADDRESS: 5, Burst.MAILBOX: 3, Burst.BODY: 5}
# The most mails that a centre gets within BURST_WINDOW about declarations of bursts, and about what somebody without
# account adds to these cases before anybody acknowledges them (`notifications`). A program that declares or writes for
# an hour would otherwise bury the mails about all other cases. Its queue has them all.
MAX_BURST_MAILS = 30
# The most requests for the cards of a département within BURST_WINDOW, since each occupies a worker for half a minute.
MAX_CARD_REQUESTS = 5

# While the cache has this key, no draft is started. The clock looks every quarter of an hour, which is how long the
# page asks to wait. Without the clock, the key is forgotten, and drafts are started.
FULL_KEY, FULL_LIFETIME_SECONDS, FULL_WAIT_SECONDS = "drafts:full", 1200, 900

# Adds `by` to each count, or restarts a count that began before `since`. Rows are locked in the order of their keys,
# so that two transactions never deadlock.
UPSERT_COUNTS = """
    INSERT INTO incidents_recentcount AS counted (key, began_at, number)
    SELECT key, %(now)s, %(by)s FROM unnest(%(keys)s::text[]) AS key ORDER BY key
    ON CONFLICT (key) DO UPDATE SET
        number = CASE WHEN counted.began_at > %(since)s THEN counted.number + %(by)s ELSE %(by)s END,
        began_at = CASE WHEN counted.began_at > %(since)s THEN counted.began_at ELSE excluded.began_at END
    RETURNING key, number
"""


def register_declaration(declaration: Declaration, *, source: str, now: datetime) -> Burst | None:
    """Add a declaration to the counts, and return the first limit that it exceeds, or None.

    `source` is a digest of the sender's IP address. Runs one query. Call it inside the transaction that declares.
    """
    body, email = str(declaration.collectivity.uid), declaration.caller.email
    values = {Burst.ADDRESS: source, Burst.BODY: body, Burst.MAILBOX: normalise_mailbox(email) if email else ""}
    keys = {burst: digest_value(burst, value) for burst, value in values.items() if value}
    numbers = increment_counts(keys.values(), now)
    return next((burst for burst, key in keys.items() if numbers[key] > BURST_LIMITS[burst]), None)


def register_act_with_mail(incident: Incident, kind: EventKind, *, now: datetime) -> Burst | None:
    """Count an act after which a mail warns the declarant. Return the limit that it exceeds, or None.

    The act is a new code, or a withdrawal by a person without account. The acts that warn the same mailbox are counted
    together, apart from declarations. The first act of its kind on a case within an hour exceeds no limit, unless the
    case came in a burst and nobody has acknowledged it. Nothing is counted if the case has no mail address. Runs two
    queries at most. Call it inside the transaction of the act.
    """
    if not (email := incident.story.contact_email):
        return None
    mailbox, case = digest_value("warned", normalise_mailbox(email)), digest_value(kind, incident.reference)
    numbers = increment_counts([mailbox, case], now)
    is_first = numbers[case] == 1 and not (incident.burst and incident.status == Status.DECLARED)
    return Burst.MAILBOX if numbers[mailbox] > BURST_LIMITS[Burst.MAILBOX] and not is_first else None


def exceeds_card_limit(source: str, now: datetime) -> bool:
    """Count a request for the cards of a département, and tell whether the sender has made too many.

    The limit is MAX_CARD_REQUESTS within an hour. `source` is a digest of the IP address of the sender.
    """
    key = digest_value("cards", source)
    return increment_counts([key], now)[key] > MAX_CARD_REQUESTS


def count_draft(source: str, now: datetime) -> None:
    """Count a draft that an address starts. Call it inside the transaction that creates the draft."""
    increment_counts([digest_value("drafts", source)], now)


def measure_draft_wait(source: str, now: datetime) -> int:
    """Return after how many seconds an address may start another draft. It may start DRAFTS_AN_HOUR within an hour, so
    that most may start one at once (0). If there are too many drafts, no address may. An express declaration needs no
    draft.

    `source` is a digest of the IP address of the sender. Runs one query at most.
    """
    if are_drafts_full():
        return FULL_WAIT_SECONDS
    return measure_wait(digest_value("drafts", source), settings.DRAFTS_AN_HOUR, now)


def are_drafts_full() -> bool:
    """Tell whether no address may start a draft, because there were too many when the clock last looked. If the cache
    does not answer, drafts are started.
    """
    try:
        return cache.get(FULL_KEY) is not None
    except RedisError:
        return False


def let_drafts_start(*, may_start: bool) -> None:
    """Keep whether new drafts may be started, until the clock looks again."""
    try:
        if may_start:
            cache.delete(FULL_KEY)
        else:
            cache.set(FULL_KEY, 1, timeout=FULL_LIFETIME_SECONDS)
    except RedisError:
        logger.warning("full drafts are not noted: the cache does not answer")


def measure_wait(key: str, most: int, now: datetime) -> int:
    """Return after how many seconds this count restarts, or 0 if it is less than `most`."""
    counts = RecentCount.objects.filter(key=key, began_at__gt=now - BURST_WINDOW, number__gte=most)
    began_at = counts.values_list("began_at", flat=True).first()
    return math.ceil((began_at + BURST_WINDOW - now).total_seconds()) if began_at else 0


def increment_counts(keys: Iterable[str], now: datetime, *, by: int = 1) -> dict[str, int]:
    """Add `by` to the count of each key, and return the new counts by key. A count restarts an hour after it began."""
    with connection.cursor() as cursor:
        cursor.execute(UPSERT_COUNTS, {"keys": list(keys), "now": now, "since": now - BURST_WINDOW, "by": by})
        return dict(cursor.fetchall())


def digest_value(purpose: str, value: str) -> str:
    """Return the keyed hash under which a value is counted. `purpose` keeps the counts of different limits apart."""
    return hash_value("incidents.limits", f"{purpose}:{value}").hex()[:32]


def normalise_mailbox(address: str) -> str:
    """Return the address in lower case, without quotes and without a tag after « + ».

    Mail to all these spellings arrives in the same mailbox.
    """
    name, _at, domain = address.lower().rpartition("@")
    return f"{name.strip('"').partition('+')[0]}@{domain}"


def delete_old_counts(now: datetime) -> None:
    """Delete the counts that began more than an hour ago."""
    RecentCount.objects.filter(began_at__lte=now - BURST_WINDOW).delete()
