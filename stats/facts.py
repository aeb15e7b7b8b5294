"""What is counted of one case. Read from the raw rows here, and nowhere else in `stats`."""

from collections import Counter, defaultdict
from collections.abc import Iterable
from datetime import timedelta

from incidents.enums import ClosingReason, LeakStatus, PersonsBand
from incidents.models import DataLeak, Incident, ServiceInterruption
from stats.enums import ALL_BANDS, HoursBand, Measure, leak_band
from stats.models import CaseFact
from stats.periods import month_of, quarter_of

NOT_COUNTED = (ClosingReason.NOT_AN_INCIDENT, ClosingReason.DUPLICATE, ClosingReason.WITHDRAWN)
UP_TO = (
    (timedelta(hours=4), HoursBand.UNDER_4_HOURS),
    (timedelta(days=1), HoursBand.UNDER_A_DAY),
    (timedelta(days=3), HoursBand.UNDER_3_DAYS),
    (timedelta(days=7), HoursBand.UNDER_7_DAYS),
)
PERSONS_UP_TO = (
    (5, PersonsBand.UP_TO_5),
    (50, PersonsBand.UP_TO_50),
    (300, PersonsBand.UP_TO_300),
    (5000, PersonsBand.UP_TO_5000),
)


def facts_of(incident_ids: Iterable[int]) -> dict[int, CaseFact]:
    """The facts of these incidents as the raw rows stand now, unsaved, in three queries."""
    ids = list(incident_ids)
    facts = {incident.pk: fact_of(incident) for incident in Incident.objects.filter(pk__in=ids).only(*READ)}
    for interruption in ServiceInterruption.objects.filter(incident__in=ids).order_by("pk"):
        facts[interruption.incident_id].interruption_hours.append(hours_band(interruption))
    for leak in DataLeak.objects.filter(incident__in=ids).order_by("pk"):
        facts[leak.incident_id].leak_statuses.append(leak.status)
        facts[leak.incident_id].leak_persons.append(persons_band(leak))
    return facts


READ = ("csirt", "region", "collectivity", "received_at", "type", "verification", "closing_reason")


def fact_of(incident: Incident) -> CaseFact:
    month = month_of(incident.received_at)
    return CaseFact(
        incident_id=incident.pk,
        csirt_id=incident.csirt_id,
        region_id=incident.region_id,
        collectivity_id=incident.collectivity_id,
        month=month,
        quarter=quarter_of(month),
        type=incident.type,
        is_counted=incident.closing_reason not in NOT_COUNTED,
        is_verified=incident.is_verified,
    )


def hours_band(interruption: ServiceInterruption) -> str:
    if interruption.started_at is None or interruption.ended_at is None:
        return HoursBand.UNKNOWN
    lasted = interruption.ended_at - interruption.started_at
    return next((band for limit, band in UP_TO if lasted < limit), HoursBand.OVER_7_DAYS)


def persons_band(leak: DataLeak) -> str:
    """A number given wins over the band given."""
    if leak.persons is None:
        return leak.persons_band
    persons = leak.persons
    return next((band for limit, band in PERSONS_UP_TO if persons <= limit), PersonsBand.OVER_5000)


def counts_of(fact: CaseFact) -> Counter[tuple[str, str]]:
    """How many units this case brings to each (measure, band). Only declarations count before they are verified."""
    if not fact.is_counted:
        return Counter()
    counts: Counter[tuple[str, str]] = Counter({(Measure.DECLARED, ALL_BANDS): 1})
    if fact.is_verified:
        counts[Measure.INCIDENTS, ALL_BANDS] = 1
        counts.update((Measure.INTERRUPTIONS, band) for band in fact.interruption_hours)
        leaks = zip(fact.leak_statuses, fact.leak_persons, strict=True)
        counts.update(leak_key(status, persons) for status, persons in leaks)
    return counts


def leak_key(status: str, persons: str) -> tuple[str, str]:
    if status == LeakStatus.UNFOUNDED:
        return Measure.UNFOUNDED, ALL_BANDS
    return Measure.LEAKS, leak_band(persons, status)


def bands_by_measure(fact: CaseFact) -> dict[str, Counter[str]]:
    """The same, measure by measure."""
    bands: dict[str, Counter[str]] = defaultdict(Counter)
    for (measure, band), units in counts_of(fact).items():
        bands[measure][band] = units
    return bands
