"""Completion of a declaration after it was sent. The answers to each section are stored as answer sheets.

Each save is a new row. The former rows stay, and the newest row counts. `SectionEdit.seen` names the newest row that
the writer's page showed. If a newer row exists, Stale is raised and nothing is overwritten.
"""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.core.exceptions import NON_FIELD_ERRORS, ValidationError
from django.db import transaction
from django.utils import timezone

from core.stale import Stale
from core.text import are_same_answers, clean_line
from incidents.access import CaseVisitor, get_case
from incidents.enums import Ability, EventKind, Status
from incidents.facts.description import LINE_LIMIT
from incidents.models import AnswerSheet, Incident
from incidents.questions.catalogue import find_version
from incidents.services.declarant.answers import clean_answers
from incidents.services.handling.due import NEWS_FIELDS, record_news
from incidents.services.handling.severity import SEVERITY_FIELDS, raise_severity
from incidents.services.history.record import record_event


@dataclass(frozen=True, kw_only=True)
class SectionEdit:
    """An edit of one section of a case by a visitor. `author` is the name that this visitor typed.

    `seen` is the uid of the newest sheet of the section on the visitor's page, or "" if the page showed none.
    """

    visitor: CaseVisitor
    reference: str
    author: str = ""
    seen: str = ""


@dataclass(frozen=True, kw_only=True)
class SavedSheet:
    """A stored answer sheet, which holds the answers to one section.

    `is_new` is False if these answers were already in the newest sheet.
    """

    sheet: AnswerSheet
    is_new: bool


class CannotComplete(Exception):
    """The case is closed, merged or erased, so nothing can be added to it. The message tells the writer why."""


@transaction.atomic
def answer_section(
    *, edit: SectionEdit, section: str, version: str, values: Mapping[str, Any], keep: Collection[str] = ()
) -> SavedSheet:
    """Store the answers to one section of the questionnaire `version`. Saving the same answers again changes nothing.

    `keep` holds the codes of the questions whose odd-looking answer is accepted. Raises Http404, PermissionDenied,
    ValidationError by question, CannotComplete, and Stale with the newest sheet.
    """
    incident = lock_case_to_complete(edit)
    questionnaire = find_version(version)
    asked_section = questionnaire.find_section(section)
    if asked_section is None:
        raise ValidationError("Cette rubrique n’existe pas.")
    now = timezone.now()
    clean = clean_answers(asked_section.narrow_to_type(incident.type), values, keep=keep, now=now)
    if same := find_same_sheet(incident, section, clean, seen=edit.seen):
        return same
    if not clean and find_newest_sheet(incident, section) is None:  # An empty first sheet would look like an answer.
        nothing = "Rien n’est encore rempli. Répondez à une question, ou revenez sans enregistrer."
        raise ValidationError({NON_FIELD_ERRORS: [nothing]})
    return append_sheet(incident, section, clean, edit=edit, version=questionnaire.code, now=now)


def lock_case_to_complete(edit: SectionEdit) -> Incident:
    """Return the case, locked. Raises Http404, PermissionDenied, or CannotComplete if nothing can be added to it."""
    incident = get_case(edit.visitor, edit.reference, to=Ability.COMPLETE, lock=True)
    if reason := find_completion_refusal(incident):
        raise CannotComplete(reason)
    return incident


def find_completion_refusal(incident: Incident) -> str:
    """Return the sentence that says why nothing can be added to this case any more, or ""."""
    if incident.erased_at:
        return "Les mots de ce dossier ont été effacés : on ne peut plus rien y ajouter."
    if incident.merged_into and incident.merged_into.status != Status.CLOSED and incident.csirt_id is None:
        return "Cette déclaration est jointe à une autre : écrivez dans un message ce qui change."
    if incident.merged_into and incident.merged_into.status != Status.CLOSED:
        return "Le centre traite cette déclaration avec une autre : dites-lui par un message ce qui change."
    if incident.status == Status.CLOSED:
        return "Ce dossier est clos : les réponses ne changent plus."
    return ""


def find_newest_sheet(incident: Incident, section: str) -> AnswerSheet | None:
    """Return the newest answer sheet of this section of the case, or None."""
    return incident.sheets.filter(section=section).order_by("-id").first()


def find_same_sheet(incident: Incident, section: str, values: Mapping[str, Any], *, seen: str) -> SavedSheet | None:
    """Return the newest sheet if its values are the same, or None. A double click sends the same values twice.

    If the newest sheet is not the sheet `seen`, values that differ only in spelling count as the same
    (`are_same_answers`), and other values raise Stale.
    """
    newest = find_newest_sheet(incident, section)
    if newest and newest.values == values:
        return SavedSheet(sheet=newest, is_new=False)
    if newest and str(newest.uid) != seen:
        if are_same_answers(newest.values, values):
            return SavedSheet(sheet=newest, is_new=False)
        raise Stale(newest)
    return None


def append_sheet(
    incident: Incident, section: str, values: Mapping[str, Any], *, edit: SectionEdit, version: str, now: datetime
) -> SavedSheet:
    """Append the sheet at the instant `now` and record the event. The caller has locked the case.

    The severity rises if the new answers require it, and the time to answer the declarant starts.
    """
    sheet = AnswerSheet.objects.create(
        incident=incident,
        section=section,
        version=version,
        values=dict(values),
        author=read_author(edit),
        actor_kind=edit.visitor.kind,
        actor=edit.visitor.user,
        written_at=now,
    )
    raised = raise_severity(incident, now)
    record_news(incident, at=now)
    incident.save(update_fields=[*SEVERITY_FIELDS, *NEWS_FIELDS])
    data = {"section": section, "sheet": str(sheet.uid)} | ({"severity": incident.severity} if raised else {})
    record_event(incident, EventKind.FACTS, at=now, actor=edit.visitor.user, by=edit.visitor.kind, **data)
    return SavedSheet(sheet=sheet, is_new=True)


def read_author(edit: SectionEdit) -> str:
    """Return the name that the writer typed, cleaned, or the display name of their account if they typed none."""
    label = clean_line(edit.author, limit=LINE_LIMIT, field="author")
    return label or (edit.visitor.user.display_name if edit.visitor.user else "")
