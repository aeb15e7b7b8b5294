"""The page of the search, with one box for a reference, the name of a body, words and filters. The results show where
the words are.

A query that is only a reference opens its case.
"""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from urllib.parse import urlencode

from django.core.exceptions import ValidationError
from django.db.models import Value
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils import timezone
from django.views.decorators.http import require_safe

from accounts.models import User
from accounts.signed_in import get_account
from collectivities.search import SearchProblem
from collectivities.zones import PARIS, find_local_day, find_zone
from core.text import clean_line, fold
from incidents.access import given_away, record_accesses
from incidents.enums import Door
from incidents.indicators.observables import refanged
from incidents.models import Incident, Transfer
from incidents.querysets import IncidentQuerySet
from incidents.triage import wording
from incidents.triage.case.page import redirect_to_case, render_page
from incidents.triage.search.bodies import find_bodies, references_in
from incidents.triage.search.exact import CALLERS_READ, REASONS, Exact, callers_in, cases_with, exact_in, is_called
from incidents.triage.search.excerpts import Excerpt, excerpts_of
from incidents.triage.search.filters import conditions, has_text, in_days
from incidents.triage.search.finding import MOST, Found, find_by_words, find_without_words, left_out, plan_search
from incidents.triage.search.query import LONGEST, Part, Query, QueryProblem, read_query
from incidents.triage.search.query_values import KEYS, Days

PER_PAGE = 25
# The most cases of bodies with a matching name. The rest of their cases are found by their words.
CASES_OF_BODIES = 50
# « hxxps://exemple[.]fr », « 192[.]0[.]2[.]1 », « fraude[@]exemple[.]fr ».
DEFANGED = re.compile(r"(?i)hxxps?|\[[.:@]\]")
# The relations of a body that its name and its time zone need.
PLACES = ("departement", "region", "region_correction")


@dataclass
class Answer:
    """The result of a search. `found` is ordered best first; `warning` is a sentence to show with it."""

    found: list[Found] = field(default_factory=list)
    lexemes: set[str] = field(default_factory=set)
    warning: str = ""
    # The instant before which cases were not read, or None if all were.
    oldest: datetime | None = None


@dataclass(frozen=True)
class Hit:
    incident: Incident
    term: str
    received: str
    zone: str
    excerpts: list[Excerpt]
    reason: str

    @property
    def is_overseas(self) -> bool:
        return self.zone != PARIS


@dataclass(frozen=True)
class Chip:
    """A filter as it was typed, and the address of the search without it."""

    text: str
    without: str


@require_safe
def search_view(request: HttpRequest) -> HttpResponse:
    typed, user = request.GET.get("q", ""), get_account(request)
    if not user.read_centre_ids:
        raise Http404
    context: dict[str, Any] = {"title": "Chercher un dossier", "typed": typed[: 2 * LONGEST], "keys": KEYS.items()}
    try:
        # A problem gives the position of a word in this text.
        context["typed"] = clean_line(typed, limit=LONGEST, field="q")
        query = read_query(refang_typed(context["typed"]))
    except QueryProblem as problem:
        return render_page(request, "incidents/triage/search.html", context | {"problem": problem}, status=422)
    except ValidationError as error:
        return render_page(request, "incidents/triage/search.html", context | {"too_long": error.messages}, status=422)
    if reference := find_reference(query, user):
        return redirect_to_case(reference)
    context |= {"query": query, "chips": chips_of(query), "given": find_given(query, user)}
    answer = find(query, user) if query.text else Answer()
    return render_page(request, "incidents/triage/search.html", context | page_of(request, query, answer, user))


def to_search(request: HttpRequest) -> HttpResponse:
    """Redirect a search in the queue to this page."""
    response = redirect("admin:incidents_incident_search")
    response["Location"] += address(request.GET.get("q", ""))
    return response


def find_reference(query: Query, user: User) -> str:
    """Return the reference if it is all that was typed and the user may open the case, else ""."""
    if query.filters or query.phrases or query.left_out or not (references := references_in(query.free)):
        return ""
    mine = Incident.objects.visible_to(user).filter(csirt__in=user.read_centre_ids, reference__in=references)
    return mine.order_by().values_list("reference", flat=True).first() or ""


def refang_typed(text: str) -> str:
    """Return what was typed with its indicators as they are kept: Tocsin itself shows them defanged."""
    return refanged(text) if DEFANGED.search(text) else text


def find_given(query: Query, user: User) -> Transfer | None:
    """The transfer by which my centre gave away the case whose reference is all that was typed, or None."""
    if query.filters or query.phrases or query.left_out:
        return None
    transfers = (given_away(user, reference) for reference in references_in(query.free))
    return next(filter(None, transfers), None)


def find(query: Query, user: User) -> Answer:
    """Return the cases of the bodies that match the words, then the cases whose texts have the words."""
    mine = Incident.objects.filter(csirt__in=user.read_centre_ids)
    cases = mine.filter(conditions(query, user)).filter(left_out(query))
    if has_text(query):
        return by_words(query, cases, user)
    if not query.filters and not query.left_out:
        return say_nothing(query)
    found, oldest = find_without_words(cases, mine.filter(in_days(query)))
    return Answer(found, oldest=oldest)


def by_words(query: Query, cases: IncidentQuerySet, user: User) -> Answer:
    centres = user.read_centre_ids
    asked = plan_search(query, centres)
    answer = Answer(lexemes=asked.lexemes)
    with_words = find_by_words(query, asked, cases, centres) if asked.text else []
    if len(with_words) < MOST:
        answer.oldest = asked.oldest
    exact = exact_in(query.free) if not query.phrases else None
    try:
        named, alike = (having(exact, cases), []) if exact else cases_by_name(query, cases)
    except SearchProblem as problem:
        named, alike, answer.warning = [], [], str(problem)
    answer.found = merged(named, with_words, [] if with_words else alike)
    return answer


def having(exact: Exact, cases: IncidentQuerySet) -> list[Found]:
    """Return the cases that have this number or address in a field of their own."""
    return [Found(key, reason=reason) for key, reason in cases_with(exact, cases, CASES_OF_BODIES)]


def say_nothing(query: Query) -> Answer:
    if fold(query.text):
        return Answer(warning="Ces mots sont dans tous les textes. Ajoutez-en un qui en dise plus.")
    return Answer(warning="Écrivez au moins un mot.")


def cases_by_name(query: Query, cases: IncidentQuerySet) -> tuple[list[Found], list[Found]]:
    """Return the newest cases whose body or whose caller has this name, and those of bodies with a similar name.

    One query for bodies and callers together, since a page costs ten.
    """
    bodies = [] if query.phrases else find_bodies(query.free)
    callers = callers_in([*query.words, *query.phrases])
    newest = cases.order_by("-received_at", "-id")
    columns = ("pk", "collectivity__name", "collectivity__departement__name", "story__contact_name")
    of_bodies = newest.filter(collectivity__in=bodies).annotate(is_caller=Value(value=False))
    of_callers = newest.exclude(story__contact_name="").annotate(is_caller=Value(value=True))
    rows = of_bodies.values_list(*columns, "is_caller")[:CASES_OF_BODIES]
    if callers:
        rows = rows.union(of_callers.values_list(*columns, "is_caller")[:CALLERS_READ], all=True)
    named: list[Found] = []
    alike: list[Found] = []
    for pk, *name, caller, is_caller in rows if bodies or callers else ():
        if is_caller:
            named += [Found(pk, reason=REASONS["caller"])] if is_called(caller, callers) else []
        else:
            (named if is_named(query, name) else alike).append(Found(pk))
    return named, alike


def is_named(query: Query, name: Iterable[str | None]) -> bool:
    """Tell whether each word is in the name. A number is the code of the body, so it always matches."""
    wanted, words = fold(query.free), fold(" ".join(part or "" for part in name))
    return wanted.replace(" ", "").isdigit() or all(f" {word}" in f" {words}" for word in wanted.split())


def merged(*lists: list[Found]) -> list[Found]:
    """Return each case once, at its first place in the lists, with the documents and the reason from any of them."""
    reasons = {one.incident: one.reason for those in lists for one in those if one.reason}
    places = {one.incident: one.places for those in lists for one in those if one.places}
    order = dict.fromkeys(one.incident for those in lists for one in those)
    return [Found(pk, places.get(pk, ()), reasons.get(pk, "")) for pk in order][:MOST]


def page_of(request: HttpRequest, query: Query, answer: Answer, user: User) -> dict[str, Any]:
    """Return one page of the results. A page number that does not exist gives the first page."""
    asked = request.GET.get("page", "")
    number = int(asked) if asked.isascii() and asked.isdigit() and len(asked) < len("100") else 1
    first = (number - 1) * PER_PAGE
    if not 0 <= first < len(answer.found):
        number, first = 1, 0
    shown = answer.found[first : first + PER_PAGE]
    return {
        "hits": hits_of(shown, answer.lexemes, user, timezone.now()),
        "warning": answer.warning,
        "count": len(answer.found),
        "is_bounded": len(answer.found) == MOST,
        "further": further(query, answer.oldest),
        "previous": address(query.text, number - 1) if number > 1 else "",
        "next": address(query.text, number + 1) if first + PER_PAGE < len(answer.found) else "",
    }


def further(query: Query, oldest: datetime | None) -> dict[str, Any]:
    """Return the day down to which cases were read, and the address of the search for older cases."""
    if oldest is None:
        return {}
    day = find_local_day(oldest, PARIS)
    return {"day": day, "address": address(" ".join([*list_typed_parts(query), f"au:{day.isoformat()}"]))}


def list_typed_parts(query: Query) -> Iterator[str]:
    """Yield the parts of the query as they were typed, without the end of its days."""
    for part in query.parts:
        if part.is_left_out or part.key not in ("au", "jour"):
            yield query.text[part.start : part.end]
        elif isinstance(part.value, Days) and part.value.first:
            yield f"du:{part.value.first.isoformat()}"


def hits_of(found: list[Found], lexemes: set[str], user: User, now: datetime) -> list[Hit]:
    """Return the results to show. The cases are read again with their access rights, so that a case that was
    transferred since it was indexed is not shown.

    An access is recorded for each case of which an excerpt is shown.
    """
    cases = Incident.objects.visible_to(user).filter(csirt__in=user.read_centre_ids)
    joined = cases.with_holder().select_related("assignee", *(f"collectivity__{place}" for place in PLACES))
    rows = joined.in_bulk([one.incident for one in found])
    zones = {pk: find_zone(row.collectivity) for pk, row in rows.items()}
    kept = {one.incident: one.places for one in found if one.incident in rows}
    reasons = {one.incident: one.reason for one in found}
    excerpts = excerpts_of(kept, lexemes)
    record_accesses(user, [rows[pk] for pk in excerpts], Door.SEARCH)
    return [
        Hit(
            incident=rows[pk],
            term=wording.format_term(rows[pk]),
            received=wording.format_short_moment(rows[pk].received_at, now, zones[pk]),
            zone=zones[pk],
            excerpts=excerpts.get(pk, []),
            reason=reasons[pk],
        )
        for pk in kept
    ]


def chips_of(query: Query) -> list[Chip]:
    def without(part: Part) -> str:
        return address(query.without(part))

    return [Chip(part.text, without(part)) for part in query.filters]


def address(text: str, page: int = 1) -> str:
    return "?" + urlencode({"q": text} | ({"page": page} if page > 1 else {}))
