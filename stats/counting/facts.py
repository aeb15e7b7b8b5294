"""The facts that the figures count of each case. No other module of `stats` computes facts from raw rows."""

from collections import Counter
from collections.abc import Iterable
from datetime import datetime, timedelta

from django.db.models import Q

from collectivities.zones import find_region_zone
from incidents.enums import ClosingReason, DataCategory, LeakStatus, Nature, PersonsBand, find_persons_band
from incidents.models import DataLeak, Incident, ServiceInterruption
from stats.enums import (
    ALL_BANDS,
    CAUSE_NOT_STATED,
    LEAK_STATUSES,
    DelayBand,
    HoursBand,
    Measure,
    make_leak_code,
    make_type_code,
)
from stats.models import CaseFact
from stats.periods import find_month, find_quarter

NOT_COUNTED = (ClosingReason.NOT_AN_INCIDENT, ClosingReason.DUPLICATE, ClosingReason.WITHDRAWN)
HOURS_UP_TO = (
    (timedelta(hours=4), HoursBand.UNDER_4_HOURS),
    (timedelta(days=1), HoursBand.UNDER_A_DAY),
    (timedelta(days=3), HoursBand.UNDER_3_DAYS),
    (timedelta(days=7), HoursBand.UNDER_7_DAYS),
)
DELAY_UP_TO = (
    (timedelta(hours=1), DelayBand.UNDER_AN_HOUR),
    (timedelta(hours=4), DelayBand.UNDER_4_HOURS),
    (timedelta(days=1), DelayBand.UNDER_A_DAY),
    (timedelta(days=3), DelayBand.UNDER_3_DAYS),
    (timedelta(days=7), DelayBand.UNDER_7_DAYS),
    (timedelta(days=30), DelayBand.UNDER_30_DAYS),
)

# The fields of an incident that `make_fact` reads.
READ_FIELDS = (
    *("csirt", "region__code", "collectivity", "received_at", "type", "nature", "cause", "verification"),
    *("closing_reason", "detected_at", "first_acknowledged_at", "closed_at"),
)

# (measure, band) → number of units: incidents, interruptions, leaks…
type Units = Counter[tuple[str, str]]


def load_facts(incident_ids: Iterable[int]) -> dict[int, CaseFact]:
    """Return the facts of these incidents, computed from their present raw rows and not saved. Runs three queries.

    A row of personal data counts as a leak only if it has a status: somebody stated that the data leaked, or may have.
    """
    ids = list(incident_ids)
    incidents = Incident.objects.filter(pk__in=ids).select_related("region").only(*READ_FIELDS)
    facts = {incident.pk: make_fact(incident) for incident in incidents}
    for interruption in ServiceInterruption.objects.filter(incident__in=ids).order_by("pk"):
        fact = facts[interruption.incident_id]
        fact.interruption_hours.append(find_hours_band(interruption))
        fact.interruption_services.append(interruption.service)
    for leak in DataLeak.objects.filter(incident__in=ids).exclude(status="").order_by("pk"):
        fact = facts[leak.incident_id]
        fact.leak_statuses.append(leak.status)
        fact.leak_persons.append(find_persons_band(leak.persons, leak.persons_band) or PersonsBand.UNKNOWN)
        if leak.status != LeakStatus.UNFOUNDED:
            fact.leak_categories += sorted(set(leak.categories)) or [DataCategory.UNKNOWN.value]
    return facts


def make_fact(incident: Incident) -> CaseFact:
    """Return the fact of an incident without its interruptions and leaks.

    The month is computed in the time zone of the body, or of Paris if its territory is unknown.
    """
    month = find_month(incident.received_at, find_region_zone(incident.region.code if incident.region else None))
    return CaseFact(
        incident_id=incident.pk,
        csirt_id=incident.csirt_id,
        region_id=incident.region_id,
        collectivity_id=incident.collectivity_id,
        month=month,
        quarter=find_quarter(month),
        type=incident.type,
        nature=incident.nature,
        cause=incident.cause,
        is_counted=incident.closing_reason not in NOT_COUNTED,
        is_verified=incident.is_verified,
        discovery_delay=find_delay_band(incident.detected_at, incident.received_at),
        help_delay=find_delay_band(incident.received_at, incident.first_acknowledged_at),
        closing_delay=find_delay_band(incident.received_at, incident.closed_at),
    )


def find_delay_band(since: datetime | None, ended_at: datetime | None) -> str:
    """Return the band of the time between two moments.

    The band is UNKNOWN if a moment is missing, or if `ended_at` is before `since`.
    """
    if since is None or ended_at is None or ended_at < since:
        return DelayBand.UNKNOWN
    return next((band for limit, band in DELAY_UP_TO if ended_at - since < limit), DelayBand.OVER_30_DAYS)


def find_hours_band(interruption: ServiceInterruption) -> str:
    """Return the band of the duration of an interruption. The band is UNKNOWN if the start or the end is missing."""
    if interruption.started_at is None or interruption.ended_at is None:
        return HoursBand.UNKNOWN
    duration = interruption.ended_at - interruption.started_at
    return next((band for limit, band in HOURS_UP_TO if duration < limit), HoursBand.OVER_7_DAYS)


# The rules of `is_incident` and `is_hit` in SQL, for counting without loading the cases.
IS_INCIDENT = Q(is_counted=True, is_verified=True) & ~Q(nature=Nature.REPORT)
IS_HIT = IS_INCIDENT & (Q(interruption_hours__len__gt=0) | Q(leak_statuses__overlap=list(LEAK_STATUSES)))


def is_incident(fact: CaseFact) -> bool:
    """Tell whether the case counts as an incident.

    A counted and verified case is an incident unless a centre has qualified it as a report (« signalement »).
    """
    return fact.is_counted and fact.is_verified and fact.nature != Nature.REPORT


def is_hit(fact: CaseFact) -> bool:
    """Tell whether the case is an incident with a service interruption or a leak. Unfounded leaks do not count."""
    leaks = any(status != LeakStatus.UNFOUNDED for status in fact.leak_statuses)
    return is_incident(fact) and (bool(fact.interruption_hours) or leaks)


def count_units(fact: CaseFact) -> Units:
    """Return how many units this case adds to each (measure, band). An unverified case adds one declaration only.

    The interruptions and leaks of a report (« signalement ») do not count, because nothing was proved.
    """
    if not fact.is_counted:
        return Counter()
    counts: Units = Counter({(Measure.DECLARED, ALL_BANDS): 1})
    if is_incident(fact):
        counts += count_incident_units(fact)
    elif fact.is_verified:
        counts[Measure.REPORTS, ALL_BANDS] = 1
    return counts


def count_incident_units(fact: CaseFact) -> Units:
    """Return how many units a verified incident adds to each (measure, band), in addition to its declaration."""
    counts: Units = Counter(
        {
            (Measure.INCIDENTS, make_type_code(fact.type)): 1,
            (Measure.CAUSES, fact.cause or CAUSE_NOT_STATED): 1,
            (Measure.DISCOVERY, fact.discovery_delay): 1,
            (Measure.HELP, fact.help_delay): 1,
            (Measure.CLOSING, fact.closing_delay): 1,
        }
    )
    counts.update((Measure.INTERRUPTIONS, band) for band in fact.interruption_hours)
    counts.update((Measure.SERVICES, service) for service in fact.interruption_services)
    leaks = zip(fact.leak_statuses, fact.leak_persons, strict=True)
    counts.update(find_leak_key(status, persons) for status, persons in leaks)
    counts.update((Measure.CATEGORIES, category) for category in fact.leak_categories)
    return counts


def find_leak_key(status: str, persons: str) -> tuple[str, str]:
    """Return the (measure, band) in which a leak is counted."""
    if status == LeakStatus.UNFOUNDED:
        return Measure.UNFOUNDED, ALL_BANDS
    return Measure.LEAKS, make_leak_code(persons, status)
