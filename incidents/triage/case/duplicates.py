"""Which cases of one body may tell the same thing twice, and why: a person decides. Pure: it reads rows and asks none.

A body that is attacked is declared by the secretary, then by the mayor, then by telephone, all in one hour.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta

from core.french import choose_plural
from incidents.enums import ClosingReason, IncidentType
from incidents.models import Incident

NBSP = "\N{NO-BREAK SPACE}"
# So many points, and the two are shown side by side: the same type within a week, or another within an hour.
LIKELY_FROM = 4
CLOSED_SINCE = timedelta(days=30)
SAME_TYPE, NEAR_TYPE, SAME_SUPPLIER, SAME_CALLER = 3, 2, 2, 1
CLOSENESS = ((timedelta(hours=1), 4), (timedelta(days=1), 2), (timedelta(days=7), 1))
# What one person calls by one name, another calls by its neighbour's. Who does not know may mean any of them.
FAMILIES: tuple[frozenset[str], ...] = (
    frozenset({IncidentType.RANSOMWARE, IncidentType.OUTAGE, IncidentType.ADMIN_ACCOUNT, IncidentType.SUPPLIER}),
    frozenset({IncidentType.MAILBOX, IncidentType.PHISHING, IncidentType.TRANSFER, IncidentType.ADMIN_ACCOUNT}),
    frozenset({IncidentType.LEAK, IncidentType.MISDELIVERY, IncidentType.DEVICE}),
    frozenset({IncidentType.LEAK, IncidentType.RANSOMWARE}),
    frozenset({IncidentType.DEFACEMENT, IncidentType.DDOS, IncidentType.OUTAGE, IncidentType.FLAW}),
    frozenset({IncidentType.SUPPLIER, IncidentType.OUTAGE, IncidentType.LEAK}),
)


@dataclass(frozen=True, slots=True)
class Likely:
    incident: Incident
    points: int
    reasons: tuple[str, ...]


def likely_doubles(incident: Incident, others: Iterable[Incident], now: datetime) -> list[Likely]:
    """The likeliest first. `others` come with their story; cases of other bodies or centres are passed over."""
    if incident.merged_into_id:
        return []
    weighed = (weigh(incident, other) for other in others if may_be_double(incident, other, now))
    return sorted((one for one in weighed if one.points >= LIKELY_FROM), key=lambda one: -one.points)


def may_be_double(incident: Incident, other: Incident, now: datetime) -> bool:
    is_near = other.closed_at is None or other.closed_at > now - CLOSED_SINCE
    return (
        other.pk != incident.pk
        and is_near
        and other.merged_into_id is None
        and other.closing_reason != ClosingReason.WITHDRAWN
        and (other.collectivity_id, other.csirt_id) == (incident.collectivity_id, incident.csirt_id)
    )


def weigh(incident: Incident, other: Incident) -> Likely:
    found = list(likenesses(incident, other))
    reasons = ("même collectivité", *(reason for _points, reason in found))
    return Likely(other, sum(points for points, _reason in found), reasons)


def likenesses(incident: Incident, other: Incident) -> Iterator[tuple[int, str]]:
    if incident.type == other.type:
        yield SAME_TYPE, "même type"
    elif are_near(incident.type, other.type):
        yield NEAR_TYPE, "type voisin"
    apart = abs(other.received_at - incident.received_at)
    points = next((points for limit, points in CLOSENESS if apart <= limit), 0)
    yield points, when(apart, is_before=other.received_at < incident.received_at)
    if incident.supplier_key and incident.supplier_key == other.supplier_key:
        yield SAME_SUPPLIER, "même prestataire"
    if callers(incident) & callers(other):
        yield SAME_CALLER, "même personne à rappeler"


def are_near(one: str, other: str) -> bool:
    if IncidentType.UNKNOWN in (one, other):
        return True
    return any({one, other} <= family for family in FAMILIES)


def callers(incident: Incident) -> set[str]:
    """How its caller is reached, in one spelling; nothing once the case is erased."""
    phone = "".join(sign for sign in incident.story.contact_phone if sign.isdigit())[-9:]
    return {way for way in (phone, incident.story.contact_email.lower()) if way}


def when(apart: timedelta, *, is_before: bool) -> str:
    if apart < timedelta(minutes=1):
        return "au même moment"
    return ("%(apart)s avant" if is_before else "%(apart)s après") % {"apart": format_gap(apart)}


def format_gap(apart: timedelta) -> str:
    """« 40 min », « 7 h », « 3 jours »: rounded down."""
    minutes = int(apart.total_seconds()) // 60
    if minutes < 60:
        return f"{minutes}{NBSP}min"
    if minutes < 48 * 60:
        return f"{minutes // 60}{NBSP}h"
    days = minutes // (24 * 60)
    return choose_plural("%d\N{NO-BREAK SPACE}jour", "%d\N{NO-BREAK SPACE}jours", days) % days
