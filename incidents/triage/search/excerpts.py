"""The excerpts of the texts in which searched words were found, with these words marked. They contain no HTML."""

import re
from collections.abc import Collection, Iterable, Mapping
from typing import NamedTuple

from django.db import connection

from core.text import defang_links, fold_text
from incidents.enums import DocumentKind
from incidents.services.history.index import list_text_questions, list_type_terms
from incidents.services.history.index_sql import FORMER, SOURCE_QUERIES

WORD = re.compile(r"[^\W_]+")
LENGTH_BEFORE, EXCERPT_LENGTH = 60, 220
# A shorter stem matches whole words only, so that « eau » does not match « eaux-vannes ».
SHORTEST_STEM = 4

TEXTS_SQL = "SELECT '{kind}' AS kind, incident_id, source, text FROM ({source}) {kind} WHERE source = ANY(%(sources)s)"


class ExcerptPiece(NamedTuple):
    text: str
    is_marked: bool


class Excerpt(NamedTuple):
    place: str
    pieces: list[ExcerptPiece]


def list_excerpts(documents_found: Mapping[int, Iterable[str]], lexemes: Collection[str]) -> dict[int, list[Excerpt]]:
    """Return the excerpts of each case from its documents, which are identified as « kind source ». Runs one query, or
    none without documents.
    """
    excerpts: dict[int, list[Excerpt]] = {}
    texts = load_texts(documents_found)
    for incident, documents in documents_found.items():
        for document in documents:
            if text := texts.get((incident, document)):
                kind = DocumentKind(document.partition(" ")[0])
                # The lines after the name of a file are for the index only.
                text = text.partition("\n")[0] if kind == DocumentKind.FILE else text
                place = f"{kind.label}, avant correction" if is_former(document) else str(kind.label)
                excerpts.setdefault(incident, []).append(Excerpt(place, make_excerpt_pieces(text, lexemes)))
    return excerpts


def is_former(document: str) -> bool:
    """Tell whether the document « kind source » holds the words from before a correction."""
    return document.partition(" ")[2].rpartition(".")[2] == FORMER


def load_texts(documents_found: Mapping[int, Iterable[str]]) -> dict[tuple[int, str], str]:
    """Return the current texts by case and document. A text that was erased meanwhile is absent."""
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
    """Return the text around the first searched word, or the beginning of the text if it has none, with these words
    marked.
    """
    whole = defang_links(" ".join(text.split()))
    first = next((word.start() for word in WORD.finditer(whole) if is_searched(word[0], lexemes)), 0)
    start = whole.rfind(" ", 0, max(0, first - LENGTH_BEFORE)) + 1 if first > LENGTH_BEFORE else 0
    end = whole.find(" ", start + EXCERPT_LENGTH)
    end = len(whole) if end == -1 or end > start + 2 * EXCERPT_LENGTH else end
    cut = whole[start : min(end, start + 2 * EXCERPT_LENGTH)]
    pieces = list(split_at_words(cut, lexemes))
    if start:
        pieces.insert(0, ExcerptPiece("… ", is_marked=False))
    if start + len(cut) < len(whole):
        pieces.append(ExcerptPiece(" …", is_marked=False))
    return pieces


def split_at_words(text: str, lexemes: Collection[str]) -> Iterable[ExcerptPiece]:
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
    """Tell whether the word was searched. A lexeme is a stem: usually the beginning of the word."""
    plain = fold_text(word)
    return plain in lexemes or any(len(stem) >= SHORTEST_STEM and plain.startswith(stem) for stem in lexemes)
