"""Limits for people without account. A declaration beyond a limit is accepted and marked, and sends no receipt; a new
code or a withdrawal beyond its own limit is done, and sends the declarant no mail.

Without limits, a script could make the platform write to mailboxes that it chooses, or hide a real case among invented
ones. The counts are rows, which remain when the cache is lost; their keys are digests.
"""

from collections.abc import Iterable
from datetime import datetime, timedelta

from django.db import connection

from core.secrets import hash_value
from incidents.enums import Burst, EventKind, Status
from incidents.facts.shapes import Declaration
from incidents.models import Incident, RecentCount

BURST_WINDOW = timedelta(hours=1)
# High enough for a town hall that declares one attack three times, and for a person who serves several towns.
BURST_LIMITS = {Burst.ADDRESS: 5, Burst.MAILBOX: 3, Burst.BODY: 5}
# How many départements one address may ask cards for in an hour: each takes a worker half a minute.
MAX_CARDS = 5

# Rows are locked in the order of the keys, so that two transactions never deadlock.
COUNT = """
    INSERT INTO incidents_recentcount AS kept (key, began_at, number)
    SELECT key, %(now)s, 1 FROM unnest(%(keys)s::text[]) AS key ORDER BY key
    ON CONFLICT (key) DO UPDATE SET
        number = CASE WHEN kept.began_at > %(since)s THEN kept.number + 1 ELSE 1 END,
        began_at = CASE WHEN kept.began_at > %(since)s THEN kept.began_at ELSE excluded.began_at END
    RETURNING key, number
"""


def find_burst(declaration: Declaration, *, source: str, now: datetime) -> Burst | None:
    """Count a declaration that comes from the address `source`. Returns the first limit that it exceeds, or None.

    One query. Call it inside the transaction that declares.
    """
    body, email = str(declaration.collectivity.uid), declaration.caller.email
    values = {Burst.ADDRESS: source, Burst.BODY: body, Burst.MAILBOX: normalise_mailbox(email) if email else ""}
    keys = {burst: digest_value(burst, value) for burst, value in values.items() if value}
    numbers = count_keys(keys.values(), now)
    return next((burst for burst, key in keys.items() if numbers[key] > BURST_LIMITS[burst]), None)


def find_mail_burst(incident: Incident, kind: EventKind, *, now: datetime) -> Burst | None:
    """Count a new code or a withdrawal by a person without account, which mails the declarant a warning. Returns the
    limit that it exceeds, or None. Nothing is counted if no mail address was given.

    Only the mailbox is limited, by a count of its own: declarations do not add to it, and warnings never mark a
    declaration. The first act of this kind on a case within an hour always warns, unless the case came in a burst and
    nobody has acknowledged it. Two queries at most. Call it inside the transaction of the act.
    """
    if not (email := incident.story.contact_email):
        return None
    mailbox, case = digest_value("warned", normalise_mailbox(email)), digest_value(kind, incident.reference)
    numbers = count_keys([mailbox, case], now)
    is_first = numbers[case] == 1 and not (incident.burst and incident.status == Status.DECLARED)
    return Burst.MAILBOX if numbers[mailbox] > BURST_LIMITS[Burst.MAILBOX] and not is_first else None


def asks_many_cards(source: str, now: datetime) -> bool:
    """Count a request for the cards of a département, and tell whether this address has made too many in the last
    hour.
    """
    key = digest_value("cards", source)
    return count_keys([key], now)[key] > MAX_CARDS


def count_keys(keys: Iterable[str], now: datetime) -> dict[str, int]:
    """Add one to each key. Returns the count of each key, which restarts an hour after it began."""
    with connection.cursor() as cursor:
        cursor.execute(COUNT, {"keys": list(keys), "now": now, "since": now - BURST_WINDOW})
        return dict(cursor.fetchall())


def digest_value(purpose: str, value: str) -> str:
    return hash_value("incidents.limits", f"{purpose}:{value}").hex()[:32]


def normalise_mailbox(address: str) -> str:
    """Return the mailbox of an address, without tag after « + », capitals and quotes, which do not change it."""
    name, _at, domain = address.lower().rpartition("@")
    return f"{name.strip('"').partition('+')[0]}@{domain}"


def forget_counts(now: datetime) -> None:
    """Delete the counts that are more than an hour old."""
    RecentCount.objects.filter(began_at__lte=now - BURST_WINDOW).delete()
