"""The SQL that writes the search documents. For each kind, a query gives the case, centre, source, date and text.

Each text is indexed twice: without accents and with the positions of its words, to find phrases; and as written, since
the French stemmer depends on accents (« chiffrées » and « chiffrement » share the stem « chiffr » only then).

Its hosts are indexed once more, each with the domains that contain it, because PostgreSQL reads « x@exemple.fr » as
one word, which a search for « exemple.fr » does not find.
"""

from collections.abc import Mapping

from incidents.enums import DocumentKind
from incidents.facts.shapes import STORY_WORDS

# The number of characters that are indexed of one text. It is larger than any text of a row. PostgreSQL refuses a
# vector of lexemes of more than a megabyte, which only a text made for that reaches: such a text is cut shorter.
MAX_TEXT_LENGTH = 200_000
SHORT_TEXT_LENGTH = 20_000
# Hosts are read at the beginning of a text, and so many characters of them and of their domains are indexed, because
# a host of nine labels gives eight domains.
HOSTS_TEXT_LENGTH, MAX_HOSTS_LENGTH = 50_000, 100_000

# The source of a document that holds the words from before a correction; for answers, it follows the section.
FORMER = "avant"

# A dot as in « exemple[.]fr » or « exemple(point)fr ».
DEFANGED_DOT = r"[[({]\s?(?:[.]|dot|point)\s?[\])}]"
HOST = r"\m(?:[[:alnum:]_-]{1,63}[.]){1,8}[[:alpha:]][[:alnum:]-]{1,62}"

WRITE_DOCUMENTS = """
    INSERT INTO incidents_searchdocument (incident_id, csirt_id, kind, source, at, vector)
    SELECT made.incident_id, made.csirt_id, %(kind)s, made.source, made.at,
        setweight(to_tsvector('tocsin', made.text), %(weight)s::"char")
        || setweight(strip(to_tsvector('french', made.text)), %(weight)s::"char")
        || setweight(strip(to_tsvector('tocsin', coalesce((
            SELECT left(string_agg(DISTINCT array_to_string(label[start:], '.'), ' '), %(longest_hosts)s)
            FROM regexp_matches(
                regexp_replace(left(made.text, %(hosts_read)s), %(dot)s, '.', 'gi'), %(host)s, 'g'
            ) host
            CROSS JOIN LATERAL string_to_array(lower(host[1]), '.') label
            CROSS JOIN LATERAL generate_series(1, cardinality(label) - 1) start
        ), ''))), %(weight)s::"char")
    FROM (
        SELECT incident_id, csirt_id, source, at, left(text, %(longest)s) AS text
        FROM ({source}) found WHERE text <> ''
    ) made
    WHERE %(overwrite)s OR NOT EXISTS (
        SELECT FROM incidents_searchdocument kept
        WHERE kept.incident_id = made.incident_id AND kept.kind = %(kind)s AND kept.source = made.source
    )
    ON CONFLICT (incident_id, kind, source)
    DO UPDATE SET vector = EXCLUDED.vector, csirt_id = EXCLUDED.csirt_id, at = EXCLUDED.at
"""

DECLARATION_QUERY = """
    SELECT i.id AS incident_id, i.csirt_id, '' AS source, i.received_at AS at, concat_ws(
        ' · ', {words}, body.name,
        (SELECT split_part(term, '=', 2) FROM unnest(%(terms)s::text[]) term WHERE split_part(term, '=', 1) = i.type),
        (
            SELECT string_agg(nullif(stop.workaround, ''), ' · ') FROM incidents_serviceinterruption stop
            WHERE stop.incident_id = i.id
        )
    ) AS text
    FROM incidents_incident i JOIN incidents_story s ON s.incident_id = i.id
    JOIN collectivities_collectivity body ON body.id = i.collectivity_id
    WHERE i.id = ANY(%(incidents)s) AND i.erased_at IS NULL
"""
ANSWERS_QUERY = """
    SELECT i.id AS incident_id, i.csirt_id, sheet.section AS source, i.received_at AS at, (
        SELECT coalesce(string_agg(answer.value, E'\\n'), '') FROM jsonb_each_text(sheet.values) answer
        WHERE sheet.section || '.' || answer.key = ANY(%(question_codes)s)
    ) AS text
    FROM incidents_incident i JOIN LATERAL (
        SELECT DISTINCT ON (section) section, values FROM incidents_answersheet
        WHERE incident_id = i.id ORDER BY section, id DESC
    ) sheet ON true
    WHERE i.id = ANY(%(incidents)s) AND i.erased_at IS NULL
"""
# The words that a correction replaced are documents of their own, so that a case is also found by what was declared
# first. Words that the newest sheet of the section still has are left out.
FORMER_DECLARATION_QUERY = """
    SELECT i.id AS incident_id, i.csirt_id, '{former}' AS source, i.received_at AS at, (
        SELECT string_agg(former.value, E'\\n' ORDER BY former.last DESC) FROM (
            SELECT word.value, max(sheet.id) AS last FROM (
                SELECT id, section, values, id = max(id) OVER (PARTITION BY section) AS is_newest
                FROM incidents_answersheet WHERE incident_id = i.id AND section IN ('recit', 'services')
            ) sheet CROSS JOIN LATERAL (
                SELECT value FROM jsonb_each_text(sheet.values) WHERE sheet.section = 'recit'
                UNION ALL
                SELECT stop ->> 'workaround' FROM jsonb_array_elements(sheet.values -> 'services') stop
            ) word
            WHERE word.value <> '' GROUP BY word.value HAVING NOT bool_or(sheet.is_newest)
        ) former
    ) AS text
    FROM incidents_incident i WHERE i.id = ANY(%(incidents)s) AND i.erased_at IS NULL
"""
FORMER_ANSWERS_QUERY = """
    SELECT i.id AS incident_id, i.csirt_id, former.section || '.{former}' AS source, i.received_at AS at,
        string_agg(former.value, E'\\n' ORDER BY former.last DESC) AS text
    FROM incidents_incident i JOIN LATERAL (
        SELECT sheet.section, answer.value, max(sheet.id) AS last FROM (
            SELECT id, section, values, id = max(id) OVER (PARTITION BY section) AS is_newest
            FROM incidents_answersheet WHERE incident_id = i.id
        ) sheet CROSS JOIN LATERAL jsonb_each_text(sheet.values) answer
        WHERE sheet.section || '.' || answer.key = ANY(%(question_codes)s) AND answer.value <> ''
        GROUP BY sheet.section, answer.value HAVING NOT bool_or(sheet.is_newest)
    ) former ON true
    WHERE i.id = ANY(%(incidents)s) AND i.erased_at IS NULL GROUP BY i.id, former.section
"""
MESSAGE_QUERY = """
    SELECT i.id AS incident_id, i.csirt_id, m.uid::text AS source, i.received_at AS at, m.text
    FROM incidents_incident i JOIN incidents_message m ON m.incident_id = i.id
    WHERE i.id = ANY(%(incidents)s) AND i.erased_at IS NULL
"""
# Only the centre where a hand-over was written can find it, whichever centre has the case now
# (`services/handling/notes.py`).
NOTE_QUERY = """
    SELECT i.id AS incident_id, coalesce((
        SELECT t.giver_id FROM incidents_transfer t
        WHERE n.kind = 'handover' AND t.incident_id = i.id AND t.state = 'accepted' AND t.answered_at >= n.written_at
        ORDER BY t.answered_at, t.id LIMIT 1
    ), i.csirt_id) AS csirt_id, n.uid::text AS source, i.received_at AS at, n.text
    FROM incidents_incident i JOIN incidents_note n ON n.incident_id = i.id
    WHERE i.id = ANY(%(incidents)s) AND i.erased_at IS NULL
"""
# A file name such as « devis_2026.pdf » can be found as a whole and by each word in it.
FILE_QUERY = """
    SELECT i.id AS incident_id, i.csirt_id, e.uid::text AS source, i.received_at AS at,
        CASE WHEN e.name = '' OR e.taken_back_at IS NOT NULL THEN ''
            ELSE e.name || E'\\n' || regexp_replace(e.name, '[._\\-]+', ' ', 'g') END AS text
    FROM incidents_incident i JOIN incidents_evidence e ON e.incident_id = i.id
    WHERE i.id = ANY(%(incidents)s) AND i.erased_at IS NULL
"""
LESSON_QUERY = """
    SELECT i.id AS incident_id, i.csirt_id, '' AS source, i.received_at AS at,
        string_agg(concat_ws(E'\\n', nullif(c.summary, ''), nullif(c.lesson, '')), E'\\n' ORDER BY c.id DESC) AS text
    FROM incidents_incident i JOIN incidents_closing c ON c.incident_id = i.id
    WHERE i.id = ANY(%(incidents)s) AND i.erased_at IS NULL GROUP BY i.id
"""

SOURCE_QUERIES: Mapping[str, str] = {
    DocumentKind.DECLARATION: " UNION ALL ".join(
        [
            DECLARATION_QUERY.format(words=", ".join(f"nullif(s.{name}, '')" for name in STORY_WORDS)),
            FORMER_DECLARATION_QUERY.format(former=FORMER),
        ]
    ),
    DocumentKind.ANSWERS: f"{ANSWERS_QUERY} UNION ALL {FORMER_ANSWERS_QUERY.format(former=FORMER)}",
    DocumentKind.MESSAGE: MESSAGE_QUERY,
    DocumentKind.NOTE: NOTE_QUERY,
    DocumentKind.FILE: FILE_QUERY,
    DocumentKind.LESSON: LESSON_QUERY,
}
