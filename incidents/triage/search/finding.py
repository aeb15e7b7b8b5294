"""The search of the cases that match a query, best first. Their number is bounded, and the cost does not grow with the
number of stored cases.

The index of words has a long list of documents for a common word, so a common word is searched only in the newest
documents of the centre. A rare word is searched in the index. A sample of the newest documents shows which words are
common.
"""

import re
from collections.abc import Iterable
from datetime import datetime
from functools import reduce
from operator import or_
from typing import Any, NamedTuple

from django.contrib.postgres.search import SearchQuery
from django.core.exceptions import EmptyResultSet
from django.db import connection
from django.db.models import Exists, Q
from django.db.models.expressions import RawSQL

from incidents.enums import DocumentKind
from incidents.models import SearchDocument
from incidents.querysets import IncidentQuerySet
from incidents.triage.search.exact_values import list_number_spellings, parse_exact_value
from incidents.triage.search.filters import OF_THE_CASE, compute_span, list_searched_kinds
from incidents.triage.search.query import Query

# The most cases returned, and the newest matching documents of a centre that are scored.
MAX_FOUND, MAX_SCORED = 200, 300
# Documents or cases of a centre that are read: to measure how common the words are, to find common words, and to find
# cases without words.
SAMPLE_SIZE, COMMON_DEPTH, CASES_READ = 1000, 1500, 2000
# A word that at least one in twenty of the newest documents contains is common.
COMMON_FROM = SAMPLE_SIZE // 20
LEXEME = re.compile(r"'((?:[^']|'')*)'")
SHORTEST_BEGINNING = 4
HALF_LIFE_DAYS = 180

NEWEST_SQL = """
    SELECT * FROM incidents_searchdocument newest
    WHERE newest.csirt_id = centre.id AND newest.at >= %(since)s AND newest.at < %(until)s
    ORDER BY newest.at DESC, newest.id DESC LIMIT {depth}
"""
# The instant down to which common words are searched is only computed if the words are common.
FREQUENCY_SQL = """
    SELECT text, seen, CASE WHEN seen >= %(usual)s THEN (
        SELECT max(oldest.at) FROM unnest(%(csirts)s::bigint[]) centre(id)
        CROSS JOIN LATERAL ({last} OFFSET %(depth)s) oldest
    ) END
    FROM (
        SELECT ({query})::text AS text, (
            SELECT count(*) FROM unnest(%(csirts)s::bigint[]) centre(id)
            CROSS JOIN LATERAL ({newest}) glanced WHERE glanced.vector @@ ({query})
        ) AS seen
    ) glimpse
"""
# A case gets the score of its best document: how close together the words are, and how new it is.
BEST_SQL = """
    SELECT incident_id, (array_agg(kind || ' ' || source ORDER BY score DESC, id))[1:2]
    FROM (
        SELECT found.*, (0.1 + ts_rank_cd(found.vector, %(query)s::tsquery))
            / (1 + extract(epoch FROM now() - found.at) / (86400 * {half_life})) AS score
        FROM unnest(%(csirts)s::bigint[]) centre(id) CROSS JOIN LATERAL (
            SELECT d.id, d.incident_id, d.kind, d.source, d.at, d.vector FROM {documents} d
            WHERE d.csirt_id = centre.id AND d.at >= %(since)s AND d.at < %(until)s
              AND d.vector @@ %(query)s::tsquery AND {place} AND EXISTS ({cases})
            ORDER BY d.at DESC, d.id DESC LIMIT {weighed}
        ) found
    ) weighed
    GROUP BY incident_id ORDER BY max(score) DESC, incident_id DESC LIMIT {most}
"""


class SearchPlan(NamedTuple):
    """The words of a search as PostgreSQL reads them, and how far back to search for them.

    `text` is a `tsquery`. `is_common` tells whether so many documents match that only the newest are searched.
    """

    text: str
    is_common: bool
    # The instant down to which common words are searched, or None if there is nothing older.
    oldest: datetime | None

    @property
    def lexemes(self) -> set[str]:
        """Return the stems of the searched words."""
        return {lexeme.replace("''", "'") for lexeme in LEXEME.findall(self.text)}


class FoundCase(NamedTuple):
    """The primary key of a found case, and its best matching documents as « kind source »."""

    incident: int
    places: tuple[str, ...] = ()
    # The reason for which the case was found, if it was not found by its words.
    reason: str = ""


def plan_search(query: Query, csirts: Iterable[int]) -> SearchPlan:
    """Return the words of the query as PostgreSQL reads them, and whether they are common. Runs one query.

    The `text` of the plan is empty if every word is a stop word.
    """
    statement, values = compile_words(query)
    statement = FREQUENCY_SQL.format(
        query=statement, newest=NEWEST_SQL.format(depth=SAMPLE_SIZE), last=NEWEST_SQL.format(depth=1)
    )
    with connection.cursor() as cursor:
        cursor.execute(statement, build_bounds(query, csirts) | values | {"usual": COMMON_FROM, "depth": COMMON_DEPTH})
        text, frequency, oldest = cursor.fetchone()
    return SearchPlan(text, frequency >= COMMON_FROM, oldest)


def compile_words(query: Query) -> tuple[str, dict[str, str]]:
    """Return an SQL expression for the words and phrases of the query, and the values of its parameters.

    A telephone number matches in any spelling.
    """
    if (exact := parse_exact_value(query.free_text)) and exact.phone and not query.phrases:
        spelt = {f"spelling{number}": text for number, text in enumerate(list_number_spellings(exact.phone))}
        return " || ".join(f"phraseto_tsquery('tocsin', %({name})s)" for name in spelt), spelt
    parts, values = [], {}
    for number, word in enumerate(query.words):
        values[f"word{number}"] = word
        readings = f"plainto_tsquery('tocsin', %(word{number})s) || plainto_tsquery('french', %(word{number})s)"
        is_last = number == len(query.words) - 1
        if is_last and query.ends_with_word and word.isalnum() and len(word) >= SHORTEST_BEGINNING:
            values["open"] = f"'{word}':*"
            readings += " || to_tsquery('tocsin', %(open)s)"
        parts.append(f"({readings})")
    for number, phrase in enumerate(query.phrases):
        values[f"phrase{number}"] = phrase
        parts.append(f"phraseto_tsquery('tocsin', %(phrase{number})s)")
    return " && ".join(parts) or "''::tsquery", values


def find_by_words(query: Query, plan: SearchPlan, cases: IncidentQuerySet, csirts: Iterable[int]) -> list[FoundCase]:
    """Return those of `cases` that match the words of the query, best first, at most `MAX_FOUND`. Runs one query.

    The caller must already have limited `cases` to the centres `csirts` and to the filters of the query.
    """
    of_document = RawSQL("(d.incident_id)", [])
    correlated = cases.filter(pk=of_document).order_by().values("pk")
    try:
        inner, inner_values = correlated.query.sql_with_params()
    # The filters match no possible case, such as « pop<0 ».
    except EmptyResultSet:
        return []
    kinds = list_searched_kinds(query)
    statement = BEST_SQL.format(
        # OFFSET 0 makes PostgreSQL test each document in turn, instead of collecting all matching cases first.
        cases=number_parameters(inner) + " OFFSET 0",
        documents=f"({NEWEST_SQL.format(depth=COMMON_DEPTH)})" if plan.is_common else "incidents_searchdocument",
        place="d.kind = ANY(%(places)s)" if kinds != DocumentKind.values else "true",
        weighed=MAX_SCORED,
        most=MAX_FOUND,
        half_life=HALF_LIFE_DAYS,
    )
    values = build_bounds(query, csirts) | {"query": plan.text, "places": kinds}
    values |= {f"case{number}": value for number, value in enumerate(inner_values)}
    with connection.cursor() as cursor:
        cursor.execute(statement, values)
        return [FoundCase(incident, tuple(where)) for incident, where in cursor.fetchall()]


def number_parameters(statement: str) -> str:
    """Return the SQL statement with its parameters `%s` renamed to `%(case0)s`, `%(case1)s` …"""
    pieces = statement.split("%s")
    numbered = [f"{piece}%(case{number})s" for number, piece in enumerate(pieces[:-1])]
    return "".join([*numbered, pieces[-1]])


def build_exclusion_condition(query: Query) -> Q:
    """Return the condition that no document of a case has any of the excluded words. The documents of a case are read
    once, however many words there are.
    """
    phrases = [SearchQuery(text, config="tocsin", search_type="phrase") for text in query.excluded_texts]
    if not phrases:
        return Q()
    return ~Q(Exists(SearchDocument.objects.filter(OF_THE_CASE, vector=reduce(or_, phrases))))


def build_bounds(query: Query, csirts: Iterable[int]) -> dict[str, Any]:
    """Return the SQL parameters that limit a search to these centres and to the days of the query."""
    since, until = compute_span(query)
    return {"csirts": sorted(csirts), "since": since or "-infinity", "until": until or "infinity"}


def find_without_words(
    cases: IncidentQuerySet, own_cases: IncidentQuerySet
) -> tuple[list[FoundCase], datetime | None]:
    """Return the newest of `cases` for a query without words, and the instant before which no case was searched.

    `own_cases` are the cases of the user's centres on the days of the query. Only the newest `CASES_READ` of them are
    searched. The instant is None if there are no others.
    """
    received = own_cases.order_by("-received_at").values_list("received_at", flat=True)
    oldest = received[CASES_READ : CASES_READ + 1].first()
    if oldest:
        cases = cases.filter(received_at__gte=oldest)
    newest = cases.order_by("-received_at", "-id").values_list("pk", flat=True)[:MAX_FOUND]
    return [FoundCase(pk) for pk in newest], oldest
