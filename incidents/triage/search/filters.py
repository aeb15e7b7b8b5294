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


def build_query_condition(query: Query, user: User) -> Q:
    """Return the condition that a case satisfies all filters of `query`. The assignee « moi » means `user`."""
    combined = Q()
    different = {(part.key, part.value, part.is_left_out): part for part in query.filters}
    for part in different.values():
        if part.key == "dans" and has_search_words(query):
            # This filter applies to the document with the words, not to the case.
            continue
        part_condition = build_filter_condition(part, user)
        combined &= ~part_condition if part.is_left_out else part_condition
    return combined


def build_days_condition(query: Query) -> Q:
    """Return the condition that a case was received on the days to which the query is limited."""
    return match_span(*compute_span(query))


def has_search_words(query: Query) -> bool:
    """Tell whether the query has words or phrases to find, in addition to its filters."""
    return bool(query.words or query.phrases)


def list_searched_kinds(query: Query) -> list[str]:
    """Return the kinds of documents in which the words are searched."""
    included, left_out = (
        collect_document_kinds(query, is_left_out=False),
        collect_document_kinds(query, is_left_out=True),
    )
    return [kind for kind in DocumentKind.values if kind in (included or DocumentKind.values) and kind not in left_out]


def collect_document_kinds(query: Query, *, is_left_out: bool) -> set[str]:
    """Return the kinds of documents that the filters `dans:` include, or those that they exclude if `is_left_out`."""
    parts = [part for part in query.filters if part.key == "dans" and part.is_left_out == is_left_out]
    return {code for part in parts for code in cast("tuple[str, ...]", part.value)}


def build_filter_condition(part: QueryPart, user: User) -> Q:
    """Return the condition that a case satisfies this filter. The assignee « moi » means `user`."""
    if part.key == "resp":
        return match_assignee(str(part.value), user)
    return CONDITIONS[part.key](part.value)


def match_assignee(name: str, user: User) -> Q:
    """Return the condition that a case is assigned to a person with this name.

    The name « moi » means `user`, and « personne » means nobody who works for the centre.
    """
    if fold_text(name) in MYSELF_WORDS:
        return Q(assignee=user)
    if fold_text(name) in NOBODY_WORDS:
        return lacks_working_holder()
    return Q(assignee__display_name__icontains=name)


def match_state(value: Value) -> Q:
    """Return the condition that a case is in one of these states.

    The state `TO_TAKE` follows the rule of `incidents.workflow.must_be_taken`.
    """
    states = cast("tuple[str, ...]", value)
    combined = Q(status__in=[state for state in states if state in Status.values])
    if TO_TAKE in states:
        combined |= Q(status=Status.DECLARED) | Q(lacks_working_holder(), status=Status.ACKNOWLEDGED)
    if TAKEN in states:
        combined |= Q(~lacks_working_holder(), status=Status.ACKNOWLEDGED)
    return combined


def make_choice_condition(field: str) -> Callable[[Value], Q]:
    """Return a function that builds the condition that `field` has one of the given codes."""
    return lambda value: Q(**{f"{field}__in": value})


def make_range_condition(field: str) -> Callable[[Value], Q]:
    """Return a function that builds the condition that `field` is in a range. A bound that is None sets no limit."""

    def make_condition(value: Value) -> Q:
        """Return the condition that `field` is in the range `value`."""
        bounds = cast("Range", value)
        low = Q() if bounds.low is None else Q(**{f"{field}__gte": bounds.low})
        return low if bounds.high is None else low & Q(**{f"{field}__lte": bounds.high})

    return make_condition


def match_days(value: Value) -> Q:
    """Return the condition that a case was received on these days, in Paris time."""
    return match_span(*compute_day_bounds(cast("Days", value)))


def match_span(since: datetime | None, until: datetime | None) -> Q:
    """Return the condition that a case was received between two instants, the second one excluded.

    An instant that is None sets no limit.
    """
    low = Q(received_at__gte=since) if since else Q()
    return low & Q(received_at__lt=until) if until else low


def compute_day_bounds(days: Days) -> tuple[datetime | None, datetime | None]:
    """Return the midnights in Paris at which the first day begins and the last day ends.

    The second midnight is excluded. A midnight that is None sets no limit.
    """
    zone = ZoneInfo(PARIS)
    since = datetime.combine(days.first, time.min, zone) if days.first else None
    if days.last is None:
        return since, None
    if days.last == date.max:  # `date.max` has no next midnight.
        return since, datetime.max.replace(tzinfo=UTC)
    return since, datetime.combine(days.last, time.min, zone) + timedelta(days=1)


def compute_span(query: Query) -> tuple[datetime | None, datetime | None]:
    """Return the two instants between which the filters of `query` want a case to be received.

    The second instant is excluded. An instant that is None sets no limit.
    """
    ranges = [
        compute_day_bounds(part.value)
        for part in query.filters
        if isinstance(part.value, Days) and not part.is_left_out
    ]
    low, high = [since for since, _until in ranges if since], [until for _since, until in ranges if until]
    return max(low, default=None), min(high, default=None)


def match_services(value: Value) -> Q:
    """Return the condition that one of these services was interrupted."""
    return Q(Exists(ServiceInterruption.objects.filter(incident=OuterRef("pk"), service__in=value)))


def match_verification(value: Value) -> Q:
    """Return the condition that a case is verified if `value` is `("yes",)`, and that it is unverified if not."""
    unverified = Q(verification=Verification.UNVERIFIED)
    return ~unverified if value == ("yes",) else unverified


def match_documents(value: Value) -> Q:
    """Return the condition that a case has a document of one of these kinds that its centre may read."""
    return Q(Exists(SearchDocument.objects.filter(OF_THE_CASE, kind__in=value)))


def match_technique(value: Value) -> Q:
    """Return the condition that a case has this ATT&CK technique or one of its sub-techniques."""
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
