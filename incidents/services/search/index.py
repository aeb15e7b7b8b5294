"""The search index, which holds the texts of each case as lexemes and is updated after each event that changes them.

The documents of an erased case are deleted for good. If a rebuild writes them again meanwhile, the event of the
erasure deletes them afterwards, because indexing and rebuilding take the same lock.
"""

import logging
from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import timedelta
from math import inf
from time import monotonic
from typing import Any

from django.db import DatabaseError, connection, transaction

from core.locks import Lock, acquire_lock, try_lock
from incidents.enums import TYPE_TERMS, DocumentKind, EventKind
from incidents.models import Incident, PendingEvent, SearchDocument
from incidents.questions.catalogue import QuestionKind, load_versions
from incidents.services.search.index_sql import (
    DEFANGED_DOT,
    HOST,
    HOSTS_TEXT_LENGTH,
    MAX_HOSTS_LENGTH,
    MAX_TEXT_LENGTH,
    SHORT_TEXT_LENGTH,
    SOURCE_QUERIES,
    WRITE_DOCUMENTS,
)

logger = logging.getLogger(__name__)

CONSUMER = "search"
BATCH = 500
# The time after which a worker stops indexing, so that its other tasks can run.
PASS_TIME_LIMIT = timedelta(seconds=2)
# Classes of errors of PostgreSQL (the first two characters of SQLSTATE) that no text causes: a lost connection, a
# read-only server, a deadlock, a schema that is not migrated yet, a full disk, a lock, a stopped server.
OUTSIDE_ERRORS = frozenset({"08", "25", "40", "42", "53", "55", "57", "58"})
EVERY_KIND = frozenset(DocumentKind.values)
# Messages, notes and file names never change, so only rows without a document are indexed.
UNCHANGING_KINDS = frozenset({DocumentKind.MESSAGE, DocumentKind.NOTE, DocumentKind.FILE})
TEXT_QUESTION_KINDS = frozenset(
    {QuestionKind.TEXT, QuestionKind.LONG, QuestionKind.URL, QuestionKind.MAIL, QuestionKind.IBAN}
)
# Questions that ask for the address of a contact, which is not a trace of the attack.
CONTACT_QUESTIONS = frozenset({"precisions.boite", "precisions.prestataire_contact", "precisions.faille_contact"})

DOCUMENT_KINDS_BY_EVENT: Mapping[str, Collection[str]] = {
    EventKind.DECLARED: EVERY_KIND,
    EventKind.FACTS: {DocumentKind.DECLARATION, DocumentKind.ANSWERS},
    EventKind.QUALIFIED: {DocumentKind.DECLARATION},
    EventKind.BODY_CONFIRMED: {DocumentKind.DECLARATION},
    EventKind.BODY_CORRECTED: {DocumentKind.DECLARATION},
    EventKind.BODY_UNCONFIRMED: {DocumentKind.DECLARATION},
    EventKind.BODY_MERGED: {DocumentKind.DECLARATION},
    EventKind.MESSAGE: {DocumentKind.MESSAGE},
    EventKind.WITHDRAWN: {DocumentKind.MESSAGE},  # The reason for a withdrawal is a message.
    EventKind.NOTED: {DocumentKind.NOTE, DocumentKind.DECLARATION},  # A call can change facts.
    EventKind.ASSIGNED: {DocumentKind.NOTE},
    EventKind.HANDED_OVER: {DocumentKind.NOTE},
    EventKind.FILE: {DocumentKind.FILE},
    EventKind.CLOSED: {DocumentKind.LESSON, DocumentKind.NOTE},
    EventKind.REOPENED: {DocumentKind.LESSON, DocumentKind.NOTE},
}

MOVE_DOCUMENTS = """
    UPDATE incidents_searchdocument document SET csirt_id = incident.csirt_id
    FROM incidents_incident incident
    WHERE incident.id = document.incident_id AND incident.id = ANY(%s)
      AND incident.csirt_id IS DISTINCT FROM document.csirt_id
"""


def index_pending_events(*, seconds: float = inf) -> int:
    """Index the cases of the pending events, in one transaction for each batch, for at most `seconds`.

    Returns the number of events.
    """
    total, until = 0, monotonic() + seconds
    while monotonic() < until and (indexed := index_batch()):
        total += indexed
    return total


@transaction.atomic
def index_batch() -> int:
    """Index the cases of up to `BATCH` pending events and delete these events, in one transaction.

    Returns the number of events, or 0 if another process is indexing.
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
    """Update the search documents that these events changed. Each event is given as (id of its case, its kind)."""
    incidents_by_event: dict[str, set[int]] = defaultdict(set)
    for incident, kind in events:
        incidents_by_event[kind].add(incident)
    incidents_by_document: dict[str, set[int]] = defaultdict(set)
    for event, incidents in incidents_by_event.items():
        for kind in DOCUMENT_KINDS_BY_EVENT.get(event, ()):
            incidents_by_document[kind] |= incidents
    for kind, incidents in sorted(incidents_by_document.items()):
        write_documents(incidents, kind, overwrite=kind not in UNCHANGING_KINDS)
    if erased := incidents_by_event.get(EventKind.ERASED):
        SearchDocument.objects.filter(incident__in=erased).delete()
    if moved := incidents_by_event.get(EventKind.TRANSFERRED, set()) | incidents_by_event.get(
        EventKind.REROUTED, set()
    ):
        run_statement(MOVE_DOCUMENTS, [sorted(moved)])
        # A hand-over stays with the centre where it was written.
        write_documents(moved, DocumentKind.NOTE, overwrite=True)


def rebuild_documents(*, after: int, count: int = BATCH) -> int | None:
    """Rebuild the documents of the next `count` cases whose id is greater than `after`.

    Returns the id of the last of these cases, or None if no case is left.
    """
    keys = list(Incident.objects.filter(pk__gt=after).order_by("pk").values_list("pk", flat=True)[:count])
    if not keys:
        return None
    with transaction.atomic():
        acquire_lock(Lock.INDEX)
        SearchDocument.objects.filter(incident__in=keys).delete()
        for kind in DocumentKind.values:
            write_documents(keys, kind, overwrite=True)
    return keys[-1]


def write_documents(incidents: Iterable[int], kind: str, *, overwrite: bool) -> None:
    """Write the search documents of one kind for these cases. Without `overwrite`, write only the missing documents.

    If the texts of a case cannot be indexed, only their beginning is indexed. If that fails too, the case keeps its
    former documents (none during a rebuild), and its id is logged. The other cases are indexed all the same.
    """
    cases = sorted(incidents)
    if not (error := try_to_write_documents(cases, kind, MAX_TEXT_LENGTH, overwrite=overwrite)):
        return
    if len(cases) > 1:
        middle = len(cases) // 2
        write_documents(cases[:middle], kind, overwrite=overwrite)
        write_documents(cases[middle:], kind, overwrite=overwrite)
    elif error := try_to_write_documents(cases, kind, SHORT_TEXT_LENGTH, overwrite=overwrite):
        # The message of the error may contain a text of the case.
        logger.error("Case %s is not indexed: %s of %s", cases[0], type(error).__name__, kind)


def try_to_write_documents(
    incidents: Sequence[int], kind: str, longest: int, *, overwrite: bool
) -> DatabaseError | None:
    """Write the documents with the first `longest` characters of each text.

    If a text cannot be indexed, nothing is written and the error is returned. Errors of the database itself are
    raised.
    """
    values = {
        "incidents": incidents,
        "kind": kind,
        "longest": longest,
        "overwrite": overwrite,
        "dot": DEFANGED_DOT,
        "host": HOST,
        "hosts_read": HOSTS_TEXT_LENGTH,
        "longest_hosts": MAX_HOSTS_LENGTH,
        "weight": WEIGHTS[kind],
        "terms": list_type_terms(),
        "question_codes": list_text_questions(),
    }
    try:
        with transaction.atomic():
            run_statement(WRITE_DOCUMENTS.format(source=SOURCE_QUERIES[kind]), values)
    except DatabaseError as error:
        if is_outside_error(error):
            raise
        return error
    return None


def is_outside_error(error: DatabaseError) -> bool:
    """Tell whether the cause of the error lies outside the indexed texts: a lost connection, a lock, a full disk.

    The same statement may then succeed later.
    """
    state = getattr(error.__cause__, "sqlstate", None)
    return state is None or state[:2] in OUTSIDE_ERRORS


# The weight of a found word in the ranking (« A » is the highest), by the kind of document that holds it.
WEIGHTS: Mapping[str, str] = {
    DocumentKind.DECLARATION: "A",
    DocumentKind.LESSON: "A",
    DocumentKind.ANSWERS: "B",
    DocumentKind.MESSAGE: "B",
    DocumentKind.NOTE: "B",
    DocumentKind.FILE: "C",
}


def list_type_terms() -> list[str]:
    """Return a text such as « rancon=rançongiciel » for each type of incident. The SQL splits it at « = »."""
    return [f"{code}={term}" for code, term in TYPE_TERMS.items()]


def list_text_questions() -> list[str]:
    """Return « section.code » of the questions that are answered by a text, in every version of the questionnaire.

    `CONTACT_QUESTIONS` are left out. The sections with snapshots are left out too, since one of them holds the person
    to call back.
    """
    codes = {
        f"{section.code}.{question.code}"
        for version in load_versions().values()
        for section in version.sections
        for question in section.questions
        if question.kind in TEXT_QUESTION_KINDS
    }
    return sorted(codes - CONTACT_QUESTIONS)


def run_statement(statement: str, parameters: Any) -> None:
    """Run an SQL statement that returns no rows."""
    with connection.cursor() as cursor:
        cursor.execute(statement, parameters)
