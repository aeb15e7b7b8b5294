"""The cases that answer a query, best first: a bounded number of them, at a cost that does not grow with the stored.

A word that is in many documents is looked for among the newest of the centre, by their date; the list that the index
keeps of it would be long. A word that is in few is looked for in that list, which is short. The newest documents say
which it is.
"""

import re
from collections.abc import Iterable
from datetime import datetime
from typing import Any, NamedTuple

from django.contrib.postgres.search import SearchQuery
from django.core.exceptions import EmptyResultSet
from django.db import connection
from django.db.models import Exists, Q
from django.db.models.expressions import RawSQL

from incidents.enums import DocumentKind
from incidents.models import SearchDocument
from incidents.querysets import IncidentQuerySet
from incidents.triage.exact import exact_in, spellings_of
from incidents.triage.filters import OF_THE_CASE, places, span
from incidents.triage.query import Query

# At most so many cases answer; so many documents of a centre, the newest, are weighed for it.
MOST, WEIGHED = 200, 300
# What is read of a centre: to learn how usual the words are, to find usual ones, to find cases without words.
GLANCE, USUAL, DEPTH = 1000, 1500, 2000
# A word that is in one of twenty of the newest documents is a usual one.
SEEN_OFTEN = GLANCE // 20
LEXEME = re.compile(r"'((?:[^']|'')*)'")
SHORTEST_BEGINNING = 4
HALF_LIFE_DAYS = 180

NEWEST = """
    SELECT * FROM incidents_searchdocument newest
    WHERE newest.csirt_id = centre.id AND newest.at >= %(since)s AND newest.at < %(until)s
    ORDER BY newest.at DESC, newest.id DESC LIMIT {depth}
"""
# Where the reading of usual words stops is asked only when they are usual.
GLIMPSE = """
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
# A case is as good as the best of its documents: how close the words stand, and how new it is.
BEST = """
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


class Asked(NamedTuple):
    """The words as PostgreSQL reads them."""

    text: str
    is_usual: bool
    # Where looking for usual words stops; None if there is nothing older.
    oldest: datetime | None

    @property
    def lexemes(self) -> set[str]:
        return {lexeme.replace("''", "'") for lexeme in LEXEME.findall(self.text)}


class Found(NamedTuple):
    """The key of a case, and where its best words are: « kind source »."""

    incident: int
    places: tuple[str, ...] = ()
    # What else it was found by; empty where its words are.
    reason: str = ""


def ask(query: Query, csirts: Iterable[int]) -> Asked:
    """One statement. `text` is empty when every word is one that is everywhere."""
    statement, values = words_asked(query)
    glimpse = GLIMPSE.format(query=statement, newest=NEWEST.format(depth=GLANCE), last=NEWEST.format(depth=1))
    with connection.cursor() as cursor:
        cursor.execute(glimpse, bounds(query, csirts) | values | {"usual": SEEN_OFTEN, "depth": USUAL})
        text, seen, oldest = cursor.fetchone()
    return Asked(text, seen >= SEEN_OFTEN, oldest)


def words_asked(query: Query) -> tuple[str, dict[str, str]]:
    """The words and phrases of `query` as an expression of SQL, with its values. A number is found in any spelling."""
    if (exact := exact_in(query.free)) and exact.kind == "phone" and not query.phrases:
        spelt = {f"spelling{number}": text for number, text in enumerate(spellings_of(exact.value))}
        return " || ".join(f"phraseto_tsquery('tocsin', %({name})s)" for name in spelt), spelt
    parts, values = [], {}
    for number, word in enumerate(query.words):
        values[f"word{number}"] = word
        readings = f"plainto_tsquery('tocsin', %(word{number})s) || plainto_tsquery('french', %(word{number})s)"
        if query.is_open and number == len(query.words) - 1 and word.isalnum() and len(word) >= SHORTEST_BEGINNING:
            values["open"] = f"'{word}':*"
            readings += " || to_tsquery('tocsin', %(open)s)"
        parts.append(f"({readings})")
    for number, phrase in enumerate(query.phrases):
        values[f"phrase{number}"] = phrase
        parts.append(f"phraseto_tsquery('tocsin', %(phrase{number})s)")
    return " && ".join(parts) or "''::tsquery", values


def find_by_words(query: Query, asked: Asked, cases: IncidentQuerySet, csirts: Iterable[int]) -> list[Found]:
    """One statement: the best of `cases`, which are already those of these centres that the typed words want."""
    of_document = RawSQL("(d.incident_id)", [])
    correlated = cases.filter(pk=of_document).order_by().values("pk")
    try:
        inner, inner_values = correlated.query.sql_with_params()
    except EmptyResultSet:  # the typed words want what no case can be: « pop<0 »
        return []
    wanted = places(query)
    statement = BEST.format(
        # OFFSET 0: asked of each document in turn. PostgreSQL would else gather every such case there is.
        cases=named_values(inner) + " OFFSET 0",
        documents=f"({NEWEST.format(depth=USUAL)})" if asked.is_usual else "incidents_searchdocument",
        place="d.kind = ANY(%(places)s)" if wanted != DocumentKind.values else "true",
        weighed=WEIGHED,
        most=MOST,
        half_life=HALF_LIFE_DAYS,
    )
    values = bounds(query, csirts) | {"query": asked.text, "places": wanted}
    values |= {f"case{number}": value for number, value in enumerate(inner_values)}
    with connection.cursor() as cursor:
        cursor.execute(statement, values)
        return [Found(incident, tuple(where)) for incident, where in cursor.fetchall()]


def named_values(statement: str) -> str:
    """`%s` as `%(case0)s`, `%(case1)s` …"""
    pieces = statement.split("%s")
    named = [f"{piece}%(case{number})s" for number, piece in enumerate(pieces[:-1])]
    return "".join([*named, pieces[-1]])


def left_out(query: Query) -> Q:
    """No document of the case has any of the words that were left out."""
    wanted = Q()
    for text in query.left_out:
        asked = SearchQuery(text, config="tocsin", search_type="phrase")
        wanted &= ~Q(Exists(SearchDocument.objects.filter(OF_THE_CASE, vector=asked)))
    return wanted


def bounds(query: Query, csirts: Iterable[int]) -> dict[str, Any]:
    since, until = span(query)
    return {"csirts": sorted(csirts), "since": since or "-infinity", "until": until or "infinity"}


def find_without_words(cases: IncidentQuerySet, mine: IncidentQuerySet) -> tuple[list[Found], datetime | None]:
    """The newest of `cases`, and where looking for them stopped. `mine` are those of my centres in these days."""
    received = mine.order_by("-received_at").values_list("received_at", flat=True)
    oldest = received[DEPTH : DEPTH + 1].first()
    if oldest:
        cases = cases.filter(received_at__gte=oldest)
    newest = cases.order_by("-received_at", "-id").values_list("pk", flat=True)[:MOST]
    return [Found(pk) for pk in newest], oldest
