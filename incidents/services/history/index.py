"""The search index: the words of each case as lexemes, rebuilt from its rows after each event that changes them.

An erased case loses its documents for good, even during a rebuild: its event is handled afterwards, under the same
lock.
"""

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping
from math import inf
from time import monotonic
from typing import Any

from django.db import connection, transaction

from core.locks import Lock, take_lock, try_lock
from incidents.enums import TYPE_TERMS, DocumentKind, EventKind
from incidents.models import Incident, PendingEvent, SearchDocument
from incidents.questions.catalogue import Kind, load_versions
from incidents.services.history.index_words import LONGEST, SOURCES, WRITE

CONSUMER = "search"
BATCH = 500
# After this number of seconds, other work of the same worker has its turn.
LONGEST_ROUND = 2.0
EVERY_KIND = frozenset(DocumentKind.values)
# Messages, notes and file names never change: only rows without a document are read.
WRITTEN_ONCE = frozenset({DocumentKind.MESSAGE, DocumentKind.NOTE, DocumentKind.FILE})
WORDS_OF_QUESTION = frozenset({Kind.TEXT, Kind.LONG, Kind.URL, Kind.MAIL, Kind.IBAN})
# Addresses of people, which are not traces of the attack.
CONTACTS = frozenset({"precisions.boite", "precisions.prestataire_contact", "precisions.faille_contact"})

TOUCHED: Mapping[str, Collection[str]] = {
    EventKind.DECLARED: EVERY_KIND,
    EventKind.FACTS: {DocumentKind.DECLARATION, DocumentKind.ANSWERS},
    EventKind.QUALIFIED: {DocumentKind.DECLARATION},
    EventKind.BODY_CONFIRMED: {DocumentKind.DECLARATION},
    EventKind.BODY_CORRECTED: {DocumentKind.DECLARATION},
    EventKind.BODY_UNCONFIRMED: {DocumentKind.DECLARATION},
    EventKind.BODY_MERGED: {DocumentKind.DECLARATION},
    EventKind.MESSAGE: {DocumentKind.MESSAGE},
    EventKind.WITHDRAWN: {DocumentKind.MESSAGE},  # The motive of a withdrawal is a message.
    EventKind.NOTED: {DocumentKind.NOTE, DocumentKind.DECLARATION},  # A call can change facts.
    EventKind.ASSIGNED: {DocumentKind.NOTE},
    EventKind.HANDED_OVER: {DocumentKind.NOTE},
    EventKind.FILE: {DocumentKind.FILE},
    EventKind.CLOSED: {DocumentKind.LESSON, DocumentKind.NOTE},
    EventKind.REOPENED: {DocumentKind.LESSON, DocumentKind.NOTE},
}

FOLLOW_THE_CASE = """
    UPDATE incidents_searchdocument document SET csirt_id = incident.csirt_id
    FROM incidents_incident incident
    WHERE incident.id = document.incident_id AND incident.id = ANY(%s)
      AND incident.csirt_id IS DISTINCT FROM document.csirt_id
"""


def index_all(*, seconds: float = inf) -> int:
    """Handle the pending events, one transaction a batch, for at most `seconds`. Returns the number of events."""
    total, until = 0, monotonic() + seconds
    while monotonic() < until and (indexed := index_batch()):
        total += indexed
    return total


@transaction.atomic
def index_batch() -> int:
    """Handle up to `BATCH` pending events and delete them, in one transaction.

    Returns 0 if another process is indexing.
    """
    if not try_lock(Lock.INDEX):
        return 0
    pending = list(
        PendingEvent.objects.filter(consumer=CONSUMER)
        .select_related("event")
        .select_for_update(of=("self",), skip_locked=True)
        .order_by("pk")[:BATCH]
    )
    if pending:
        update_documents([(row.event.incident_id, row.event.kind) for row in pending])
        PendingEvent.objects.filter(pk__in=[row.pk for row in pending]).delete()
    return len(pending)


def update_documents(events: Iterable[tuple[int, str]]) -> None:
    """Update the documents of these cases from their rows."""
    cases: dict[str, set[int]] = defaultdict(set)
    for incident, kind in events:
        cases[kind].add(incident)
    touched: dict[str, set[int]] = defaultdict(set)
    for event, incidents in cases.items():
        for kind in TOUCHED.get(event, ()):
            touched[kind] |= incidents
    for kind, incidents in sorted(touched.items()):
        write_documents(incidents, kind, again=kind not in WRITTEN_ONCE)
    if erased := cases.get(EventKind.ERASED):
        SearchDocument.objects.filter(incident__in=erased).delete()
    if moved := cases.get(EventKind.TRANSFERRED, set()) | cases.get(EventKind.REROUTED, set()):
        run_statement(FOLLOW_THE_CASE, [sorted(moved)])
        write_documents(moved, DocumentKind.NOTE, again=True)  # Hand-over notes stay with their centre.


def rebuild_documents(*, after: int, count: int = BATCH) -> int | None:
    """Rebuild the documents of the next `count` cases.

    Returns the key of the last one, or None if there is none left.
    """
    keys = list(Incident.objects.filter(pk__gt=after).order_by("pk").values_list("pk", flat=True)[:count])
    if not keys:
        return None
    with transaction.atomic():
        take_lock(Lock.INDEX)
        SearchDocument.objects.filter(incident__in=keys).delete()
        for kind in DocumentKind.values:
            write_documents(keys, kind, again=True)
    return keys[-1]


def write_documents(incidents: Iterable[int], kind: str, *, again: bool) -> None:
    """Write the documents of one kind for these cases. Without `again`, write only the missing ones."""
    run_statement(
        WRITE.format(source=SOURCES[kind]),
        {
            "incidents": sorted(incidents),
            "kind": kind,
            "longest": LONGEST,
            "again": again,
            "weight": WEIGHTS[kind],
            "terms": list_type_terms(),
            "asked": list_word_questions(),
        },
    )


# Words weigh more in the texts that say more about a case.
WEIGHTS: Mapping[str, str] = {
    DocumentKind.DECLARATION: "A",
    DocumentKind.LESSON: "A",
    DocumentKind.ANSWERS: "B",
    DocumentKind.MESSAGE: "B",
    DocumentKind.NOTE: "B",
    DocumentKind.FILE: "C",
}


def list_type_terms() -> list[str]:
    """Return pairs such as « rancon=rançongiciel », which the SQL splits."""
    return [f"{code}={term}" for code, term in TYPE_TERMS.items()]


def list_word_questions() -> list[str]:
    """Return « section.code » of the questions that are answered in words, in every version of the questionnaire.

    The questions of `CONTACTS` are left out, and so are the snapshots, which hold the person to call back.
    """
    codes = {
        f"{section.code}.{question.code}"
        for version in load_versions().values()
        for section in version.sections
        for question in section.questions
        if question.kind in WORDS_OF_QUESTION
    }
    return sorted(codes - CONTACTS)


def run_statement(statement: str, parameters: Any) -> None:
    with connection.cursor() as cursor:
        cursor.execute(statement, parameters)
