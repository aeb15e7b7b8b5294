"""The database conditions of the filters that are typed in the search."""

from collections.abc import Callable, Mapping
from datetime import UTC, date, datetime, time, timedelta
from typing import cast
from zoneinfo import ZoneInfo

from django.db.models import Exists, OuterRef, Q

from accounts.models import User
from collectivities.zones import PARIS
from core.text import fold_text
from incidents.enums import DocumentKind, Status, Verification
from incidents.models import SearchDocument, ServiceInterruption
from incidents.querysets import lacks_working_holder
from incidents.triage.search.query import Query, QueryPart
from incidents.triage.search.query_values import TAKEN, TO_TAKE, Days, Range, Value

MYSELF_WORDS, NOBODY_WORDS = ("moi", "me"), ("personne", "aucun")
# Sub-techniques are numbered from .001; no technique has this many.
SUB_TECHNIQUES = 30
# The documents of a case that its centre may read.
OF_THE_CASE = Q(incident=OuterRef("pk"), csirt=OuterRef("csirt"))


def build_conditions(query: Query, user: User) -> Q:
    """Return the condition of all the filters of `query`. « moi » means `user`."""
    combined = Q()
    for part in query.filters:
        if part.key == "dans" and has_text(query):
            # This filter applies to the document with the words, not to the case.
            continue
        part_condition = build_condition(part, user)
        combined &= ~part_condition if part.is_left_out else part_condition
    return combined


def build_days_condition(query: Query) -> Q:
    """Return the condition that a case was received on the days that the query asks for."""
    return match_span(*compute_span(query))


def has_text(query: Query) -> bool:
    return bool(query.words or query.phrases)


def list_searched_kinds(query: Query) -> list[str]:
    """Return the kinds of documents in which the words are searched."""
    included, left_out = list_kinds(query, is_left_out=False), list_kinds(query, is_left_out=True)
    return [kind for kind in DocumentKind.values if kind in (included or DocumentKind.values) and kind not in left_out]


def list_kinds(query: Query, *, is_left_out: bool) -> set[str]:
    parts = [part for part in query.filters if part.key == "dans" and part.is_left_out == is_left_out]
    return {code for part in parts for code in cast("tuple[str, ...]", part.value)}


def build_condition(part: QueryPart, user: User) -> Q:
    if part.key == "resp":
        return match_assignee(str(part.value), user)
    return CONDITIONS[part.key](part.value)


def match_assignee(name: str, user: User) -> Q:
    if fold_text(name) in MYSELF_WORDS:
        return Q(assignee=user)
    if fold_text(name) in NOBODY_WORDS:
        return lacks_working_holder()
    return Q(assignee__display_name__icontains=name)


def match_state(value: Value) -> Q:
    """Return the condition that matches any of the states. Which cases are to be taken is the rule of
    `incidents.workflow.is_to_take`, as a condition.
    """
    states = cast("tuple[str, ...]", value)
    combined = Q(status__in=[state for state in states if state in Status.values])
    if TO_TAKE in states:
        combined |= Q(status=Status.DECLARED) | Q(lacks_working_holder(), status=Status.ACKNOWLEDGED)
    if TAKEN in states:
        combined |= Q(~lacks_working_holder(), status=Status.ACKNOWLEDGED)
    return combined


def make_choice_condition(field: str) -> Callable[[Value], Q]:
    return lambda value: Q(**{f"{field}__in": value})


def make_range_condition(field: str) -> Callable[[Value], Q]:
    """Return a function that makes the condition for a range. A bound that is None is open."""

    def make_condition(value: Value) -> Q:
        bounds = cast("Range", value)
        low = Q() if bounds.low is None else Q(**{f"{field}__gte": bounds.low})
        return low if bounds.high is None else low & Q(**{f"{field}__lte": bounds.high})

    return make_condition


def match_days(value: Value) -> Q:
    return match_span(*compute_day_bounds(cast("Days", value)))


def match_span(since: datetime | None, until: datetime | None) -> Q:
    """Return the condition that a case was received between these instants. None means no limit."""
    low = Q(received_at__gte=since) if since else Q()
    return low & Q(received_at__lt=until) if until else low


def compute_day_bounds(days: Days) -> tuple[datetime | None, datetime | None]:
    """Return the midnight in Paris that begins the first day (included) and the one that ends the last day (excluded).
    None means no limit.
    """
    zone = ZoneInfo(PARIS)
    since = datetime.combine(days.first, time.min, zone) if days.first else None
    if days.last is None:
        return since, None
    if days.last == date.max:  # `date.max` has no next midnight.
        return since, datetime.max.replace(tzinfo=UTC)
    return since, datetime.combine(days.last, time.min, zone) + timedelta(days=1)


def compute_span(query: Query) -> tuple[datetime | None, datetime | None]:
    """Return the instants between which `query` asks that cases were received. An instant is None if it is not
    limited.
    """
    ranges = [
        compute_day_bounds(part.value)
        for part in query.filters
        if isinstance(part.value, Days) and not part.is_left_out
    ]
    low, high = [since for since, _until in ranges if since], [until for _since, until in ranges if until]
    return max(low, default=None), min(high, default=None)


def match_services(value: Value) -> Q:
    return Q(Exists(ServiceInterruption.objects.filter(incident=OuterRef("pk"), service__in=value)))


def match_verification(value: Value) -> Q:
    unverified = Q(verification=Verification.UNVERIFIED)
    return ~unverified if value == ("yes",) else unverified


def match_documents(value: Value) -> Q:
    return Q(Exists(SearchDocument.objects.filter(OF_THE_CASE, kind__in=value)))


def match_technique(value: Value) -> Q:
    (code,) = cast("tuple[str]", value)
    below = [] if "." in code else [f"{code}.{number:03}" for number in range(1, SUB_TECHNIQUES)]
    return Q(techniques__overlap=[code, *below])


CONDITIONS: Mapping[str, Callable[[Value], Q]] = {
    "type": make_choice_condition("type"),
    "corps": make_choice_condition("collectivity__kind"),
    "pop": make_range_condition("collectivity__population"),
    "etat": match_state,
    "gravite": make_range_condition("severity"),
    "nature": make_choice_condition("nature"),
    "du": match_days,
    "au": match_days,
    "jour": match_days,
    "dept": make_choice_condition("collectivity__departement__code"),
    "service": match_services,
    "donnees": make_choice_condition("data_concerned"),
    "verifie": match_verification,
    "dans": match_documents,
    "prestataire": lambda value: Q(supplier_key__contains=fold_text(str(value))),
    "cause": make_choice_condition("cause"),
    "technique": match_technique,
    "tlp": make_choice_condition("tlp"),
}
