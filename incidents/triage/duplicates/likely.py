"""The search for cases of a body that may be declarations of the same incident. A person then decides.

For instance, the secretary declares an attack, then the mayor does, then somebody telephones, all in one hour. This
module runs no query.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta

from core.french import NBSP, choose_plural
from incidents.enums import ClosingReason, IncidentType
from incidents.models import Incident

# From this many points, a case is shown as a likely duplicate: the same type within a week, or another type within
# an hour.
MIN_POINTS = 4
CLOSED_SINCE = timedelta(days=30)
SAME_TYPE_POINTS, NEAR_TYPE_POINTS, SAME_SUPPLIER_POINTS, SAME_CALLER_POINTS = 3, 2, 2, 1
CLOSENESS = ((timedelta(hours=1), 4), (timedelta(days=1), 2), (timedelta(days=7), 1))
# Types that two people may choose for the same incident. The type « ne sait pas » is near all of them.
FAMILIES: tuple[frozenset[str], ...] = (
    frozenset({IncidentType.RANSOMWARE, IncidentType.OUTAGE, IncidentType.ADMIN_ACCOUNT, IncidentType.SUPPLIER}),
    frozenset({IncidentType.MAILBOX, IncidentType.PHISHING, IncidentType.TRANSFER, IncidentType.ADMIN_ACCOUNT}),
    frozenset({IncidentType.LEAK, IncidentType.MISDELIVERY, IncidentType.DEVICE}),
    frozenset({IncidentType.LEAK, IncidentType.RANSOMWARE}),
    frozenset({IncidentType.DEFACEMENT, IncidentType.DDOS, IncidentType.OUTAGE, IncidentType.FLAW}),
    frozenset({IncidentType.SUPPLIER, IncidentType.OUTAGE, IncidentType.LEAK}),
)


@dataclass(frozen=True, slots=True)
class LikelyDuplicateCase:
    """A case that may be a duplicate of another, with its points and the reasons for them."""

    incident: Incident
    points: int
    reasons: tuple[str, ...]


def list_likely_duplicates(incident: Incident, others: Iterable[Incident], now: datetime) -> list[LikelyDuplicateCase]:
    """Return the likely duplicates of the case, likeliest first.

    `others` must be loaded with their `story`. Cases of other bodies or centres are ignored.
    """
    if incident.merged_into_id:
        return []
    weighed = (compare_cases(incident, other) for other in others if is_comparable_case(incident, other, now))
    return sorted((likely for likely in weighed if likely.points >= MIN_POINTS), key=lambda likely: -likely.points)


def is_comparable_case(incident: Incident, other: Incident, now: datetime) -> bool:
    """Tell whether the two cases can be compared. They must have the same body and the same centre.

    The other case must be neither merged nor withdrawn. If it is closed, it was closed less than 30 days ago.
    """
    is_near = other.closed_at is None or other.closed_at > now - CLOSED_SINCE
    return (
        other.pk != incident.pk
        and is_near
        and other.merged_into_id is None
        and other.closing_reason != ClosingReason.WITHDRAWN
        and (other.collectivity_id, other.csirt_id) == (incident.collectivity_id, incident.csirt_id)
    )


def compare_cases(incident: Incident, other: Incident) -> LikelyDuplicateCase:
    """Return the other case with its points: the more points, the more the two cases are alike."""
    likenesses = list(list_likenesses(incident, other))
    reasons = ("même collectivité", *(reason for _points, reason in likenesses))
    return LikelyDuplicateCase(other, sum(points for points, _reason in likenesses), reasons)


def list_likenesses(incident: Incident, other: Incident) -> Iterator[tuple[int, str]]:
    """Yield (points, reason) for each way in which the two cases are alike."""
    if incident.type == other.type:
        yield SAME_TYPE_POINTS, "même type"
    elif are_near_types(incident.type, other.type):
        yield NEAR_TYPE_POINTS, "type voisin"
    apart = abs(other.received_at - incident.received_at)
    points = next((points for limit, points in CLOSENESS if apart <= limit), 0)
    yield points, format_time_apart(apart, is_before=other.received_at < incident.received_at)
    if incident.supplier_key and incident.supplier_key == other.supplier_key:
        yield SAME_SUPPLIER_POINTS, "même prestataire"
    if get_caller_contacts(incident) & get_caller_contacts(other):
        yield SAME_CALLER_POINTS, "même personne à rappeler"


def are_near_types(first: str, second: str) -> bool:
    """Tell whether two people might choose these two types for the same incident."""
    if IncidentType.UNKNOWN in (first, second):
        return True
    return any({first, second} <= family for family in FAMILIES)


def get_caller_contacts(incident: Incident) -> set[str]:
    """Return the telephone number (its last nine digits) and the mail address of the declarant, normalised.

    The set is empty if the case is erased.
    """
    phone = "".join(character for character in incident.story.contact_phone if character.isdigit())[-9:]
    return {contact for contact in (phone, incident.story.contact_email.lower()) if contact}


def format_time_apart(apart: timedelta, *, is_before: bool) -> str:
    """Return a text such as « 40 min avant » or « au même moment »."""
    if apart < timedelta(minutes=1):
        return "au même moment"
    return ("%(apart)s avant" if is_before else "%(apart)s après") % {"apart": format_gap(apart)}


def format_gap(apart: timedelta) -> str:
    """Return a text such as « 40 min », « 7 h » or « 3 jours », rounded down."""
    minutes = int(apart.total_seconds()) // 60
    if minutes < 60:
        return f"{minutes}{NBSP}min"
    if minutes < 48 * 60:
        return f"{minutes // 60}{NBSP}h"
    days = minutes // (24 * 60)
    return choose_plural(f"%d{NBSP}jour", f"%d{NBSP}jours", days) % days
