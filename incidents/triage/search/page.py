"""The search page. Its box takes a reference, the name of a body, words or filters. The results show where the words
were found.

A query that is only a reference opens its case.
"""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from urllib.parse import urlencode

from django.core.exceptions import ValidationError
from django.db.models import Q, Value
from django.db.models.functions import Reverse
from django.db.models.lookups import StartsWith
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils import timezone
from django.views.decorators.http import require_safe

from accounts.access import list_centre_ids
from accounts.enums import CentreAbility
from accounts.models import User
from accounts.signed_in import get_account
from collectivities.search import SearchProblem
from collectivities.zones import PARIS, find_local_day, find_zone
from core.text import clean_line, fold_text
from incidents.access import find_given_transfer, record_accesses
from incidents.enums import Door
from incidents.indicators.observables import refang_text
from incidents.models import Incident, Transfer
from incidents.querysets import IncidentQuerySet
from incidents.triage import wording
from incidents.triage.case.page import redirect_to_case, render_page
from incidents.triage.search.bodies import list_matching_bodies, list_references, read_reference_part
from incidents.triage.search.exact_values import (
    CALLERS_READ,
    REASONS,
    ExactValue,
    check_number_complete,
    has_caller_name,
    is_day,
    list_newest_with_value,
    normalise_searched_names,
    parse_exact_value,
)
from incidents.triage.search.excerpts import Excerpt, build_excerpts
from incidents.triage.search.filters import build_days_condition, build_query_condition, has_search_words
from incidents.triage.search.finding import (
    MAX_FOUND,
    FoundCase,
    build_exclusion_condition,
    find_by_words,
    find_without_words,
    plan_search,
)
from incidents.triage.search.query import MAX_LENGTH, Query, QueryProblem, parse_query
from incidents.triage.search.query_values import KEYS, Days

PER_PAGE = 25
# The most cases of bodies with a matching name. The rest of their cases are found by their words.
CASES_OF_BODIES = 50
# « hxxps://exemple[.]fr », « 192[.]0[.]2[.]1 », « fraude[@]exemple[.]fr ».
DEFANGED = re.compile(r"(?i)hxxps?|\[[.:@]\]")
# The relations of a body that its name and its time zone need.
BODY_RELATIONS = ("departement", "region", "region_correction")


@dataclass
class SearchResult:
    """The result of a search.

    `matches` are the found cases, best first. `lexemes` are the stems of the words to mark. `warning` is a sentence to
    show, or "".
    """

    matches: list[FoundCase] = field(default_factory=list)
    lexemes: set[str] = field(default_factory=set)
    warning: str = ""
    # The instant before which cases were not read, or None if all were.
    oldest: datetime | None = None


@dataclass(frozen=True)
class SearchHit:
    """A found case as the page of results shows it: its excerpts, and the reason for which it was found."""

    incident: Incident
    term: str
    received: str
    zone: str
    excerpts: list[Excerpt]
    reason: str

    @property
    def is_overseas(self) -> bool:
        """Tell whether the time zone of the body is not that of Paris."""
        return self.zone != PARIS


@dataclass(frozen=True)
class FilterChip:
    """A filter as it was typed (`text`), and the link to the same search without it (`without`)."""

    text: str
    without: str


@require_safe
def show_search_results(request: HttpRequest) -> HttpResponse:
    """Show the results of the search that was typed, or redirect to the case whose reference was typed."""
    typed_text, user = request.GET.get("q", ""), get_account(request)
    if not user.reads_any_centre:
        raise Http404
    context: dict[str, Any] = {
        "title": "Chercher un dossier",
        "query_text": typed_text[: 2 * MAX_LENGTH],
        "keys": KEYS.items(),
    }
    try:
        # A QueryProblem gives a position in the cleaned text, so the page must show that text.
        context["query_text"] = clean_line(typed_text, limit=MAX_LENGTH, field="q")
        query = parse_query(refang_typed_text(context["query_text"]))
    except QueryProblem as problem:
        return render_page(request, "incidents/triage/search.html", context | {"problem": problem}, status=422)
    except ValidationError as error:
        return render_page(request, "incidents/triage/search.html", context | {"too_long": error.messages}, status=422)
    if reference := find_reference(query, user):
        return redirect_to_case(reference)
    context |= {"query": query, "chips": list_chips(query), "given_transfer": find_transfer_of_reference(query, user)}
    result = search_cases(query, user) if query.text else SearchResult()
    return render_page(
        request, "incidents/triage/search.html", context | build_results_page(request, query, result, user)
    )


def redirect_to_search(request: HttpRequest) -> HttpResponse:
    """Redirect from the queue to the search page, with the query that was typed."""
    response = redirect("admin:incidents_incident_search")
    response["Location"] += format_search_link(request.GET.get("q", ""))
    return response


def find_reference(query: Query, user: User) -> str:
    """Return the reference of the case that was typed, or "".

    The result is "" if anything else was typed too, or if the user may not open the case.
    """
    if query.filters or query.phrases or query.excluded_texts or not (references := list_references(query.free_text)):
        return ""
    own_cases = Incident.objects.of_centres(user, CentreAbility.READ)
    return own_cases.filter(reference__in=references).order_by().values_list("reference", flat=True).first() or ""


def refang_typed_text(text: str) -> str:
    """Return the typed text with its defanged indicators restored.

    People copy indicators from Tocsin, which shows them defanged.
    """
    return refang_text(text) if DEFANGED.search(text) else text


def find_transfer_of_reference(query: Query, user: User) -> Transfer | None:
    """Return the transfer by which a centre of the user gave a case away, or None.

    The query must be nothing but the reference of that case.
    """
    if query.filters or query.phrases or query.excluded_texts:
        return None
    transfers = (find_given_transfer(user, reference) for reference in list_references(query.free_text))
    return next(filter(None, transfers), None)


def search_cases(query: Query, user: User) -> SearchResult:
    """Return the cases that match the words and filters of the query.

    The cases of bodies with a matching name come before the cases whose texts have the words. Without words, the
    newest cases come first.
    """
    own_cases = Incident.objects.of_centres(user, CentreAbility.READ)
    cases = own_cases.filter(build_query_condition(query, user)).filter(build_exclusion_condition(query))
    if has_search_words(query):
        return find_cases_by_words(query, cases, user)
    if not query.filters and not query.excluded_texts:
        return explain_empty_query(query)
    matches, oldest = find_without_words(cases, own_cases.filter(build_days_condition(query)))
    return SearchResult(matches, oldest=oldest)


def find_cases_by_words(query: Query, cases: IncidentQuerySet, user: User) -> SearchResult:
    """Return those of `cases` that have the exact value, name or words of the query, best first."""
    centres = list_centre_ids(user, CentreAbility.READ)
    plan = plan_search(query, centres)
    result = SearchResult(lexemes=plan.lexemes)
    with_words = find_by_words(query, plan, cases, centres) if plan.text else []
    if len(with_words) < MAX_FOUND:
        result.oldest = plan.oldest
    exact = parse_exact_value(query.free_text) if not query.phrases else None
    with_value: list[FoundCase] = []
    if exact:
        rows = list_newest_with_value(exact, cases, CASES_OF_BODIES)
        with_value = [FoundCase(key, reason=reason) for key, reason in rows]
    try:
        best_matches, similar = find_best_matches(query, exact, with_value, cases)
    except SearchProblem as problem:
        best_matches, similar, result.warning = [], [], str(problem)
    result.matches = merge_matches(best_matches, with_words, [] if with_words else similar)
    return result


def find_best_matches(
    query: Query, exact: ExactValue | None, with_value: list[FoundCase], cases: IncidentQuerySet
) -> tuple[list[FoundCase], list[FoundCase]]:
    """Return two lists: the cases that have the exact value or the name, and those of bodies with a similar name.

    `with_value` are the cases that have the exact value. Raises `SearchProblem` for an incomplete telephone number.
    """
    if exact and (with_value or not exact.may_be_name):
        return with_value, []
    if not query.phrases:
        if is_day(query.free_text):  # or else its digits would be taken for a SIREN
            return [], []
        check_number_complete(query.free_text)
    return find_cases_by_name(query, cases)


def explain_empty_query(query: Query) -> SearchResult:
    """Return an empty result with a warning, for a query that has no word or only common words."""
    if fold_text(query.text):
        return SearchResult(warning="Ces mots sont dans tous les textes. Ajoutez-en un qui en dise plus.")
    return SearchResult(warning="Écrivez au moins un mot.")


def find_cases_by_name(query: Query, cases: IncidentQuerySet) -> tuple[list[FoundCase], list[FoundCase]]:
    """Return two lists of cases, newest first: those that the query names, and those of bodies with a similar name.

    The query may name the body or the caller, or be a part of the reference. A single query of the database finds
    all these cases, since a page may run only ten.
    """
    bodies = [] if query.phrases else list_matching_bodies(query.free_text)
    callers = normalise_searched_names([*query.words, *query.phrases])
    part = "" if query.phrases else read_reference_part(query.free_text)
    same_name: list[FoundCase] = []
    similar: list[FoundCase] = []
    for pk, *name, caller, column in list_named_cases(cases, bodies, part, has_callers=bool(callers)):
        if column == "caller":
            same_name += [FoundCase(pk, reason=REASONS["caller"])] if has_caller_name(caller, callers) else []
        elif column == "reference":
            same_name.append(FoundCase(pk, reason=REASONS["reference"]))
        else:
            (same_name if has_body_name(query, name) else similar).append(FoundCase(pk))
    return same_name, similar


def list_named_cases(
    cases: IncidentQuerySet, bodies: list[int], part: str, *, has_callers: bool
) -> Iterable[tuple[Any, ...]]:
    """Return a row for each of the newest cases that the query may name. Runs one query, or none.

    These are the cases of `bodies`, the cases whose reference begins or ends with `part`, and, if `has_callers` is
    true, the cases whose caller gave a name. The last column tells which of the three it is.
    """
    newest = cases.order_by("-received_at", "-id")
    columns = ("pk", "collectivity__name", "collectivity__departement__name", "story__contact_name", "column")
    branches = []
    if bodies:
        branches.append((newest.filter(collectivity__in=bodies), "body", CASES_OF_BODIES))
    if has_callers:
        branches.append((newest.exclude(story__contact_name=""), "caller", CALLERS_READ))
    if part:
        ends_so = Q(StartsWith(Reverse("reference"), part[::-1]))
        branches.append((newest.filter(Q(reference__startswith=part) | ends_so), "reference", CASES_OF_BODIES))
    rows = [branch.annotate(column=Value(name)).values_list(*columns)[:most] for branch, name, most in branches]
    return rows[0].union(*rows[1:], all=True) if rows else ()


def has_body_name(query: Query, name: Iterable[str | None]) -> bool:
    """Tell whether each word of the query begins a word of `name`: the names of the body and of its département.

    A query of digits is the code of the body, so the result is True.
    """
    query_words, words = fold_text(query.free_text), fold_text(" ".join(part or "" for part in name))
    return query_words.replace(" ", "").isdigit() or all(f" {word}" in f" {words}" for word in query_words.split())


def merge_matches(*lists: list[FoundCase]) -> list[FoundCase]:
    """Return the cases of the lists in order, each of them once, at most MAX_FOUND in all.

    A case that is in several lists keeps its first place, its first reason, and its documents.
    """
    all_matches = [match for matches in lists for match in matches]
    reasons = {match.incident: match.reason for match in reversed(all_matches) if match.reason}
    places = {match.incident: match.places for match in all_matches if match.places}
    order = dict.fromkeys(match.incident for match in all_matches)
    return [FoundCase(pk, places.get(pk, ()), reasons.get(pk, "")) for pk in order][:MAX_FOUND]


def build_results_page(request: HttpRequest, query: Query, result: SearchResult, user: User) -> dict[str, Any]:
    """Return the context of one page of the results. A page number that does not exist gives the first page."""
    page_text = request.GET.get("page", "")
    number = int(page_text) if page_text.isascii() and page_text.isdigit() and len(page_text) < len("100") else 1
    first = (number - 1) * PER_PAGE
    if not 0 <= first < len(result.matches):
        number, first = 1, 0
    matches = result.matches[first : first + PER_PAGE]
    return {
        "hits": build_hits(matches, result.lexemes, user, timezone.now()),
        "warning": result.warning,
        "count": len(result.matches),
        "is_bounded": len(result.matches) == MAX_FOUND,
        "further": describe_older_search(query, result.oldest),
        "previous": format_search_link(query.text, number - 1) if number > 1 else "",
        "next": format_search_link(query.text, number + 1) if first + PER_PAGE < len(result.matches) else "",
    }


def describe_older_search(query: Query, oldest: datetime | None) -> dict[str, Any]:
    """Return a link that searches the older cases (`address`), and the last day that this link searches (`day`).

    Return {} if all cases were searched.
    """
    if oldest is None:
        return {}
    day = find_local_day(oldest, PARIS)
    return {"day": day, "address": format_search_link(" ".join([*list_typed_parts(query), f"au:{day.isoformat()}"]))}


def list_typed_parts(query: Query) -> Iterator[str]:
    """Yield the parts of the query as they were typed. A limit of the last day of receipt is left out."""
    for part in query.parts:
        if part.is_left_out or part.key not in ("au", "jour"):
            yield query.text[part.start : part.end]
        elif isinstance(part.value, Days) and part.value.first:
            yield f"du:{part.value.first.isoformat()}"


def build_hits(matches: list[FoundCase], lexemes: set[str], user: User, now: datetime) -> list[SearchHit]:
    """Return those of the matches that the user may still read, as results to show.

    Access rights are checked again, because a case may have been transferred since it was indexed. An access is
    recorded for each case of which an excerpt is shown.
    """
    cases = Incident.objects.of_centres(user, CentreAbility.READ)
    joined = cases.annotate_has_holder().select_related(
        "assignee", *(f"collectivity__{place}" for place in BODY_RELATIONS)
    )
    rows = joined.in_bulk([match.incident for match in matches])
    zones = {pk: find_zone(row.collectivity) for pk, row in rows.items()}
    places = {match.incident: match.places for match in matches if match.incident in rows}
    reasons = {match.incident: match.reason for match in matches}
    excerpts = build_excerpts(places, lexemes)
    record_accesses(user, [rows[pk] for pk in excerpts], Door.SEARCH)
    return [
        SearchHit(
            incident=rows[pk],
            term=wording.get_type_term(rows[pk]),
            received=wording.format_short_moment(rows[pk].received_at, now, zones[pk]),
            zone=zones[pk],
            excerpts=excerpts.get(pk, []),
            reason=reasons[pk],
        )
        for pk in places
    ]


def list_chips(query: Query) -> list[FilterChip]:
    """Return a chip for each filter of the query."""
    return [FilterChip(part.text, format_search_link(query.format_without(part))) for part in query.filters]


def format_search_link(text: str, page: int = 1) -> str:
    """Return the link to a page of the results of a search for `text`."""
    return "?" + urlencode({"q": text} | ({"page": page} if page > 1 else {}))
