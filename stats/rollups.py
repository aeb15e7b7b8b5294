"""The exact sums, kept by signed differences: each pending event is counted once, in whatever order it comes.

A case is always recounted from its raw rows and compared with what was counted of it before, so an event that comes
twice, late or with others adds nothing wrong.
"""

from collections import Counter
from collections.abc import Iterable, Iterator
from datetime import date
from itertools import batched

from django.db import connection, transaction
from django.db.models import QuerySet

from incidents.models import Incident, PendingEvent
from stats.facts import counts_of, facts_of, is_hit, is_incident
from stats.models import CaseFact, Presence, Rollup

CONSUMER = "stats"
BATCH = 2000
# The key of the lock under which figures are folded or published: any number, the same everywhere.
LOCK = 7_465_747_301
COUNTED = (
    *("csirt_id", "region_id", "collectivity_id", "month", "quarter", "type", "is_counted", "is_verified"),
    *("nature", "cause", "discovery_delay", "help_delay", "closing_delay"),
    *("interruption_hours", "interruption_services", "leak_statuses", "leak_persons", "leak_categories"),
)

# csirt, region, month, measure, band
type Sums = Counter[tuple[int | None, int | None, date, str, str]]
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


def recount(incident_ids: Iterable[int]) -> None:
    """Count these cases again and add what changed to the sums. Call it under the lock."""
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
    incidents: Counter[tuple[int | None, int | None, int, int]] = Counter()
    hits: Counter[tuple[int | None, int | None, int, int]] = Counter()
    for (*key, was_hit), value in differences.items():
        incidents[tuple(key)] += value  # type: ignore[index]  # four of the five parts
        hits[tuple(key)] += value * was_hit  # type: ignore[index]
    rows = sorted(((*key, incidents[key], hits[key]) for key in incidents), key=repr)
    if not rows:
        return
    with connection.cursor() as cursor:
        cursor.execute(ADD_PRESENCES, [list(column) for column in zip(*rows, strict=True)])


def add(differences: dict[tuple[int | None, int | None, date, str, str], int]) -> None:
    if not differences:
        return
    # One order for everybody, so that two writers could not block each other.
    rows = sorted(((*key, value) for key, value in differences.items()), key=repr)
    with connection.cursor() as cursor:
        cursor.execute(ADD, [list(column) for column in zip(*rows, strict=True)])


@transaction.atomic
def mistakes() -> list[str]:
    """Where the figures differ from a recount of the raw rows; empty when they agree to the unit.

    Holds the lock, so that only the raw rows may move meanwhile: what they owe to events not yet counted is excused.
    """
    wait_for_lock()
    suspects = list(badly_counted())
    excused = set(pending_incidents())
    wrong = [pk for pk in suspects if pk not in excused]
    sums: Counter[object] = Counter(sums_of(CaseFact.objects.iterator(BATCH)))
    rows = Rollup.objects.values_list("csirt_id", "region_id", "month", "measure", "band", "value")
    sums.subtract({(*key, band): value for *key, band, value in rows.iterator()})
    there = presences_of(CaseFact.objects.iterator(BATCH))
    counted: Counter[object] = Counter()
    for (*key, was_hit), value in there.items():
        counted[*key, "incidents"] += value
        counted[*key, "hits"] += value * was_hit
    for *key, incidents, hits in Presence.objects.values_list(*PRESENCE).iterator():
        counted[*key, "incidents"] -= incidents
        counted[*key, "hits"] -= hits
    return [
        *(f"incident {pk}" for pk in wrong),
        *(f"rollup {key}: {off:+}" for key, off in sums.items() if off),
        *(f"presence {key}: {off:+}" for key, off in counted.items() if off),
    ]


PRESENCE = ("csirt_id", "region_id", "year", "collectivity_id", "incidents", "hits")


def pending_incidents() -> Iterable[int]:
    return pending_events().values_list("event__incident_id", flat=True)


def badly_counted() -> Iterator[int]:
    for ids in batched(Incident.objects.order_by("pk").values_list("pk", flat=True).iterator(), BATCH):
        before = CaseFact.objects.in_bulk(ids)
        for pk, fact in facts_of(ids).items():
            if pk not in before or differs(fact, before[pk]):
                yield pk
