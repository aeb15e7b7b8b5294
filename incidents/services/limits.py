"""Limits of what is asked without account. A declaration beyond them is not refused but marked; it sends no receipt.

A machine could otherwise have us write to mailboxes that it chooses, or bury a real case among invented ones. What is
counted stands in the database, which is there when the cache is not; the keys are digests.
"""

from collections.abc import Iterable
from datetime import datetime, timedelta

from django.db import connection
from django.utils.crypto import salted_hmac

from incidents.declaration import Declaration
from incidents.enums import Burst
from incidents.models import RecentCount

WITHIN = timedelta(hours=1)
# A town hall whose people declare one attack three times is no machine, nor is whoever serves several towns.
MOST = {Burst.ADDRESS: 5, Burst.MAILBOX: 3, Burst.BODY: 5}
# Départements whose cards one address may ask for: each takes a worker half a minute.
MOST_CARDS = 5

# In the order of the keys, so that two transactions never wait for each other.
COUNT = """
    INSERT INTO incidents_recentcount AS kept (key, began_at, number)
    SELECT key, %(now)s, 1 FROM unnest(%(keys)s::text[]) AS key ORDER BY key
    ON CONFLICT (key) DO UPDATE SET
        number = CASE WHEN kept.began_at > %(since)s THEN kept.number + 1 ELSE 1 END,
        began_at = CASE WHEN kept.began_at > %(since)s THEN kept.began_at ELSE excluded.began_at END
    RETURNING key, number
"""


def find_burst(declaration: Declaration, *, source: str, now: datetime) -> Burst | None:
    """Count a declaration that comes from the address `source`, and return of what there are too many, if any.

    One query. Call it inside the transaction that declares.
    """
    values = {Burst.ADDRESS: source, Burst.BODY: str(declaration.collectivity.uid)}
    if declaration.caller.email:
        values[Burst.MAILBOX] = mailbox_of(declaration.caller.email)
    keys = {burst: digest(burst, value) for burst, value in values.items()}
    numbers = count(keys.values(), now)
    return next((burst for burst, key in keys.items() if numbers[key] > MOST[burst]), None)


def asks_many_cards(source: str, now: datetime) -> bool:
    """Count a demand for the cards of a département, and tell whether this address asks for too many."""
    key = digest("cards", source)
    return count([key], now)[key] > MOST_CARDS


def count(keys: Iterable[str], now: datetime) -> dict[str, int]:
    """Add one to each key, and return how many there are since the first one of the last hour."""
    with connection.cursor() as cursor:
        cursor.execute(COUNT, {"keys": list(keys), "now": now, "since": now - WITHIN})
        return dict(cursor.fetchall())


def digest(purpose: str, value: str) -> str:
    return salted_hmac("incidents.limits", f"{purpose}:{value}", algorithm="sha256").hexdigest()[:32]


def mailbox_of(address: str) -> str:
    """Return the mailbox that an address leads to: a tag after « + », capitals or quotes name the same one."""
    name, _at, domain = address.lower().rpartition("@")
    return f"{name.strip('"').partition('+')[0]}@{domain}"


def forget_counts(now: datetime) -> None:
    """Delete the counts that nothing is held against any more."""
    RecentCount.objects.filter(began_at__lte=now - WITHIN).delete()
