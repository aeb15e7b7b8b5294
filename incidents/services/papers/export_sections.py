"""What the export of a case holds, in two parts: what the person gave or received, and what is internal to the centre.

The lists are literal, so that a new table or column is exported because somebody decided so. A test compares them with
the models.
"""

from collections.abc import Callable
from typing import Any, NamedTuple

from django.db.models import Model, QuerySet

from accounts.models import User
from incidents.models import (
    Advice,
    AnswerSheet,
    CaseAccess,
    Closing,
    DataLeak,
    Evidence,
    EvidenceUpload,
    FollowUpAccess,
    Incident,
    IncidentEvent,
    LegalHold,
    Message,
    Note,
    Observable,
    Opening,
    Rating,
    Reading,
    ServiceInterruption,
    SeverityChoice,
    SharedSentence,
    Story,
    Task,
    Transfer,
)
from incidents.services.handling.notes import filter_readable_notes

NAMELESS = "personne sans nom"


class ExportedSection(NamedTuple):
    """The rows of one table that belong to a case, and the columns that the export has of them.

    `path` leads from a row to its case, `joined` names the relations that the columns need, and `narrow` leaves out
    the rows that the centre may not read.
    """

    name: str
    model: Any
    fields: tuple[str, ...]
    joined: tuple[str, ...] = ()
    path: str = "incident"
    narrow: Callable[[QuerySet[Any]], QuerySet[Any]] | None = None


PERSON_SECTIONS = (
    ExportedSection(
        "case",
        Incident,
        (
            *("reference", "collectivity", "csirt", "received_at", "origin", "type", "status", "closed_at"),
            *(
                "closing_reason",
                "tlp",
                "pap",
                "occurred_at",
                "occurred_certainty",
                "detected_at",
                "detected_certainty",
            ),
            *("attack_known_at", "attack_known_certainty", "breach_known_at", "breach_known_certainty"),
            *("service_stopped", "data_concerned", "mail_without_code", "is_to_call_back", "acknowledged_at"),
            *("answered_at", "declarant_wrote_at", "claimed_at"),
        ),
        ("collectivity__departement", "csirt"),
        "pk",
    ),
    ExportedSection(
        "story",
        Story,
        ("description", "supplier", "contact_name", "contact_role", "contact_phone", "contact_email"),
    ),
    ExportedSection(
        "interruptions",
        ServiceInterruption,
        ("service", "extent", "started_at", "ended_at", "people_affected", "workaround"),
    ),
    ExportedSection(
        "leaks",
        DataLeak,
        (*("status", "categories", "person_categories", "persons", "persons_band", "records", "records_band"),),
    ),
    ExportedSection(
        "answers", AnswerSheet, ("uid", "section", "version", "values", "author", "actor_kind", "written_at")
    ),
    ExportedSection(
        "messages",
        Message,
        ("uid", "text", "author", "is_from_csirt", "asks_answer", "actor_kind", "written_at"),
    ),
    ExportedSection("rating", Rating, ("level", "words", "actor_kind", "given_at")),
    ExportedSection(
        "files",
        Evidence,
        (
            *("uid", "number", "name", "size", "sha256", "media_type", "author", "actor_kind", "received_at"),
            "taken_back_at",
        ),
    ),
    ExportedSection(
        "uploads", EvidenceUpload, ("uid", "name", "size", "received", "author", "started_at", "touched_at")
    ),
    ExportedSection("links", FollowUpAccess, ("created_at", "revoked_at", "expires_at")),
    ExportedSection("shared_sentences", SharedSentence, ("created_at", "revoked_at")),
)
INTERNAL_SECTIONS = (
    ExportedSection(
        "case",
        Incident,
        (
            *("reference", "region", "route_reason", "burst", "rsit_class", "rsit_type", "nature", "cause"),
            *("techniques", "severity", "severity_found", "supplier_key", "verification", "verified_at"),
            *("acknowledge_by", "first_acknowledged_at", "acknowledged_by", "assignee", "answer_by", "awaited_since"),
            *("mailbox_was_in_doubt", "worked_at", "due_at", "due_for", "is_taken", "merged_into", "claimed_by"),
        ),
        ("region", "acknowledged_by", "assignee", "merged_into", "claimed_by"),
        "pk",
    ),
    ExportedSection("duplicates", Incident, ("reference", "received_at"), path="merged_into"),
    ExportedSection(
        "notes", Note, ("uid", "kind", "text", "author", "written_at"), ("author",), narrow=filter_readable_notes
    ),
    ExportedSection(
        "tasks",
        Task,
        (
            *("uid", "title", "why", "source", "playbook", "step", "due_at", "author", "added_at", "done_at"),
            *("done_by", "is_moot"),
        ),
        ("author", "done_by"),
    ),
    ExportedSection("severity_choices", SeverityChoice, ("severity", "motive", "actor", "chosen_at"), ("actor",)),
    ExportedSection(
        "closings",
        Closing,
        ("outcome", "handed_to", "summary", "lesson", "is_shared", "actor", "closed_at"),
        ("actor",),
    ),
    ExportedSection("indicators", Observable, ("uid", "kind", "value", "origin", "actor", "added_at"), ("actor",)),
    ExportedSection("files", Evidence, ("uid", "number", "position", "seal", "actor"), ("actor",)),
    ExportedSection("file_openings", Opening, ("evidence", "user", "at"), ("evidence", "user"), "evidence__incident"),
    ExportedSection(
        "transfers",
        Transfer,
        (
            *("uid", "giver", "taker", "state", "motive", "agreement", "agreed_tlp", "asked_by", "asked_at", "answer"),
            *("answered_by", "answered_at"),
        ),
        ("giver", "taker", "asked_by", "answered_by"),
    ),
    ExportedSection(
        "advices",
        Advice,
        ("uid", "partner", "motive", "tlp", "agreement", "content", "sha256", "actor", "asked_at"),
        ("actor",),
    ),
    ExportedSection(
        "holds",
        LegalHold,
        ("motive", "placed_by", "placed_at", "ended_by", "ended_at", "ended_because"),
        ("placed_by", "ended_by"),
    ),
    ExportedSection("accesses", CaseAccess, ("user", "csirt", "door", "at", "until"), ("user", "csirt")),
    ExportedSection("readings", Reading, ("user", "csirt", "first_at", "last_at", "present_at"), ("user", "csirt")),
    ExportedSection("events", IncidentEvent, ("uid", "kind", "at", "actor_kind", "actor", "data"), ("actor",)),
)
# Tables that point to a case and that no part has, with the reason.
EXCLUDED_TABLES = {
    "incidents.CaseKey": "a secret: the files are in the export, decrypted",
    "incidents.Draft": "what was typed before the declaration, which the case has since",
    "incidents.Paper": "a PDF of the same rows",
    "incidents.SearchDocument": "an index of the same words",
    "incidents.UnsentText": "what a person of the centre has begun and not said yet",
    "incidents.BulkItem": "the same act is an event of the case; its job is about other cases too",
    "stats.CaseFact": "counts made of the same columns",
}
# Columns that no part has, of one table or of any, with the reason.
EXCLUDED_FIELDS = {
    **dict.fromkeys(("id", "incident"), "a key of the database"),
    **dict.fromkeys(("nonce", "secret_hash", "encrypted_code", "storage_name"), "a secret"),
    **dict.fromkeys(("submission_key", "submission_digest"), "tells one sent form from another"),
    **dict.fromkeys(("FollowUpAccess.uid", "SharedSentence.uid"), "is in the cookie or the link that opens the case"),
    **dict.fromkeys(
        ("AnswerSheet.actor", "Message.actor", "Rating.actor"), "is in the event; the person reads `author`"
    ),
    "EvidenceUpload.evidence": "the file has a line of its own",
    "EvidenceUpload.is_repeat": "says that the case had this file already",
    "Incident.erased_at": "empty: an erased case has no export",
    "Incident.group": "is about the cases of other bodies",
    "Transfer.last_event": "a key of the database",
    "Transfer.standing": "a copy of the case for the centre that gave it",
}


def describe_exported_rows(
    incident: Incident, sections: tuple[ExportedSection, ...]
) -> dict[str, list[dict[str, Any]]]:
    """Return the rows of these sections. Runs one query for each, whatever their number."""
    return {section.name: list_rows(incident, section) for section in sections}


def list_rows(incident: Incident, section: ExportedSection) -> list[dict[str, Any]]:
    rows: QuerySet[Any] = section.model.objects.filter(**{section.path: incident.pk}).order_by("pk")
    rows = section.narrow(rows) if section.narrow else rows
    rows = rows.select_related(*section.joined) if section.joined else rows
    return [{name: simplify_value(getattr(row, name)) for name in section.fields} for row in rows]


def simplify_value(value: Any) -> Any:
    """Return a value that JSON has. A row becomes its name, and a person theirs, never their address."""
    if isinstance(value, User):
        return value.display_name or NAMELESS
    return str(value) if isinstance(value, Model) else value
