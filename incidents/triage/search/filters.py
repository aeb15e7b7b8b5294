"""The database conditions of the filters that are typed in the search."""

from collections.abc import Callable, Mapping
from datetime import UTC, date, datetime, time, timedelta
from typing import cast
from zoneinfo import ZoneInfo

from django.db.models import Exists, OuterRef, Q

from accounts.models import User
from collectivities.zones import PARIS
from core.text import fold
from incidents.enums import DocumentKind, Status, Verification
from incidents.models import SearchDocument, ServiceInterruption
from incidents.querysets import has_no_holder
from incidents.triage.search.query import Part, Query
from incidents.triage.search.query_values import TAKEN, TO_TAKE, Days, Range, Value

MINE, NOBODY = ("moi", "me"), ("personne", "aucun")
# Sub-techniques are numbered from .001; no technique has this many.
SUB_TECHNIQUES = 30
# The documents of a case that its centre may read.
OF_THE_CASE = Q(incident=OuterRef("pk"), csirt=OuterRef("csirt"))


def conditions(query: Query, user: User) -> Q:
    """Return the condition of all the filters of `query`. « moi » means `user`."""
    wanted = Q()
    for part in query.filters:
        if part.key == "dans" and has_text(query):
            # This filter applies to the document with the words, not to the case.
            continue
        asked = condition(part, user)
        wanted &= ~asked if part.is_left_out else asked
    return wanted


def in_days(query: Query) -> Q:
    """Return the condition that the query's days put on a case."""
    since, until = span(query)
    low = Q(received_at__gte=since) if since else Q()
    return low & Q(received_at__lt=until) if until else low


def has_text(query: Query) -> bool:
    return bool(query.words or query.phrases)


def places(query: Query) -> list[str]:
    """Return the kinds of documents in which the words are searched."""
    wanted, left_out = list_kinds(query, is_left_out=False), list_kinds(query, is_left_out=True)
    return [kind for kind in DocumentKind.values if kind in (wanted or DocumentKind.values) and kind not in left_out]


def list_kinds(query: Query, *, is_left_out: bool) -> set[str]:
    named = [part for part in query.filters if part.key == "dans" and part.is_left_out == is_left_out]
    return {code for part in named for code in cast("tuple[str, ...]", part.value)}


def condition(part: Part, user: User) -> Q:
    if part.key == "resp":
        return of_person(str(part.value), user)
    return CONDITIONS[part.key](part.value)


def of_person(name: str, user: User) -> Q:
    if fold(name) in MINE:
        return Q(assignee=user)
    if fold(name) in NOBODY:
        return has_no_holder()
    return Q(assignee__display_name__icontains=name)


def in_state(value: Value) -> Q:
    """Return the condition of the states. A case whose holder left its centre is to be taken, as in the queue."""
    states = cast("tuple[str, ...]", value)
    wanted = Q(status__in=[state for state in states if state in Status.values])
    if TO_TAKE in states:
        wanted |= Q(status=Status.DECLARED) | Q(has_no_holder(), status=Status.ACKNOWLEDGED)
    if TAKEN in states:
        wanted |= Q(~has_no_holder(), status=Status.ACKNOWLEDGED)
    return wanted


def one_of(field: str) -> Callable[[Value], Q]:
    return lambda value: Q(**{f"{field}__in": value})


def between(field: str) -> Callable[[Value], Q]:
    """Return a function that makes the condition for a range. A bound that is None is open."""

    def ask(value: Value) -> Q:
        bounds = cast("Range", value)
        low = Q() if bounds.low is None else Q(**{f"{field}__gte": bounds.low})
        return low if bounds.high is None else low & Q(**{f"{field}__lte": bounds.high})

    return ask


def received(value: Value) -> Q:
    since, until = moments(cast("Days", value))
    low = Q(received_at__gte=since) if since else Q()
    return low & Q(received_at__lt=until) if until else low


def moments(days: Days) -> tuple[datetime | None, datetime | None]:
    """Return the instants from the first midnight in Paris (included) to the last one (excluded)."""
    zone = ZoneInfo(PARIS)
    since = datetime.combine(days.first, time.min, zone) if days.first else None
    if days.last is None:
        return since, None
    if days.last == date.max:  # `date.max` has no next midnight.
        return since, datetime.max.replace(tzinfo=UTC)
    return since, datetime.combine(days.last, time.min, zone) + timedelta(days=1)


def span(query: Query) -> tuple[datetime | None, datetime | None]:
    """Return the two instants between which `query` wants the cases received, each None if open."""
    asked = [moments(part.value) for part in query.filters if isinstance(part.value, Days) and not part.is_left_out]
    low, high = [since for since, _until in asked if since], [until for _since, until in asked if until]
    return max(low, default=None), min(high, default=None)


def stopped(value: Value) -> Q:
    return Q(Exists(ServiceInterruption.objects.filter(incident=OuterRef("pk"), service__in=value)))


def verified(value: Value) -> Q:
    unverified = Q(verification=Verification.UNVERIFIED)
    return ~unverified if value == ("yes",) else unverified


def written_in(value: Value) -> Q:
    return Q(Exists(SearchDocument.objects.filter(OF_THE_CASE, kind__in=value)))


def with_technique(value: Value) -> Q:
    (code,) = cast("tuple[str]", value)
    below = [] if "." in code else [f"{code}.{number:03}" for number in range(1, SUB_TECHNIQUES)]
    return Q(techniques__overlap=[code, *below])


CONDITIONS: Mapping[str, Callable[[Value], Q]] = {
    "type": one_of("type"),
    "corps": one_of("collectivity__kind"),
    "pop": between("collectivity__population"),
    "etat": in_state,
    "gravite": between("severity"),
    "nature": one_of("nature"),
    "du": received,
    "au": received,
    "jour": received,
    "dept": one_of("collectivity__departement__code"),
    "service": stopped,
    "donnees": one_of("data_concerned"),
    "verifie": verified,
    "dans": written_in,
    "prestataire": lambda value: Q(supplier_key__contains=fold(str(value))),
    "cause": one_of("cause"),
    "technique": with_technique,
    "tlp": one_of("tlp"),
}
