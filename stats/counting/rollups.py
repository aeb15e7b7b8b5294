"""The exact sums, kept by signed differences: each pending event is counted once, in whatever order it comes.

A case is always recounted from its raw rows and compared with what was counted of it before, so an event that comes
twice, late or with others adds nothing wrong.
"""

from collections import Counter
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from datetime import date

from django.db import connection, transaction
from django.db.models import Count, Min, QuerySet

from incidents.models import Incident, PendingEvent
from stats.counting.facts import IS_HIT, IS_INCIDENT, counts_of, facts_of, is_hit, is_incident
from stats.locks import LOCK
from stats.models import CaseFact, Presence, Rollup

CONSUMER = "stats"
BATCH = 2000
COUNTED = (
    *("csirt_id", "region_id", "collectivity_id", "month", "quarter", "type", "is_counted", "is_verified"),
    *("nature", "cause", "discovery_delay", "help_delay", "closing_delay"),
    *("interruption_hours", "interruption_services", "leak_statuses", "leak_persons", "leak_categories"),
)

# csirt, region, month, measure, band
type Place = tuple[int | None, int | None, date, str, str]
type Sums = Counter[Place]
# csirt, region, year, body
type Whom = tuple[int | None, int | None, int, int]
# csirt, region, year, body, whether with an interruption or a leak
type Presences = Counter[tuple[int | None, int | None, int, int, bool]]

ADD = """
    INSERT INTO stats_rollup (csirt_id, region_id, month, measure, band, value)
    SELECT * FROM unnest(%s::bigint[], %s::bigint[], %s::date[], %s::text[], %s::text[], %s::bigint[])
    ON CONFLICT (csirt_id, month, measure, band, region_id)
    DO UPDATE SET value = stats_rollup.value + EXCLUDED.value
"""

ADD_PRESENCES = """
    INSERT INTO stats_presence (csirt_id, region_id, year, collectivity_id, incidents, hits)
    SELECT * FROM unnest(%s::bigint[], %s::bigint[], %s::int[], %s::bigint[], %s::int[], %s::int[])
    ON CONFLICT (csirt_id, year, collectivity_id, region_id)
    DO UPDATE SET incidents = stats_presence.incidents + EXCLUDED.incidents,
                  hits = stats_presence.hits + EXCLUDED.hits
"""


def fold_all() -> int:
    """Count all that is pending, a batch a transaction. Returns how many events were counted."""
    total = 0
    while folded := fold_batch():
        total += folded
    return total


@transaction.atomic
def fold_batch() -> int:
    """Count up to `BATCH` pending events; none if somebody else is folding. All of it is kept, or none."""
    if not take_lock():
        return 0
    pending = list(pending_events().select_for_update(of=("self",), skip_locked=True).order_by("pk")[:BATCH])
    recount({row.event.incident_id for row in pending})
    PendingEvent.objects.filter(pk__in=[row.pk for row in pending]).delete()
    return len(pending)


def pending_events() -> QuerySet[PendingEvent]:
    return PendingEvent.objects.filter(consumer=CONSUMER).select_related("event")


def take_lock() -> bool:
    """Until the end of the transaction; False if another one has it."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_try_advisory_xact_lock(%s)", [LOCK])
        return bool(cursor.fetchone()[0])


def wait_for_lock() -> None:
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(%s)", [LOCK])


def recount(incident_ids: Iterable[int]) -> list[int]:
    """Count these cases again, add what changed to the sums, give the ids of those. Call it under the lock."""
    after = facts_of(incident_ids)
    before = CaseFact.objects.in_bulk(after)
    changed = [fact for pk, fact in after.items() if pk not in before or differs(fact, before[pk])]
    CaseFact.objects.bulk_create(
        changed, update_conflicts=True, unique_fields=["incident_id"], update_fields=COUNTED, batch_size=BATCH
    )
    earlier = [before[fact.pk] for fact in changed if fact.pk in before]
    differences = sums_of(changed)
    differences.subtract(sums_of(earlier))
    add({key: value for key, value in differences.items() if value})
    there = presences_of(changed)
    there.subtract(presences_of(earlier))
    add_presences({key: value for key, value in there.items() if value})
    return [fact.pk for fact in changed]


def differs(one: CaseFact, other: CaseFact) -> bool:
    return any(getattr(one, name) != getattr(other, name) for name in COUNTED)


def sums_of(facts: Iterable[CaseFact]) -> Sums:
    sums: Sums = Counter()
    for fact in facts:
        for (measure, band), units in counts_of(fact).items():
            sums[fact.csirt_id, fact.region_id, fact.month, str(measure), band] += units
    return sums


def presences_of(facts: Iterable[CaseFact]) -> Presences:
    there: Presences = Counter()
    for fact in facts:
        if is_incident(fact):
            there[fact.csirt_id, fact.region_id, fact.month.year, fact.collectivity_id, is_hit(fact)] += 1
    return there


def add_presences(differences: dict[tuple[int | None, int | None, int, int, bool], int]) -> None:
    """Every incident counts; one that stopped a service or let data out counts as a hit too."""
    incidents: Counter[Whom] = Counter()
    hits: Counter[Whom] = Counter()
    for (*key, was_hit), value in differences.items():
        incidents[tuple(key)] += value  # type: ignore[index]  # four of the five parts
        hits[tuple(key)] += value * was_hit  # type: ignore[index]
    write_presences({key: (incidents[key], hits[key]) for key in incidents})


def write_presences(differences: dict[Whom, tuple[int, int]]) -> None:
    rows = sorted(((*key, *values) for key, values in differences.items()), key=repr)
    if not rows:
        return
    with connection.cursor() as cursor:
        cursor.execute(ADD_PRESENCES, [list(column) for column in zip(*rows, strict=True)])


def add(differences: dict[Place, int]) -> None:
    if not differences:
        return
    # One order for everybody, so that two writers could not block each other.
    rows = sorted(((*key, value) for key, value in differences.items()), key=repr)
    with connection.cursor() as cursor:
        cursor.execute(ADD, [list(column) for column in zip(*rows, strict=True)])


# What was counted, against what there is


@contextmanager
def one_instant() -> Iterator[None]:
    """All that is read inside is as of one instant, and nobody waits: folding goes on meanwhile.

    Each folding is one transaction, so at any instant facts and sums agree, and what the raw rows owe to an event not
    yet counted stands beside that event. In a transaction that has begun, the lock keeps facts and sums still instead.
    """
    has_begun = connection.in_atomic_block
    with transaction.atomic():
        if has_begun:
            wait_for_lock()
        else:
            with connection.cursor() as cursor:
                cursor.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ READ ONLY")
        yield


def cases_after(pk: int) -> list[int]:
    """The next slice of cases, by their ids."""
    return list(Incident.objects.filter(pk__gt=pk).order_by("pk").values_list("pk", flat=True)[:BATCH])


def month_after(month: date | None) -> date | None:
    """The next month that has figures of any kind; a year of which there are only bodies has its January."""
    later = {"month__gt": month} if month else {}
    firsts = [model.objects.filter(**later).aggregate(first=Min("month"))["first"] for model in (CaseFact, Rollup)]
    years = Presence.objects.filter(year__gt=month.year if month else 0).aggregate(first=Min("year"))
    firsts += [date(years["first"], 1, 1)] if years["first"] else []
    return min((first for first in firsts if first), default=None)


def mistakes() -> list[str]:
    """Where the figures differ from a recount of the raw rows, everywhere; empty when they agree to the unit."""
    found, ids = [], cases_after(0)
    while ids:
        found += mistakes_of_cases(ids)
        ids = cases_after(ids[-1])
    before, month = None, month_after(None)
    while month:
        found += described(*drift(month, before))
        before, month = month, month_after(month)
    return found


def mistakes_of_cases(ids: list[int]) -> list[str]:
    with one_instant():
        return [f"incident {pk}" for pk in badly_counted(ids)]


def described(sums: dict[Place, int], there: dict[Whom, tuple[int, int]]) -> list[str]:
    return [
        *(f"rollup {key}: {off:+}" for key, off in sums.items()),
        *(f"presence {key}: {incidents:+} {hits:+}" for key, (incidents, hits) in there.items()),
    ]


def badly_counted(ids: list[int]) -> list[int]:
    """The cases of which something else was counted than the raw rows say, but for those with an event to come."""
    before = CaseFact.objects.in_bulk(ids)
    suspects = [pk for pk, fact in facts_of(ids).items() if pk not in before or differs(fact, before[pk])]
    return unexcused(suspects)


def unexcused(ids: list[int]) -> list[int]:
    waiting = pending_events().filter(event__incident__in=ids).values_list("event__incident_id", flat=True)
    excused = set(waiting) if ids else set()
    return [pk for pk in ids if pk not in excused]


def drift(month: date, before: date | None) -> tuple[dict[Place, int], dict[Whom, tuple[int, int]]]:
    """What the sums of `month` lack (below zero: have too much) against the facts, and the bodies of a new year.

    `before`: the month that was read last. It is the same at any later instant: whatever is folded adds as much to the
    facts as to the sums.
    """
    is_new_year = before is None or before.year != month.year
    with one_instant():
        return drift_of_month(month), drift_of_year(month.year) if is_new_year else {}


def drift_of_month(month: date) -> dict[Place, int]:
    sums = sums_of(CaseFact.objects.filter(month=month).iterator(BATCH))
    rows = Rollup.objects.filter(month=month).values_list("csirt_id", "region_id", "month", "measure", "band", "value")
    for *key, value in rows.iterator(BATCH):
        sums[tuple(key)] -= value  # type: ignore[index]  # five of the six columns
    return {key: off for key, off in sums.items() if off}


def drift_of_year(year: int) -> dict[Whom, tuple[int, int]]:
    incidents: Counter[Whom] = Counter()
    hits: Counter[Whom] = Counter()
    facts = CaseFact.objects.filter(IS_INCIDENT, month__range=(date(year, 1, 1), date(year, 12, 31)))
    counted = facts.values_list("csirt_id", "region_id", "collectivity_id").annotate(
        Count("pk"), hits=Count("pk", filter=IS_HIT)
    )
    for csirt, region, body, number, hit in counted.iterator(BATCH):
        incidents[csirt, region, year, body] += number
        hits[csirt, region, year, body] += hit
    for csirt, region, body, number, hit in Presence.objects.filter(year=year).values_list(*PRESENCE).iterator(BATCH):
        incidents[csirt, region, year, body] -= number
        hits[csirt, region, year, body] -= hit
    return {key: (incidents[key], hits[key]) for key in incidents if incidents[key] or hits[key]}


PRESENCE = ("csirt_id", "region_id", "collectivity_id", "incidents", "hits")


def mend_cases(ids: list[int]) -> list[str]:
    """Count these cases again. Gives what no event to come would have put right. Call it under the lock."""
    return [f"incident {pk}" for pk in unexcused(recount(ids))]


def mend_sums(sums: dict[Place, int], there: dict[Whom, tuple[int, int]]) -> None:
    """Add what was lacking, once. Call it under the lock."""
    add(sums)
    write_presences(there)
