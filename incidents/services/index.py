"""What the search finds: the words of each case as lexemes, made from its rows after each event that touches them.

Lexemes are made of rows that can be erased and follow them: a case that is erased loses its documents for good, even
where a rebuilding was under way, because its event is dealt with after it, under one lock.
"""

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping
from math import inf
from time import monotonic
from typing import Any

from django.db import connection, transaction

from incidents.enums import TYPE_TERMS, DocumentKind, EventKind
from incidents.models import Incident, PendingEvent, SearchDocument
from incidents.questions.catalogue import Kind, versions
from incidents.services.index_words import LONGEST, SOURCES, WRITE

CONSUMER = "search"
BATCH = 500
# Seconds; the work that shares its worker then has its turn.
LONGEST_ROUND = 2.0
# The key of the lock under which documents are written: any number, the same everywhere.
LOCK = 7_465_747_311
EVERY_KIND = frozenset(DocumentKind.values)
# A message, a note and the name of a piece never change: only those without a document are read.
WRITTEN_ONCE = frozenset({DocumentKind.MESSAGE, DocumentKind.NOTE, DocumentKind.FILE})
WORDS_OF_QUESTION = frozenset({Kind.TEXT, Kind.LONG, Kind.URL, Kind.MAIL, Kind.IBAN})
# Addresses of people, not of the attack.
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
    EventKind.WITHDRAWN: {DocumentKind.MESSAGE},  # the motive is one
    EventKind.NOTED: {DocumentKind.NOTE, DocumentKind.DECLARATION},  # what is said in a call puts facts right
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
    """Deal with all that is pending, a batch a transaction, until `seconds` have passed. Return how many events."""
    total, until = 0, monotonic() + seconds
    while monotonic() < until and (indexed := index_batch()):
        total += indexed
    return total


@transaction.atomic
def index_batch() -> int:
    """Up to `BATCH` pending events, their effect and their end in one; none if somebody else is at it."""
    if not take_lock():
        return 0
    pending = list(
        PendingEvent.objects.filter(consumer=CONSUMER)
        .select_related("event")
        .select_for_update(of=("self",), skip_locked=True)
        .order_by("pk")[:BATCH]
    )
    if pending:
        follow([(row.event.incident_id, row.event.kind) for row in pending])
        PendingEvent.objects.filter(pk__in=[row.pk for row in pending]).delete()
    return len(pending)


def follow(events: Iterable[tuple[int, str]]) -> None:
    """Bring the documents of these cases to what the rows say now."""
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
        run(FOLLOW_THE_CASE, [sorted(moved)])
        write_documents(moved, DocumentKind.NOTE, again=True)  # but for hand-overs


def rebuild(*, after: int, count: int = BATCH) -> int | None:
    """Make every document of the next `count` cases again; the key of the last of them, or None past the end."""
    keys = list(Incident.objects.filter(pk__gt=after).order_by("pk").values_list("pk", flat=True)[:count])
    if not keys:
        return None
    with transaction.atomic():
        wait_for_lock()
        SearchDocument.objects.filter(incident__in=keys).delete()
        for kind in DocumentKind.values:
            write_documents(keys, kind, again=True)
    return keys[-1]


def write_documents(incidents: Iterable[int], kind: str, *, again: bool) -> None:
    """Write the documents of one kind of these cases; where not `again`, those only that are missing."""
    run(
        WRITE.format(source=SOURCES[kind]),
        {
            "incidents": sorted(incidents),
            "kind": kind,
            "longest": LONGEST,
            "again": again,
            "weight": WEIGHTS[kind],
            "terms": terms_of_types(),
            "asked": questions_with_words(),
        },
    )


# Where a word stands says how much the case is about it.
WEIGHTS: Mapping[str, str] = {
    DocumentKind.DECLARATION: "A",
    DocumentKind.LESSON: "A",
    DocumentKind.ANSWERS: "B",
    DocumentKind.MESSAGE: "B",
    DocumentKind.NOTE: "B",
    DocumentKind.FILE: "C",
}


def terms_of_types() -> list[str]:
    """« rancon=rançongiciel », as SQL takes it apart."""
    return [f"{code}={term}" for code, term in TYPE_TERMS.items()]


def questions_with_words() -> list[str]:
    """« section.code » of the questions that are answered in words, in every version.

    Never a snapshot of the case, which holds who is to be called back.
    """
    asked = {
        f"{section.code}.{question.code}"
        for version in versions().values()
        for section in version.sections
        for question in section.questions
        if question.kind in WORDS_OF_QUESTION
    }
    return sorted(asked - CONTACTS)


def take_lock() -> bool:
    """Until the end of the transaction; False if another one has it."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_try_advisory_xact_lock(%s)", [LOCK])
        return bool(cursor.fetchone()[0])


def wait_for_lock() -> None:
    run("SELECT pg_advisory_xact_lock(%s)", [LOCK])


def run(statement: str, parameters: Any) -> None:
    with connection.cursor() as cursor:
        cursor.execute(statement, parameters)
