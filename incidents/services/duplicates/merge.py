"""Merge of two declarations of one incident of one body. One of the cases is closed as a duplicate of the other.

No row moves: a duplicate keeps its words, messages, files and link, so that undoing the merge loses nothing. To avoid
deadlocks, cases are locked in the order of their ids, here and when a declarant adds something to a duplicate.
"""

from collections.abc import Collection
from datetime import datetime
from typing import Any

from django.core.exceptions import ValidationError
from django.db import transaction
from django.db.models import QuerySet
from django.http import Http404
from django.utils import timezone
from django.utils.dateparse import parse_datetime

from accounts.models import User
from incidents.access import get_incident
from incidents.due import ANSWER_WITHIN
from incidents.enums import Ability, ClosingReason, EventKind, Status
from incidents.models import Incident, IncidentEvent
from incidents.reference import hyphenate
from incidents.services.duplicates.call_backs import inherit_call_back, list_waiting_duplicates, recompute_call_back
from incidents.services.duplicates.missing_facts_task import add_missing_facts_task, close_missing_facts_task
from incidents.services.handling.due import (
    DUE_FIELDS,
    NEWS_FIELDS,
    advance_answer_due,
    find_last_answer_time,
    find_waiting_start,
    recompute_due,
    record_news,
)
from incidents.services.handling.hold import check_unmerge_keeps_hold
from incidents.services.handling.severity import SEVERITY_FIELDS
from incidents.services.history.record import record_event
from incidents.services.transfer.state import withdraw_any_proposal
from incidents.severity import ACKNOWLEDGE_WITHIN
from incidents.sharing import is_mailbox_in_doubt

# The most duplicates of one case, few enough to be listed on one page.
MAX_DUPLICATES = 50
# The entry of the merging event of a case that was already closed although its declarant waited for a call.
CLOSED_AND_TO_CALL_BACK = "call_back"
WAITING_FIELDS = ("answer_by", "is_to_call_back", *DUE_FIELDS)
CLOSED_FIELDS = ("status", "closed_at", "closing_reason", "merged_into", *DUE_FIELDS)


@transaction.atomic
def merge_incident(*, reference: str, into: str, actor: User) -> Incident:
    """Close the case `reference` as a duplicate of the case `into`, and return it. A repeated call changes nothing.

    A duplicate cannot be merged into another duplicate, so `merged_into` always names a main case. Raises Http404,
    PermissionDenied, and ValidationError if the two cases cannot be merged.
    """
    both = Incident.objects.filter(reference__in=[reference, into]).values("pk")
    lock_cases(both.union(list_waiting_duplicates(into).values("pk")))
    duplicate = get_incident(actor, reference, to=Ability.LINK, lock=True)
    main = get_incident(actor, into, to=Ability.LINK, lock=True)
    if duplicate.merged_into_id == main.pk:
        return duplicate
    check_mergeable(duplicate, main)
    now = timezone.now()
    before, severity = copy_state_before_merge(duplicate), main.severity
    inherit_deadlines(main, duplicate, at=now)
    is_call_inherited = inherit_call_back(main, duplicate)
    inherit_mailbox_doubt(main, duplicate)
    close_as_duplicate(duplicate, main, before, at=now)
    add_missing_facts_task(main, duplicate, actor=actor, at=now)
    recompute_due(main, worked_at=now)
    main.save(update_fields=[*SEVERITY_FIELDS, *NEWS_FIELDS, "is_to_call_back", "mailbox_was_in_doubt"])
    raised: dict[str, Any] = {"severity": [int(severity), int(main.severity)]} if main.severity != severity else {}
    raised |= {"call_back": True} if is_call_inherited else {}
    record_event(duplicate, EventKind.MERGED, at=now, actor=actor, main=main.reference, was=before)
    for case in (duplicate, main):
        withdraw_any_proposal(case, actor, at=now)
    record_event(main, EventKind.MERGED, at=now, actor=actor, double=duplicate.reference, **raised)
    return duplicate


def close_as_duplicate(duplicate: Incident, main: Incident, before: dict[str, Any], *, at: datetime) -> None:
    """Close the case as a duplicate of `main`. `before` is its former state (`copy_state_before_merge`)."""
    duplicate.status, duplicate.closing_reason = Status.CLOSED, ClosingReason.DUPLICATE
    duplicate.closed_at = at
    duplicate.merged_into = main
    # A case that was closed before, unlike one that the merge closes, waits for no call.
    duplicate.is_to_call_back = duplicate.is_to_call_back and CLOSED_AND_TO_CALL_BACK not in before
    recompute_due(duplicate)
    duplicate.save(update_fields=[*CLOSED_FIELDS, "is_to_call_back"])


def inherit_mailbox_doubt(main: Incident, duplicate: Incident) -> None:
    """Mark the mailbox of `main` as in doubt if the same mailbox is in doubt on the duplicate. Does not save."""
    addresses = [case.story.contact_email.casefold() for case in (main, duplicate)]
    if is_mailbox_in_doubt(duplicate) and addresses[0] == addresses[1]:
        main.mailbox_was_in_doubt = True


def lock_cases(ids: Collection[int] | QuerySet[Any, Any]) -> dict[int, int | None]:
    """Lock these cases in the order of their ids. Return a dict from the id of each case to the id of its main case.

    The value is None for a case that is not a duplicate.
    """
    locked = Incident.objects.select_for_update(no_key=True).filter(pk__in=ids).order_by("pk")
    return dict(locked.values_list("pk", "merged_into"))


def check_mergeable(duplicate: Incident, main: Incident) -> None:
    """Raise ValidationError if the two cases cannot be merged. The message says what to do instead."""
    if duplicate.pk == main.pk:
        raise ValidationError("Un dossier n’est pas le double de lui-même.")
    if (duplicate.collectivity_id, duplicate.csirt_id) != (main.collectivity_id, main.csirt_id):
        raise ValidationError("Ces deux dossiers ne sont pas de la même collectivité et du même centre.")
    for case in (duplicate, main):
        if case.merged_into:
            duplicate_reference, main_reference = hyphenate(case.reference), hyphenate(case.merged_into.reference)
            raise ValidationError(
                f"{duplicate_reference} est déjà un double de {main_reference}. Choisissez {main_reference}."
            )
    if ClosingReason.WITHDRAWN in (duplicate.closing_reason, main.closing_reason):
        raise ValidationError("L’une de ces déclarations a été retirée par son auteur : elle ne se fusionne pas.")
    check_main_case(duplicate, main)


def check_main_case(duplicate: Incident, main: Incident) -> None:
    """Raise ValidationError if `main` cannot be the main case of the two."""
    if main.status == Status.CLOSED:
        closed = "%(main)s est clos. Gardez plutôt l’autre dossier, ou rouvrez celui-ci d’abord."
        raise ValidationError(closed % {"main": hyphenate(main.reference)})
    if duplicate.doubles.exists():
        has_duplicates = "%(double)s a lui-même des doubles : c’est lui qu’il faut garder."
        raise ValidationError(has_duplicates % {"double": hyphenate(duplicate.reference)})
    if main.doubles.count() >= MAX_DUPLICATES:
        many = "%(main)s a déjà %(most)s doubles, et n’en prend pas plus."
        raise ValidationError(many % {"main": hyphenate(main.reference), "most": MAX_DUPLICATES})


def copy_state_before_merge(incident: Incident) -> dict[str, Any]:
    """Return the state of a case that a merge overwrites and that undoing the merge restores.

    This is the status and, for a closed case, the date of closing and its reason. It also says whether the declarant
    of a closed case waited for a call.
    """
    if incident.closed_at is None:
        return {"status": incident.status}
    closed_at = incident.closed_at.isoformat()
    state = {"status": incident.status, "closed_at": closed_at, "reason": incident.closing_reason}
    return state | ({CLOSED_AND_TO_CALL_BACK: True} if incident.is_to_call_back else {})


def find_awaited_answer_due(duplicate: Incident) -> datetime | None:
    """Return the deadline of the answer for which the declarant waited before the merge, or None.

    The declarant of a closed case waited for an answer only if they wrote after the closing.
    """
    if duplicate.status != Status.CLOSED:
        return duplicate.answer_by
    if duplicate.has_addition_since_closing and duplicate.declarant_wrote_at:
        return duplicate.declarant_wrote_at + ANSWER_WITHIN[duplicate.severity]
    return None


def find_first_question_time(main: Incident, *, since: datetime) -> datetime | None:
    """Return when the centre first asked the declarant something after `since`, or None if it asked nothing then."""
    questions = main.messages.filter(asks_answer=True, written_at__gt=since)
    return questions.order_by("written_at").values_list("written_at", flat=True).first()


def inherit_deadlines(main: Incident, duplicate: Incident, *, at: datetime) -> None:
    """Give `main` the higher severity and the earlier deadlines of the two cases. Does not save.

    The deadlines are those of the answer and of the acknowledgement. A closed duplicate whose declarant awaits no
    answer changes nothing.
    """
    awaited_due = find_awaited_answer_due(duplicate)
    if awaited_due is None and duplicate.status == Status.CLOSED:
        return
    waiting = [due for due in (main.answer_by, awaited_due) if due]
    added = [wrote for wrote in (main.declarant_wrote_at, duplicate.declarant_wrote_at) if wrote]
    main.answer_by = min(waiting, default=None)
    main.declarant_wrote_at = max(added, default=None)
    if main.awaited_since and main.declarant_wrote_at and main.declarant_wrote_at > main.awaited_since:
        main.awaited_since = find_first_question_time(main, since=main.declarant_wrote_at)
    if duplicate.severity > main.severity:
        main.severity = duplicate.severity
        advance_answer_due(main)
    if main.status == Status.DECLARED:
        is_untaken = duplicate.status == Status.DECLARED
        by = duplicate.acknowledge_by if is_untaken else at + ACKNOWLEDGE_WITHIN[main.severity]
        main.acknowledge_by = min(main.acknowledge_by, by)


@transaction.atomic
def unmerge_incident(*, reference: str, actor: User) -> Incident:
    """Undo the merge. The status, the closing and the deadlines of the duplicate are restored.

    What its declarant added and nobody answered must then be answered on the restored case. A repeated call changes
    nothing. Raises ValidationError if the duplicate would lose the protection of a legal hold. May raise Http404 or
    PermissionDenied.
    """
    lock_case_with_main(reference)
    duplicate = get_incident(actor, reference, to=Ability.LINK, lock=True)
    if duplicate.merged_into is None:
        return duplicate
    main = get_incident(actor, duplicate.merged_into.reference, to=Ability.LINK, lock=True)
    check_unmerge_keeps_hold(duplicate, main)
    now = timezone.now()
    # A call on the main case was also a call to this declarant.
    duplicate.is_to_call_back = duplicate.is_to_call_back and main.is_to_call_back
    restore_state_before_merge(duplicate, get_merging_event(duplicate, main))
    duplicate.save(update_fields=[*CLOSED_FIELDS, "answer_by", "is_to_call_back"])
    close_missing_facts_task(main, duplicate, actor=actor, at=now)
    recompute_answer_due(main)
    recompute_call_back(main)
    recompute_due(main, worked_at=now)
    main.save(update_fields=WAITING_FIELDS)
    # The declarant of the duplicate was notified of the closing, so the history records a reopening.
    if main.status == Status.CLOSED and duplicate.status != Status.CLOSED:
        record_event(duplicate, EventKind.REOPENED, at=now, actor=actor, reason=main.closing_reason)
    record_event(duplicate, EventKind.UNMERGED, at=now, actor=actor, main=main.reference)
    record_event(main, EventKind.UNMERGED, at=now, actor=actor, double=duplicate.reference)
    return duplicate


def get_merging_event(duplicate: Incident, main: Incident) -> IncidentEvent:
    """Return the newest event of the merge of the duplicate into `main`. Raises Http404 if there is none."""
    merged = duplicate.events.filter(kind=EventKind.MERGED, data__main=main.reference).order_by("-id").first()
    if merged is None:  # `merged_into` is only set with such an event.
        raise Http404
    return merged


def restore_state_before_merge(duplicate: Incident, merged: IncidentEvent) -> None:
    """Restore the state of the duplicate that the event of its merge (`merged`) holds. Recompute its deadlines.

    Does not save.
    """
    was = merged.data["was"]
    duplicate.status, duplicate.closing_reason = was["status"], was.get("reason", "")
    duplicate.closed_at = parse_datetime(was["closed_at"]) if "closed_at" in was else None
    duplicate.merged_into = None
    duplicate.is_to_call_back = duplicate.is_to_call_back or CLOSED_AND_TO_CALL_BACK in was
    since = find_waiting_start(duplicate, merged.at)
    if duplicate.status != Status.CLOSED and since and duplicate.answer_by is None:
        duplicate.answer_by = since + ANSWER_WITHIN[duplicate.severity]
    recompute_due(duplicate)


def lock_case_with_main(reference: str) -> None:
    """Lock a case and its main case, if any. Call it before locking any other row of either case.

    If the case is merged between the read and the lock, the locks are released and the case is read again.
    """
    while row := Incident.objects.filter(reference=reference).values_list("pk", "merged_into").first():
        pk, main = row
        before = transaction.savepoint()
        if lock_cases([pk, main] if main else [pk]).get(pk) == main:
            transaction.savepoint_commit(before)
            return
        transaction.savepoint_rollback(before)


def lock_main_case(duplicate: Incident) -> Incident | None:
    """Return the main case of this duplicate, locked for update, or None if the case is not a duplicate."""
    if duplicate.merged_into_id is None:
        return None
    return Incident.objects.select_for_update(of=("self",), no_key=True).get(pk=duplicate.merged_into_id)


def record_news_on_main(duplicate: Incident, *, at: datetime) -> None:
    """Record on the main case that the declarant of a duplicate added something.

    The centre answers on the main case. If the case is not a duplicate, nothing changes.
    """
    if main := lock_main_case(duplicate):
        record_news(main, at=at)
        main.save(update_fields=NEWS_FIELDS)


def update_main_after_answer(duplicate: Incident, *, at: datetime) -> None:
    """Recompute the deadlines and `is_to_call_back` of the main case, after an answer on its duplicate.

    If the case is not a duplicate, nothing changes. The caller has recorded the event of the answer.
    """
    if main := lock_main_case(duplicate):
        recompute_answer_due(main)
        recompute_call_back(main)
        recompute_due(main, worked_at=at)
        main.save(update_fields=WAITING_FIELDS)


def update_main_after_call(duplicate: Incident) -> None:
    """Recompute `is_to_call_back` of the main case, after a call on its duplicate that is not an answer.

    If the case is not a duplicate, nothing changes.
    """
    if main := lock_main_case(duplicate):
        recompute_call_back(main)
        main.save(update_fields=["is_to_call_back"])


def recompute_answer_due(main: Incident) -> None:
    """Recompute `answer_by` from the oldest unanswered addition to the case and to its duplicates. Does not save."""
    if main.answer_by is None:
        return
    waiting = [
        find_waiting_start(main),
        *(find_duplicate_waiting_start(duplicate, main) for duplicate in main.doubles.all()),
    ]
    first = min(filter(None, waiting), default=None)
    main.answer_by = first + ANSWER_WITHIN[main.severity] if first else None


def find_duplicate_waiting_start(duplicate: Incident, main: Incident) -> datetime | None:
    """Return when the declarant of a duplicate began to wait for an answer, or None if they do not wait.

    After the merge, an answer on the main case is also an answer to this declarant.
    """
    merged, answered = get_merging_event(duplicate, main), find_last_answer_time(main)
    closed_at = merged.data["was"].get("closed_at")
    answered_since = answered if answered and answered > merged.at else None
    return find_waiting_start(duplicate, answered_since, parse_datetime(closed_at) if closed_at else None)
