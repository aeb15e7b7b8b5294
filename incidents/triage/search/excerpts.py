"""The excerpts of the texts in which searched words were found, with these words marked. They contain no HTML."""

import re
from collections.abc import Collection, Iterable, Mapping
from typing import NamedTuple

from django.db import connection

from core.text import defang_links, fold_text
from incidents.enums import DocumentKind
from incidents.services.search.index import list_text_questions, list_type_terms
from incidents.services.search.index_sql import FORMER, SOURCE_QUERIES

WORD = re.compile(r"[^\W_]+")
LENGTH_BEFORE, EXCERPT_LENGTH = 60, 220
# A shorter stem matches whole words only, so that « eau » does not match « eaux-vannes ».
SHORTEST_STEM = 4

TEXTS_SQL = "SELECT '{kind}' AS kind, incident_id, source, text FROM ({source}) {kind} WHERE source = ANY(%(sources)s)"


class ExcerptPiece(NamedTuple):
    """A piece of an excerpt. `is_marked` tells whether it is a searched word."""

    text: str
    is_marked: bool


class Excerpt(NamedTuple):
    """A passage of a text of a case. `place` names the text, and `pieces` make up the passage."""

    place: str
    pieces: list[ExcerptPiece]


def build_excerpts(documents_found: Mapping[int, Iterable[str]], lexemes: Collection[str]) -> dict[int, list[Excerpt]]:
    """Return the excerpts of each case, by its primary key.

    `documents_found` names the documents of each case as « kind source ». Runs one query, or none without documents.
    """
    excerpts: dict[int, list[Excerpt]] = {}
    texts = load_texts(documents_found)
    for incident, documents in documents_found.items():
        for document in documents:
            if text := texts.get((incident, document)):
                kind = DocumentKind(document.partition(" ")[0])
                # The lines after the name of a file are for the index only.
                text = text.partition("\n")[0] if kind == DocumentKind.FILE else text
                place = f"{kind.label}, avant correction" if is_former_text(document) else str(kind.label)
                excerpts.setdefault(incident, []).append(Excerpt(place, make_excerpt_pieces(text, lexemes)))
    return excerpts


def is_former_text(document: str) -> bool:
    """Tell whether the document « kind source » has the text from before a correction."""
    return document.partition(" ")[2].rpartition(".")[2] == FORMER


def load_texts(documents_found: Mapping[int, Iterable[str]]) -> dict[tuple[int, str], str]:
    """Return the present text of each document, by primary key of the case and name of the document.

    A text that was erased meanwhile is missing.
    """
    document_names = {document for names in documents_found.values() for document in names}
    if not document_names:
        return {}
    kinds = sorted({document.partition(" ")[0] for document in document_names})
    values: dict[str, list[int] | list[str]] = {
        "incidents": sorted(documents_found),
        "sources": sorted({document.partition(" ")[2] for document in document_names}),
        "terms": list_type_terms(),
        "question_codes": list_text_questions(),
    }
    with connection.cursor() as cursor:
        cursor.execute(
            " UNION ALL ".join(TEXTS_SQL.format(kind=kind, source=SOURCE_QUERIES[kind]) for kind in kinds), values
        )
        return {(incident, f"{kind} {source}"): text for kind, incident, source, text in cursor.fetchall()}


def make_excerpt_pieces(text: str, lexemes: Collection[str]) -> list[ExcerptPiece]:
    """Return the text around the first searched word, as pieces in which the searched words are marked.

    If the text has no searched word, return its beginning.
    """
    defanged_text = defang_links(" ".join(text.split()))
    first = next((word.start() for word in WORD.finditer(defanged_text) if is_searched(word[0], lexemes)), 0)
    start = defanged_text.rfind(" ", 0, max(0, first - LENGTH_BEFORE)) + 1 if first > LENGTH_BEFORE else 0
    end = defanged_text.find(" ", start + EXCERPT_LENGTH)
    end = len(defanged_text) if end == -1 or end > start + 2 * EXCERPT_LENGTH else end
    cut = defanged_text[start : min(end, start + 2 * EXCERPT_LENGTH)]
    pieces = list(split_at_words(cut, lexemes))
    if start:
        pieces.insert(0, ExcerptPiece("… ", is_marked=False))
    if start + len(cut) < len(defanged_text):
        pieces.append(ExcerptPiece(" …", is_marked=False))
    return pieces


def split_at_words(text: str, lexemes: Collection[str]) -> Iterable[ExcerptPiece]:
    """Yield the text in pieces, in which each searched word is a marked piece."""
    done = 0
    for word in WORD.finditer(text):
        if is_searched(word[0], lexemes):
            if word.start() > done:
                yield ExcerptPiece(text[done : word.start()], is_marked=False)
            yield ExcerptPiece(word[0], is_marked=True)
            done = word.end()
    if done < len(text):
        yield ExcerptPiece(text[done:], is_marked=False)


def is_searched(word: str, lexemes: Collection[str]) -> bool:
    """Tell whether the word was searched. `lexemes` are stems: usually the beginnings of the searched words."""
    plain = fold_text(word)
    return plain in lexemes or any(len(stem) >= SHORTEST_STEM and plain.startswith(stem) for stem in lexemes)
