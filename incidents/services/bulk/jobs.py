"""Bulk jobs: one act on many cases, requested once and done case by case, each case in its own transaction.

A job (`BulkJob`) says which act, its items (`BulkItem`) which cases. A worker claims the job by pushing its due time
forward (a lease). If the worker dies, another worker continues after the lease. Two workers may do one job: only the
worker that locks the item of a case acts on the case, through the service of the single act, and saves the outcome in
the same transaction.
"""

import hashlib
import json
from collections import Counter
from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import structlog
from django.core.exceptions import PermissionDenied, ValidationError
from django.db import InterfaceError, OperationalError, transaction
from django.db.models import Count, Exists, Max, OuterRef
from django.http import Http404
from django.utils import timezone

from accounts.access import match_centres
from accounts.enums import CentreAbility
from accounts.models import User
from core.locks import lock_key, make_due_condition
from core.text import clean_line
from csirts.models import Csirt
from incidents.access import check_ability
from incidents.catalogues.message_templates import fill_placeholders
from incidents.enums import Ability, BulkAct, BulkOutcome, BulkState, ClosingReason, GroupKind
from incidents.models import BulkItem, BulkJob, CaseGroup, Incident, IncidentEvent
from incidents.questions.facts import parse_moment
from incidents.services.correspondence.correspond import Letter, write_to_declarant
from incidents.services.duplicates.merge import lock_case_with_main
from incidents.services.groups.group import TITLE_LIMIT, add_to_group, open_group
from incidents.services.handling.acknowledge import acknowledge_incident
from incidents.services.handling.assign import assign_incident
from incidents.services.handling.close import close_incident
from incidents.services.handling.qualify import classify_incident
from incidents.services.library.templates import (
    check_placeholders,
    format_centre_phone,
    map_placeholder_values,
)
from incidents.workflow import InvalidTransition

logger = structlog.get_logger(__name__)

# The most cases of one act. Repeating an act on a group reaches further cases, since the first cases are then done.
MAX_CASES = 5000
# Jobs of up to this number of cases are done while the person waits for the page.
MAX_CASES_IN_REQUEST = 20
# Longer than any single case takes, so that no worker claims a job that another worker is doing.
LEASE = timedelta(minutes=1)
# The time after which a worker stops, so that its other tasks can run, and after which a request stops, so that the
# person who waits gets a page.
PASS_TIME_LIMIT, REQUEST_TIME_LIMIT = timedelta(seconds=2), timedelta(seconds=20)
# The reasons for which cases may be closed in bulk. Only a declarant withdraws a declaration, on the page of its case.
CLOSING_REASONS = tuple(reason for reason in ClosingReason if reason != ClosingReason.WITHDRAWN)
TRANSFERRED_REFUSAL = "Ce dossier a été transféré à un autre centre."


class BulkFormAlreadyUsed(Exception):
    """The key of this form was already used with another act, other cases or other choices.

    `job` is the job that the earlier use created.
    """

    def __init__(self, job: BulkJob) -> None:
        super().__init__()
        self.job = job


# The acts


def take_case(reference: str, job: BulkJob) -> None:
    """Take the case for the person who started the job."""
    acknowledge_incident(reference=reference, actor=job.actor)


def assign_case(reference: str, job: BulkJob) -> None:
    """Assign the case to the person chosen in the job, or unassign it."""
    uid = job.choices["assignee"]
    assignee = User.objects.get(uid=uid) if uid else None
    assign_incident(reference=reference, actor=job.actor, assignee=assignee)


def classify_case(reference: str, job: BulkJob) -> None:
    """Change the fields of the case's qualification that were chosen in the job."""
    classify_incident(reference=reference, actor=job.actor, **job.choices)


def close_case_of_job(reference: str, job: BulkJob) -> None:
    """Close the case for the reason chosen in the job.

    Raises ValidationError if this reason is a withdrawal, since only a declarant can withdraw.
    """
    reason = ClosingReason(job.choices["reason"])
    if reason not in CLOSING_REASONS:
        raise ValidationError("Un déclarant retire sa propre déclaration : fermez ce dossier sur sa page.")
    # If the cases are handed over, the first line of the text names the service.
    handed_to, _newline, why = job.text.partition("\n") if reason == ClosingReason.HANDED_OVER else ("", "", job.text)
    seen = parse_moment(job.choices.get("read_at"))
    close_incident(reference=reference, reason=reason, actor=job.actor, seen=seen, why=why, handed_to=handed_to)


def put_case_in_group(reference: str, job: BulkJob) -> None:
    """Add the case to the group chosen in the job."""
    add_to_group(reference=reference, group=UUID(job.choices["group"]), actor=job.actor)


def write_to_case(reference: str, job: BulkJob) -> None:
    """Write the message of the job to the declarant of the case."""
    text, asks = fill_message(reference, job), bool(job.choices.get("asks_answer"))
    letter = Letter(text=text, key=derive_letter_key(job), asks_answer=asks)
    write_to_declarant(reference=reference, actor=job.actor, letter=letter)


def derive_letter_key(job: BulkJob) -> str:
    """Return the idempotency key of the messages that the job writes."""
    return f"bulk:{job.uid}"


def fill_message(reference: str, job: BulkJob) -> str:
    """Return the message of the job with its placeholders replaced by the values of this case.

    Raises ValidationError if a placeholder in the message has no value for this case.
    """
    incident = check_ability(job.actor, reference, to=Ability.MESSAGE)
    values = map_placeholder_values(incident, job.actor, format_centre_phone(incident.csirt_id))
    check_placeholders(job.text, {name for name, value in values.items() if value})
    return fill_placeholders(job.text, values)


ACTS: dict[BulkAct, Callable[[str, BulkJob], None]] = {
    BulkAct.TAKE: take_case,
    BulkAct.ASSIGN: assign_case,
    BulkAct.CLASSIFY: classify_case,
    BulkAct.CLOSE: close_case_of_job,
    BulkAct.GROUP: put_case_in_group,
    BulkAct.MESSAGE: write_to_case,
}


# Requesting a job


@transaction.atomic
def start_bulk_job(
    *, actor: User, act: BulkAct, references: Sequence[str], choices: dict[str, Any], key: str, text: str = ""
) -> BulkJob:
    """Create a job that is due at once. The same key with the same act, cases and choices returns the same job.

    Cases of centres for which the actor does not work are left out. Raises ValidationError on `references` if no case
    is left, or if the cases are too many or of several centres. Raises BulkFormAlreadyUsed if the key was used with
    other content.
    """
    form_digest = digest_form(actor, key)
    content_digest = digest_parts(act, sorted(set(references)), choices, text)
    if earlier := find_submitted_job(form_digest):
        if earlier.submission_key != form_digest + content_digest:
            raise BulkFormAlreadyUsed(earlier)
        return earlier
    cases = list_requested_cases(actor, references)
    values = {"csirt_id": cases[0][1], "act": act, "choices": choices, "text": text, "total": len(cases)}
    job = BulkJob.objects.create(submission_key=form_digest + content_digest, actor=actor, **values)
    BulkItem.objects.bulk_create(BulkItem(job=job, incident_id=pk) for pk, _csirt in cases)
    return job


def find_submitted_job(form_digest: str) -> BulkJob | None:
    """Return the job that this form created, or None.

    The key of the form is locked, so the second of two simultaneous posts waits for the first.
    """
    lock_key(form_digest)
    return BulkJob.objects.filter(submission_key__startswith=form_digest).first()


def digest_form(actor: User, key: str) -> str:
    """Return a digest of the actor and the key of a form. The submission key of the job starts with this digest."""
    return digest_parts(actor.pk, key)


def digest_parts(*parts: Any) -> str:
    """Return a digest of these values.

    The submission key of a job is the digest of its form, then the digest of what was requested.
    """
    return hashlib.blake2b(json.dumps(parts, sort_keys=True).encode(), digest_size=16).hexdigest()


def list_requested_cases(actor: User, references: Sequence[str]) -> list[tuple[int, int]]:
    """Return pairs (id of the case, id of its centre) in the order of `references`.

    Raises ValidationError like `start_bulk_job`.
    """
    ordered = list(dict.fromkeys(references))
    if len(ordered) > MAX_CASES:
        message = f"{MAX_CASES} dossiers à la fois au plus. Faites-le en plusieurs fois."
        raise ValidationError({"references": message})
    cases = Incident.objects.of_centres(actor, CentreAbility.WORK).filter(reference__in=ordered)
    ids_by_reference = {
        reference: (pk, csirt) for reference, pk, csirt in cases.values_list("reference", "pk", "csirt")
    }
    if not ids_by_reference:
        raise ValidationError({"references": "Cochez au moins un dossier de votre centre."})
    if len({csirt for _pk, csirt in ids_by_reference.values()}) > 1:
        raise ValidationError({"references": "Ces dossiers sont de plusieurs centres. Agissez centre par centre."})
    return [ids_by_reference[reference] for reference in ordered if reference in ids_by_reference]


@transaction.atomic
def get_or_open_group(*, csirt: Csirt, kind: GroupKind, title: str, actor: User) -> CaseGroup:
    """Return the open group of this kind and title in the centre. If there is none, open it.

    A double click opens only one group. Raises Http404 if the actor does not work for the centre, ValidationError on
    `title`.
    """
    Csirt.objects.select_for_update(no_key=True).get(pk=csirt.pk)
    clean = clean_line(title, limit=TITLE_LIMIT, field="title")
    group = CaseGroup.objects.filter(csirt=csirt, kind=kind, title=clean, closed_at=None).first()
    return group or open_group(csirt=csirt, kind=kind, title=title, actor=actor)


@transaction.atomic
def stop_bulk_job(*, uid: UUID, actor: User) -> BulkJob:
    """Stop the job. The remaining cases do not change, and the acts already done are not undone. May raise Http404."""
    job = BulkJob.objects.select_for_update().filter(match_centres(actor, CentreAbility.WORK), uid=uid).first()
    if job is None:
        raise Http404
    if job.state == BulkState.RUNNING:
        end_job(job, BulkState.STOPPED)
    return job


# Doing a job


def run_due_jobs() -> int:
    """Do the due jobs, until none is left or `PASS_TIME_LIMIT` has passed. Returns the number of cases done."""
    acted, until = 0, timezone.now() + PASS_TIME_LIMIT
    while timezone.now() < until and (job := claim_job(timezone.now())):
        acted += run_job(job, until=until)
    return acted


def run_job_in_request(job: BulkJob) -> None:
    """Do a job of a few cases within the request. After `REQUEST_TIME_LIMIT`, a worker does the remaining cases."""
    now = timezone.now()
    BulkJob.objects.filter(pk=job.pk, state=BulkState.RUNNING).update(due_at=now + LEASE)
    run_job(job, until=now + REQUEST_TIME_LIMIT)
    job.refresh_from_db()


@transaction.atomic
def claim_job(now: datetime) -> BulkJob | None:
    """Claim and return the due job that has waited longest, or None.

    The jobs of one person are done one after another.
    """
    running = BulkJob.objects.filter(state=BulkState.RUNNING)
    is_first = ~Exists(running.filter(actor=OuterRef("actor"), pk__lt=OuterRef("pk")))
    due = running.filter(make_due_condition(now, longest=LEASE), is_first).order_by("due_at", "id")
    job = due.select_for_update(skip_locked=True, of=("self",)).select_related("actor").first()
    if job:
        job.due_at = now + LEASE
        job.save(update_fields=["due_at"])
    return job


def run_job(job: BulkJob, *, until: datetime) -> int:
    """Act on each waiting case of the job, then finish the job. Returns the number of cases done.

    After the instant `until`, stop, and make the job due again for the remaining cases.
    """
    acted, pushed_at = 0, timezone.now()
    while (now := timezone.now()) < until:
        if not act_on_next_case(job):
            finish_job(job)
            return acted
        acted += 1
        if now - pushed_at > LEASE / 4:
            pushed_at = now
            BulkJob.objects.filter(pk=job.pk, state=BulkState.RUNNING).update(due_at=now + LEASE)
    BulkJob.objects.filter(pk=job.pk, state=BulkState.RUNNING).update(due_at=timezone.now())
    return acted


@transaction.atomic
def act_on_next_case(job: BulkJob) -> bool:
    """Act on the next waiting case whose item is not locked, and save the outcome.

    Returns False if there is no such case.
    """
    waiting = BulkItem.objects.filter(job=job, job__state=BulkState.RUNNING, outcome=BulkOutcome.WAITING)
    # The job and its actor are read again each time, so that an actor who has lost the role acts on no further case.
    waiting_items = waiting.select_for_update(skip_locked=True, of=("self",)).select_related("job__actor")
    item = waiting_items.order_by("id").first()
    if item is None:
        return False
    item.outcome, item.why = act_on_item(item.job, item)
    item.save(update_fields=["outcome", "why"])
    return True


def act_on_item(job: BulkJob, item: BulkItem) -> tuple[BulkOutcome, str]:
    """Act on one case, and return the outcome with the reason for a refusal.

    The reason is "" if nothing was refused, or if the state of the case explains the refusal.
    """
    try:
        with transaction.atomic():
            lock_case_with_main(item.incident.reference)
            incident = Incident.objects.get(pk=item.incident_id)
            if incident.csirt_id != job.csirt_id:
                raise ValidationError(TRANSFERRED_REFUSAL)  # Refused even if the actor works at the new centre too.
            before = find_newest_event_id(incident)
            ACTS[BulkAct(job.act)](incident.reference, job)
            return BulkOutcome.NOTHING if find_newest_event_id(incident) == before else BulkOutcome.DONE, ""
    except InvalidTransition:
        return BulkOutcome.REFUSED, ""
    except ValidationError as error:
        return BulkOutcome.REFUSED, " ".join(error.messages)[:300]
    except (Http404, PermissionDenied):
        return BulkOutcome.REFUSED, "Ce dossier n’est plus à votre centre."
    except (OperationalError, InterfaceError):
        raise  # The database is unreachable, so the whole job is tried again.
    except Exception as error:  # noqa: BLE001  (an error in one case must not stop the other cases)
        logger.error("a case cannot be acted on", job=str(job.uid), error=type(error).__name__)  # noqa: TRY400  (a traceback may hold texts)
        return BulkOutcome.REFUSED, "Une erreur nous a empêchés de le faire. Ouvrez le dossier et réessayez."


def find_newest_event_id(incident: Incident) -> int | None:
    """Return the id of the newest event of the case, or None if it has no event."""
    newest: int | None = IncidentEvent.objects.filter(incident=incident).aggregate(newest=Max("id"))["newest"]
    return newest


@transaction.atomic
def finish_job(job: BulkJob) -> None:
    """End the job if no case is waiting.

    If another worker has locked a case of the job, that worker ends the job later.
    """
    locked = BulkJob.objects.select_for_update().get(pk=job.pk)
    if locked.state == BulkState.RUNNING and not locked.items.filter(outcome=BulkOutcome.WAITING).exists():
        end_job(locked, BulkState.DONE)


def end_job(job: BulkJob, state: BulkState) -> None:
    """End the job in this state and empty its text. The caller has locked the job."""
    job.state, job.ended_at, job.text = state, timezone.now(), ""
    job.save(update_fields=["state", "ended_at", "text"])


# Reading a job


def count_outcomes(job: BulkJob) -> Counter[str]:
    """Return the number of cases of the job by outcome."""
    counts = job.items.order_by().values_list("outcome").annotate(number=Count("pk"))
    return Counter(dict(counts))
