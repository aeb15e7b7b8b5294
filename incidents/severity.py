"""How bad, from what was declared. A first sorting for the queue, never a judgement: a responder decides.

Points, added up: the type (0 to 4), an essential service stopped (2) or any service touched (1), data said to
have left (1, or 2 for confirmed or sensitive data). 0–1 low, 2–3 moderate, 4–5 high, 6 and more critical.
"""

from collections.abc import Collection
from datetime import timedelta

from incidents.enums import DataCategory, IncidentType, LeakStatus, PublicService, Severity

POINTS_OF_TYPE: dict[str, int] = {
    IncidentType.RANSOMWARE: 4,
    IncidentType.ADMIN_ACCOUNT: 4,
    IncidentType.LEAK: 2,
    IncidentType.TRANSFER: 2,
    IncidentType.SUPPLIER: 2,
    IncidentType.MAILBOX: 2,
    IncidentType.UNKNOWN: 2,
    IncidentType.DDOS: 1,
    IncidentType.DEFACEMENT: 1,
    IncidentType.DEVICE: 1,
    IncidentType.MISDELIVERY: 1,
}
# Without them people are harmed or unpaid within days.
ESSENTIAL = frozenset(
    {
        PublicService.CIVIL,
        PublicService.SOCIAL,
        PublicService.WATER,
        PublicService.PAYROLL,
        PublicService.TELEPHONY,
        PublicService.ELECTIONS,
    }
)
SENSITIVE = frozenset(
    {
        DataCategory.NIR,
        DataCategory.HEALTH,
        DataCategory.OFFENCES,
        DataCategory.OTHER_SENSITIVE,
        DataCategory.CREDENTIALS,
        DataCategory.OFFICIAL,
    }
)
# The house's own target, not a legal one: a first human answer within this time.
ACKNOWLEDGE_WITHIN: dict[int, timedelta] = {
    Severity.CRITICAL: timedelta(hours=1),
    Severity.HIGH: timedelta(hours=4),
    Severity.MODERATE: timedelta(hours=24),
    Severity.LOW: timedelta(hours=72),
}


def severity_of(
    incident_type: str, *, services: Collection[str], leak: str | None, categories: Collection[str]
) -> Severity:
    """`services`: those touched; `leak`: a LeakStatus or None; `categories`: CNIL categories of the data."""
    points = POINTS_OF_TYPE.get(incident_type, 0) + points_of_services(services) + points_of_leak(leak, categories)
    if points >= 6:
        return Severity.CRITICAL
    if points >= 4:
        return Severity.HIGH
    return Severity.MODERATE if points >= 2 else Severity.LOW


def points_of_services(services: Collection[str]) -> int:
    if ESSENTIAL.intersection(services):
        return 2
    return 1 if services else 0


def points_of_leak(leak: str | None, categories: Collection[str]) -> int:
    if leak is None or leak == LeakStatus.UNFOUNDED:
        return 0
    return 2 if leak == LeakStatus.CONFIRMED or SENSITIVE.intersection(categories) else 1
