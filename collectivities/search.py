"""The search for a body by its approximate name or by one of its numbers. A search takes two queries.

Names equal to the query come first, then names that begin with it. If no name is equal to it, the few names that have
it as whole words come before these: Île-de-Sein, for « Sein », before Seine-Port. If few begin with it either, names
that contain or resemble it are added. Within each group the largest population comes first. Bodies that vanished are
never returned. A body that somebody added while declaring is found only by its exact SIREN until it is
confirmed, so that nobody can write in a list that everybody sees.
"""

import re
from dataclasses import dataclass, field
from uuid import UUID

from django.db import connection
from psycopg import sql
from stdnum.exceptions import ValidationError
from stdnum.fr import siren, siret

from collectivities.enums import GROUPINGS, UNLISTED
from collectivities.former import set_former_names
from collectivities.mentions import Mention, begins_body_name, find_mention
from collectivities.models import Collectivity
from collectivities.reading import QueryReading, list_readings, list_saint_readings
from collectivities.spelling import list_spellings
from collectivities.wording import make_stem, normalise_text

MAX_QUERY_LENGTH = 200
SIREN_DIGITS, SIRET_DIGITS = 9, 14
CODE = re.compile(r"\d{4,5}|2[AB]\d{3}|0[1-9]|[1-9]\d|2[AB]|9[78]\d|R\d\d|6AE|\d{6,}", re.ASCII)
POSTAL_CODE = re.compile(r"(?<!\d)\d{5}(?!\d)", re.ASCII)
COUNCIL = re.compile(r"(?:cd|departement|conseil departemental) ?(\d\d|2[ab]|97\d)")

BY_CODE = """
    SELECT coalesce(merged_into_id, id) AS id, 0 AS rank FROM collectivities_collectivity
    WHERE insee_code = %(code)s OR siren = %(code)s
    UNION ALL SELECT collectivity_id, 2 FROM collectivities_alias WHERE code = %(code)s AND code <> ''
"""
# Five digits match postal codes first, then INSEE codes.
BY_POSTAL_CODE = """
    UNION ALL SELECT id, -1 FROM collectivities_collectivity
    WHERE length(%(code)s) = 5 AND postal_codes @> ARRAY[%(code)s]::varchar(5)[]
"""
BEST_CODES = """
    SELECT c.id FROM ({codes}) hit JOIN collectivities_collectivity c USING (id)
    WHERE c.vanished_on IS NULL AND (hit.rank = 0 OR {known})
    GROUP BY c.id ORDER BY min(hit.rank), c.population DESC NULLS LAST, c.id LIMIT %(limit)s
"""

# Ranks: 0 for a name equal to the query, 2 for one that has it as whole words, 4 for one that begins with it, 6 for
# one that contains it, 8 for one that resembles it (`quality` is 4 or 6 for these two). KIND_RANK or GROUPING_RANK is
# added.
BY_NAME = """
    WITH near AS ({near}),
    whole AS ({whole}),
    far AS (
        SELECT c.id, likely.quality + 2 + {fit} AS rank,
            CASE likely.quality WHEN 6 THEN likely.likeness + 0.05 * log(coalesce(c.population, 0) + 1)
                ELSE coalesce(c.population, 0) END AS score
        FROM collectivities_resembling({stem}, {edits}::text[]) likely
        JOIN collectivities_collectivity c USING (id)
        WHERE c.vanished_on IS NULL AND {known} AND {place}
        AND NOT EXISTS (SELECT FROM near WHERE rank < 2)
        AND (SELECT count(*) FROM near WHERE rank < 10) < %(enough)s
    )
    SELECT id FROM (
        SELECT * FROM near UNION ALL SELECT * FROM far UNION ALL SELECT * FROM whole
        WHERE NOT EXISTS (SELECT FROM near WHERE rank < 2) AND (SELECT count(*) FROM whole) <= %(few)s
    ) hit
    GROUP BY id ORDER BY min(rank), max(score) DESC, id LIMIT %(limit)s
"""
# `high` is the first stem after those that begin with `low`, because stems are ASCII and compared byte by byte.
NAMES_BY_PREFIX = """
    SELECT c.id, CASE c.stem WHEN {low} THEN 0 ELSE 4 END + {fit} AS rank, coalesce(c.population, 0) AS score
    FROM collectivities_collectivity c
    WHERE c.stem ~>=~ {low} AND c.stem ~<~ {high} AND c.vanished_on IS NULL AND {known} AND {place}
    UNION ALL
    SELECT c.id, CASE a.stem WHEN {low} THEN 0 ELSE 4 END + {fit}, coalesce(c.population, 0)
    FROM collectivities_alias a JOIN collectivities_collectivity c ON c.id = a.collectivity_id
    WHERE a.stem ~>=~ {low} AND a.stem ~<~ {high} AND c.vanished_on IS NULL AND {known} AND {place}
"""
# The spaces around a stem let the index of trigrams find a word of two letters. A word that more than FEW names have
# (« Mont ») says little: the limit stops its search.
NAMES_BY_WORD = """
    SELECT c.id, 2 + {fit} AS rank, coalesce(c.population, 0) AS score
    FROM (
        SELECT id FROM collectivities_collectivity WHERE stem LIKE {first} OR stem LIKE {inside} OR stem LIKE {last}
        UNION SELECT collectivity_id FROM collectivities_alias
        WHERE stem LIKE {first} OR stem LIKE {inside} OR stem LIKE {last}
    ) word JOIN collectivities_collectivity c USING (id)
    WHERE c.vanished_on IS NULL AND {known} AND {place} LIMIT %(few)s + 1
"""
# A nature in the query counts more than anything else. Without it, a groupement comes after the commune of its name.
KIND_RANK = "CASE WHEN c.kind = ANY({}) THEN 0 ELSE 10 END"
GROUPING_RANK = "(c.kind = ANY({}))::int"
IN_DEPARTEMENTS = "c.departement_id IN (SELECT id FROM collectivities_departement WHERE code = ANY({}))"
AT_CODE = "({code} = ANY(c.postal_codes) OR c.insee_code = {code})"
SIMILAR_NAMES = """
    SELECT c.id FROM collectivities_resembling({stem}, {edits}::text[]) likely
    JOIN collectivities_collectivity c USING (id)
    WHERE c.vanished_on IS NULL AND c.departement_id = {departement}
    GROUP BY c.id ORDER BY max(likely.likeness) DESC, c.id LIMIT %(limit)s
"""
UNLISTED_ONLY = "({} AND c.kind = ANY({}))"
CONFIRMED = "(c.declared_at IS NULL OR c.confirmed_at IS NOT NULL)"
ENOUGH = 5
FEW = 12
MAX_PLACES = 4

type Params = dict[str, str | int]


@dataclass(frozen=True, slots=True)
class BodySearchResult:
    """The result of a search on a page: the bodies found, and the kind of body that the words mention, if any.

    `places` are the bodies named by the other words: the mentioned body may be there.
    """

    bodies: list[Collectivity]
    mention: Mention | None = None
    places: list[Collectivity] = field(default_factory=list)
    # True if the query is a number: a postal code, an INSEE code, a SIREN.
    is_code: bool = False


EMPTY_QUERY = "Écrivez d’abord un nom ou un code postal, puis cherchez."


class SearchProblem(ValueError):
    """Raised for a query that cannot be searched. The message, in French, gives the reason."""


def check_query_not_empty(query: str) -> None:
    """Raise `SearchProblem` if the query is empty."""
    if not query.strip():
        raise SearchProblem(EMPTY_QUERY)


def find_collectivities(query: str, limit: int = 20, *, unconfirmed: bool = False) -> list[Collectivity]:
    """Return at most `limit` bodies that match the query, the best match first, with their département and région.

    An unconfirmed body is found only by its SIREN, unless `unconfirmed`. Raises `SearchProblem` for a SIREN or SIRET
    that cannot exist.
    """
    bodies = _load_bodies(find_body_ids(query, limit, unconfirmed=unconfirmed))
    set_former_names(bodies, query[:MAX_QUERY_LENGTH])
    set_typed_codes(bodies, query[:MAX_QUERY_LENGTH])
    return bodies


def set_typed_codes(bodies: list[Collectivity], query: str) -> None:
    """Set `typed_code` on each body to the code of this body that the query contains, or to "" if there is none.

    A postal code is stored alone. An INSEE code is stored in a text, after the first postal codes of the body. A list
    shows the typed code first, because some towns have many codes.
    """
    codes = {_parse_code(query.strip()).zfill(5), *POSTAL_CODE.findall(query)}
    for body in bodies:
        described = ", ".join([*body.postal_codes[:3], f"code INSEE {body.insee_code}"])
        insee = described if body.insee_code in codes else ""
        body.typed_code = next((code for code in body.postal_codes if code in codes), insee)


def search_bodies_and_places(query: str, limit: int = 20) -> BodySearchResult:
    """Search as `find_collectivities` does, and look for a mentioned kind of body and for its place.

    Runs at most two queries more than `find_collectivities`. Raises `SearchProblem` for a SIREN or SIRET that cannot
    exist.
    """
    bodies = find_collectivities(query, limit)
    mention = find_mention(query[:MAX_QUERY_LENGTH])
    if mention is None or (mention.place and any(begins_body_name(mention, body.name, query) for body in bodies)):
        return BodySearchResult(bodies, is_code=bool(_parse_code(query[:MAX_QUERY_LENGTH].strip())))
    return BodySearchResult(bodies, mention, find_places(mention))


def find_places(mention: Mention, limit: int = MAX_PLACES) -> list[Collectivity]:
    """Return the bodies that `mention.place` names, such as Brest for « hôpital de Brest ».

    If a body has or had exactly this name, bodies whose name only begins with the same letters, such as Brestot, are
    left out. Runs two queries at most.
    """
    if not mention.place:
        return []
    try:
        places = find_collectivities(mention.place, limit)
    except SearchProblem:
        return []
    stems = {reading.stem for reading in list_readings(mention.place)}
    names = [{place.stem, make_stem(place.former_name, place.kind)} for place in places]
    if not any(stems & own for own in names):
        return places
    starts = tuple(f"{stem} " for stem in stems)
    return [place for place, own in zip(places, names, strict=True) if any(f"{n} ".startswith(starts) for n in own)]


def find_body_ids(query: str, limit: int, *, unconfirmed: bool = False) -> list[int]:
    """Return the ids of the bodies that `find_collectivities` returns for the same arguments, in the same order.

    Runs one query at most. Raises `SearchProblem` for a SIREN or SIRET that cannot exist.
    """
    text = query[:MAX_QUERY_LENGTH].strip()
    if code := _parse_code(text):
        check_siren_or_siret(code)
        code = code.zfill(5) if len(code) == 4 else code  # spreadsheets drop the leading zero
        return _find_ids_by_code(code, BY_CODE + BY_POSTAL_CODE, limit)
    readings = list_readings(text)
    condition = sql.SQL("true" if unconfirmed else CONFIRMED)
    if not readings:
        return []
    # A query that names a kind of body missing from all official lists must not match communes with similar letters.
    loose_condition = (
        sql.SQL(UNLISTED_ONLY).format(condition, [str(kind) for kind in UNLISTED]) if find_mention(text) else condition
    )
    return _find_ids_by_name(readings, limit, condition, loose_condition)


def find_similar_bodies(name: str, kind: str, departement: int, limit: int) -> list[Collectivity]:
    """Return the bodies of a département with a name similar to `name`, the most similar first.

    Unconfirmed bodies are included. `departement` is the id of the département.
    """
    stem = make_stem(name, kind)
    statement = sql.SQL(SIMILAR_NAMES).format(stem=stem, edits=list_spellings(stem), departement=departement)
    return _load_bodies(_run_query(statement, {"limit": limit})) if stem else []


def parse_siren(text: str) -> str:
    """Return the SIREN in `text`: the text itself, or the first nine digits of a SIRET.

    Raises `SearchProblem` for any other text.
    """
    compact = re.sub(r"[\s.\-]", "", text[:MAX_QUERY_LENGTH])
    if not re.fullmatch(r"\d{9}|\d{14}", compact, re.ASCII):
        raise SearchProblem("Un numéro SIREN compte 9 chiffres. Vérifiez-le, ou cochez « Je ne le connais pas ».")
    if not (siren if len(compact) == SIREN_DIGITS else siret).is_valid(compact):
        raise SearchProblem(
            "Ce numéro n’existe pas : un chiffre est sans doute faux. Ou cochez « Je ne le connais pas »."
        )
    return compact[:SIREN_DIGITS]


def find_body_by_code(code: str) -> Collectivity | None:
    """Return the body with this SIREN, SIRET, INSEE code or council code, or None.

    A former INSEE code is accepted too. A council code is `53` for a département and `R53` for a région. Postal codes
    are not searched.
    """
    compact = re.sub(r"\s", "", code[:MAX_QUERY_LENGTH]).upper()
    bodies = _load_bodies(_find_ids_by_code(compact, BY_CODE, 1)) if CODE.fullmatch(compact) else []
    return bodies[0] if bodies else None


def find_body_by_uid(value: str) -> Collectivity | None:
    """Return the body with this public identifier, or the body that absorbed it, or None. Runs two queries at most."""
    try:
        body = Collectivity.objects.with_territory().select_related("seat").filter(uid=UUID(value)).first()
    except ValueError:
        return None
    return find_existing_body(body) if body else None


def find_existing_body(body: Collectivity) -> Collectivity | None:
    """Return the body if it still exists, or else the body that absorbed it, or None. Runs one query at most."""
    if body.vanished_on is None:
        return body
    heirs = Collectivity.objects.existing().with_territory().select_related("seat")
    return heirs.filter(absorbed=body).first()


def check_siren_or_siret(code: str) -> None:
    """Raise `SearchProblem` if these digits are longer than a postal code but are not a valid SIREN or SIRET."""
    if not code.isdecimal() or len(code) <= 5:
        return
    if len(code) not in (SIREN_DIGITS, SIRET_DIGITS):
        raise SearchProblem("Un numéro SIREN compte 9 chiffres, un numéro SIRET 14, un code postal 5.")
    try:
        (siren if len(code) == SIREN_DIGITS else siret).validate(code)
    except ValidationError as error:
        kind = "SIREN" if len(code) == SIREN_DIGITS else "SIRET"
        message = "Ce numéro %(kind)s n’existe pas : un chiffre est sans doute faux. Vérifiez-le, ou tapez le nom."
        raise SearchProblem(message % {"kind": kind}) from error


def _parse_code(text: str) -> str:
    """Return the code without spaces and dots if the whole text is a code: « 29 200 » or « cd 29 ».

    Return "" for any other text.
    """
    compact = re.sub(r"[\s.\-]", "", text).upper()
    if CODE.fullmatch(compact):
        return compact
    council = COUNCIL.fullmatch(normalise_text(text))
    return council[1].upper() if council else ""


def _find_ids_by_code(code: str, codes: str, limit: int) -> list[int]:
    params: Params = {"code": code[:SIREN_DIGITS] if len(code) == SIRET_DIGITS else code, "limit": limit}
    return _run_query(sql.SQL(BEST_CODES).format(codes=sql.SQL(codes), known=sql.SQL(CONFIRMED)), params)


def _find_ids_by_name(
    readings: list[QueryReading], limit: int, condition: sql.Composable, loose_condition: sql.Composable
) -> list[int]:
    """Return the ids of the bodies that match any of these readings, best first.

    A body must satisfy the SQL `condition` for the literal reading, and `loose_condition` for the other readings.
    """
    literal, *other_readings = readings
    loosest = readings[-1]
    near = [
        _make_prefix_query(literal, condition),
        *(_make_prefix_query(reading, loose_condition) for reading in other_readings),
    ]
    near += [_make_prefix_query(reading, loose_condition) for reading in list_saint_readings([literal, loosest])]
    statement = sql.SQL(BY_NAME).format(
        near=sql.SQL(" UNION ALL ").join(near),
        whole=_make_word_query(loosest, loose_condition),
        stem=loosest.stem,
        edits=list_spellings(loosest.stem),
        fit=_make_kind_rank(loosest),
        place=_make_territory_condition(loosest),
        known=loose_condition,
    )
    return _run_query(statement, {"enough": ENOUGH, "few": FEW, "limit": limit})


def _make_prefix_query(reading: QueryReading, condition: sql.Composable) -> sql.Composable:
    low = reading.stem
    high = low[:-1] + chr(ord(low[-1]) + 1)
    return sql.SQL(NAMES_BY_PREFIX).format(
        low=low, high=high, fit=_make_kind_rank(reading), place=_make_territory_condition(reading), known=condition
    )


def _make_word_query(reading: QueryReading, condition: sql.Composable) -> sql.Composable:
    # A stem holds only letters, digits and spaces, so that no character of it is a wildcard of LIKE. The wildcards are
    # doubled because the statement has parameters.
    return sql.SQL(NAMES_BY_WORD).format(
        first=f"{reading.stem} %%",
        inside=f"%% {reading.stem} %%",
        last=f"%% {reading.stem}",
        fit=_make_kind_rank(reading),
        place=_make_territory_condition(reading),
        known=condition,
    )


def _make_kind_rank(reading: QueryReading) -> sql.Composable:
    kinds = [str(kind) for kind in reading.kinds or GROUPINGS]
    return sql.SQL(KIND_RANK if reading.kinds else GROUPING_RANK).format(kinds)


def _make_territory_condition(reading: QueryReading) -> sql.Composable:
    if reading.departements:
        return sql.SQL(IN_DEPARTEMENTS).format(list(reading.departements))
    if reading.postal_code:
        return sql.SQL(AT_CODE).format(code=reading.postal_code)
    return sql.SQL("true")


def _run_query(statement: sql.Composable, params: Params) -> list[int]:
    """Return the ids that the statement selects, in its order."""
    with connection.cursor() as cursor:
        cursor.execute(statement, params)
        return [row[0] for row in cursor.fetchall()]


def _load_bodies(ids: list[int]) -> list[Collectivity]:
    """Return the bodies with these ids, in the same order, with their territories and former names."""
    if not ids:
        return []
    rows = Collectivity.objects.with_territory().with_former_names().in_bulk(ids)
    return [rows[pk] for pk in ids]
