"""The exact sums, to which differences are added: each pending event is counted once, in any order.

Each event causes its case to be counted again from the raw rows. The difference from the earlier count, positive or
negative, is added to the sums. The sums therefore stay right if an event comes twice, late, or together with other
events.
"""

from collections import Counter
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from datetime import date
from math import inf
from time import monotonic

from django.db import connection, transaction
from django.db.models import Count, Min, QuerySet

from core.locks import Lock, acquire_lock, try_lock
from incidents.models import Incident, PendingEvent
from stats.counting.facts import IS_HIT, IS_INCIDENT, count_units, is_hit, is_incident, load_facts
from stats.models import CaseFact, Presence, Rollup

CONSUMER = "stats"
BATCH = 2000
COUNTED_FIELDS = (
    *("csirt_id", "region_id", "collectivity_id", "month", "quarter", "type", "is_counted", "is_verified"),
    *("nature", "cause", "discovery_delay", "help_delay", "closing_delay"),
    *("interruption_hours", "interruption_services", "leak_statuses", "leak_persons", "leak_categories"),
)

# The key of a sum: csirt, region, month, measure, band.
type SumKey = tuple[int | None, int | None, date, str, str]
# The key of a presence: csirt, region, year, body.
type BodyKey = tuple[int | None, int | None, int, int]
# Body → the number of its incidents, and the number of its incidents with an interruption or a leak.
type Presences = dict[BodyKey, tuple[int, int]]

ADD_SUMS = """
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


def fold_pending_events(*, seconds: float = inf) -> int:
    """Count pending events, one transaction per batch, until none is left or `seconds` have passed.

    Return the number of counted events.
    """
    total, deadline = 0, monotonic() + seconds
    while monotonic() < deadline and (folded := fold_batch()):
        total += folded
    return total


@transaction.atomic
def fold_batch() -> int:
    """Count up to `BATCH` pending events in one transaction. Return how many were counted.

    Return 0 if another process is counting.
    """
    if not try_lock(Lock.COUNT):
        return 0
    pending = list(list_pending_events().select_for_update(of=("self",), skip_locked=True).order_by("pk")[:BATCH])
    recount_cases({row.event.incident_id for row in pending})
    PendingEvent.objects.filter(pk__in=[row.pk for row in pending]).delete()
    return len(pending)


def list_pending_events() -> QuerySet[PendingEvent]:
    """Return the events that the sums do not count yet."""
    return PendingEvent.objects.filter(consumer=CONSUMER).select_related("event")


def recount_cases(incident_ids: Iterable[int]) -> list[int]:
    """Count these cases again and add the differences to the sums. Return the ids of the cases that changed.

    The caller holds `Lock.COUNT`.
    """
    after = load_facts(incident_ids)
    before = CaseFact.objects.in_bulk(after)
    changed = [fact for pk, fact in after.items() if pk not in before or is_different(fact, before[pk])]
    CaseFact.objects.bulk_create(
        changed, update_conflicts=True, unique_fields=["incident_id"], update_fields=COUNTED_FIELDS, batch_size=BATCH
    )
    earlier = [before[fact.pk] for fact in changed if fact.pk in before]
    differences = sum_facts(changed)
    differences.subtract(sum_facts(earlier))
    add_sums({key: value for key, value in differences.items() if value})
    add_presences(compare_presences(earlier, changed))
    return [fact.pk for fact in changed]


def is_different(fact: CaseFact, other: CaseFact) -> bool:
    """Tell whether two facts of one case differ in a counted field."""
    return any(getattr(fact, name) != getattr(other, name) for name in COUNTED_FIELDS)


def sum_facts(facts: Iterable[CaseFact]) -> Counter[SumKey]:
    """Return the sum of the units of these facts, by key."""
    sums: Counter[SumKey] = Counter()
    for fact in facts:
        for (measure, band), units in count_units(fact).items():
            sums[fact.csirt_id, fact.region_id, fact.month, str(measure), band] += units
    return sums


def compare_presences(before: Iterable[CaseFact], after: Iterable[CaseFact]) -> Presences:
    """Return by how much the two numbers of each body change if the facts `after` replace the facts `before`.

    The two numbers count the incidents of the body, and its incidents with an interruption or a leak.
    """
    incidents: Counter[BodyKey] = Counter()
    hits: Counter[BodyKey] = Counter()
    for facts, sign in ((before, -1), (after, 1)):
        for fact in filter(is_incident, facts):
            key = fact.csirt_id, fact.region_id, fact.month.year, fact.collectivity_id
            incidents[key] += sign
            hits[key] += sign * is_hit(fact)
    return pair_counts(incidents, hits)


def pair_counts(incidents: Counter[BodyKey], hits: Counter[BodyKey]) -> Presences:
    """Return both numbers of each body, without bodies for which both are zero."""
    return {key: (incidents[key], hits[key]) for key in incidents if incidents[key] or hits[key]}


def add_sums(differences: dict[SumKey, int]) -> None:
    """Add these differences to the stored sums."""
    add_rows(ADD_SUMS, [(*key, value) for key, value in differences.items()])


def add_presences(differences: Presences) -> None:
    """Add these differences to the stored presences."""
    add_rows(ADD_PRESENCES, [(*key, *values) for key, values in differences.items()])


def add_rows(statement: str, rows: list[tuple[object, ...]]) -> None:
    """Add the rows with this SQL statement, in a fixed order so that two processes cannot deadlock."""
    if rows:
        with connection.cursor() as cursor:
            cursor.execute(statement, [list(column) for column in zip(*sorted(rows, key=repr), strict=True)])


# Comparing the counts with the raw rows


@contextmanager
def hold_snapshot() -> Iterator[None]:
    """Make all queries in the block read the database as it was at one instant, while other processes count events.

    Each batch of events is one transaction, so facts and sums agree at any instant. A case whose raw rows changed
    after it was counted has a pending event. If the caller has already opened a transaction, no snapshot is possible:
    `Lock.COUNT` then stops the counting until the end of that transaction.
    """
    has_begun = connection.in_atomic_block
    with transaction.atomic():
        if has_begun:
            acquire_lock(Lock.COUNT)
        else:
            with connection.cursor() as cursor:
                cursor.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ READ ONLY")
        yield


def list_cases_after(pk: int) -> list[int]:
    """Return the ids of the next cases after the case `pk`, in order. The list has at most BATCH ids."""
    return list(Incident.objects.filter(pk__gt=pk).order_by("pk").values_list("pk", flat=True)[:BATCH])


def find_month_after(month: date | None) -> date | None:
    """Return the next month that has facts or sums, or None if there is none.

    January of a later year that has presences counts as such a month.
    """
    later = {"month__gt": month} if month else {}
    firsts = [model.objects.filter(**later).aggregate(first=Min("month"))["first"] for model in (CaseFact, Rollup)]
    years = Presence.objects.filter(year__gt=month.year if month else 0).aggregate(first=Min("year"))
    firsts += [date(years["first"], 1, 1)] if years["first"] else []
    return min((next_month for next_month in firsts if next_month), default=None)


def list_case_mistakes(ids: list[int]) -> list[str]:
    """Return one text for each of these cases whose facts are wrong."""
    with hold_snapshot():
        return [f"incident {pk}" for pk in find_wrong_cases(ids)]


def describe_drift(sums: dict[SumKey, int], presences: Presences) -> list[str]:
    """Return one text for each sum and each presence that differs from the facts, with the difference."""
    return [
        *(f"rollup {key}: {value:+}" for key, value in sums.items()),
        *(f"presence {key}: {incidents:+} {hits:+}" for key, (incidents, hits) in presences.items()),
    ]


def find_wrong_cases(ids: list[int]) -> list[int]:
    """Return the ids of the cases whose facts are missing or differ from the raw rows. Cases with a pending event are
    ignored.
    """
    before = CaseFact.objects.in_bulk(ids)
    facts = load_facts(ids)
    return exclude_pending_cases(
        [pk for pk, fact in facts.items() if pk not in before or is_different(fact, before[pk])]
    )


def exclude_pending_cases(ids: list[int]) -> list[int]:
    """Return the ids in `ids` whose cases have no pending event."""
    if not ids:
        return []
    pending = set(list_pending_events().filter(event__incident__in=ids).values_list("event__incident_id", flat=True))
    return [pk for pk in ids if pk not in pending]


def compute_drift(month: date, before: date | None) -> tuple[dict[SumKey, int], Presences]:
    """Return the differences to add, so that the sums of `month` and the presences of its year agree with the facts.

    `before` is the month that was checked before this one, or None. Presences are compared only for the first checked
    month of their year. Pending events do not change the result, because counting an event adds the same to facts and
    sums.
    """
    is_new_year = before is None or before.year != month.year
    with hold_snapshot():
        return compute_month_drift(month), compute_year_drift(month.year) if is_new_year else {}


def compute_month_drift(month: date) -> dict[SumKey, int]:
    """Return the differences to add, so that the sums of `month` agree with the facts. Zeros are left out."""
    sums = sum_facts(CaseFact.objects.filter(month=month).iterator(BATCH))
    rows = Rollup.objects.filter(month=month).values_list("csirt_id", "region_id", "month", "measure", "band", "value")
    for *key, value in rows.iterator(BATCH):
        sums[tuple(key)] -= value  # type: ignore[index]  # five of the six columns
    return {key: value for key, value in sums.items() if value}


def compute_year_drift(year: int) -> Presences:
    """Return the differences to add, so that the presences of `year` agree with the facts. Zeros are left out."""
    incidents: Counter[BodyKey] = Counter()
    hits: Counter[BodyKey] = Counter()
    facts = CaseFact.objects.filter(IS_INCIDENT, month__range=(date(year, 1, 1), date(year, 12, 31)))
    key = "csirt_id", "region_id", "collectivity_id"
    presences = facts.values_list(*key).annotate(Count("pk"), hits=Count("pk", filter=IS_HIT))
    stored = Presence.objects.filter(year=year).values_list(*key, "incidents", "hits")
    for rows, sign in ((presences, 1), (stored, -1)):
        for csirt, region, body, number, hit in rows.iterator(BATCH):
            incidents[csirt, region, year, body] += sign * number
            hits[csirt, region, year, body] += sign * hit
    return pair_counts(incidents, hits)


def repair_cases(ids: list[int]) -> list[str]:
    """Count these cases again. Return one text for each case that had changed without a pending event.

    The caller holds `Lock.COUNT`.
    """
    return [f"incident {pk}" for pk in exclude_pending_cases(recount_cases(ids))]


def repair_sums(sums: dict[SumKey, int], presences: Presences) -> None:
    """Add these differences to the sums and presences. A second call would add them again.

    The caller holds `Lock.COUNT`.
    """
    add_sums(sums)
    add_presences(presences)
