"""One act on many cases: each case is a row of the act, and a transaction of its own."""

import hashlib
from collections.abc import Callable, Sequence
from typing import Any
from uuid import UUID

from django.core.exceptions import PermissionDenied, ValidationError
from django.db import transaction
from django.http import Http404
from django.utils import timezone
from django.utils.translation import gettext as _

from accounts.models import User
from incidents.enums import BulkAct, BulkOutcome, BulkState
from incidents.models import BulkItem, BulkJob, Incident
from incidents.services.correspond import Letter, write_to_declarant
from incidents.services.groups import add_to_group


@transaction.atomic
def start_bulk(
    *, actor: User, act: BulkAct, references: Sequence[str], choices: dict[str, Any], key: str, text: str = ""
) -> BulkJob:
    """Note the act and its cases, in a few queries however many there are; those of other centres are passed over.

    The same form sent twice (`key`) is one act. Raises ValidationError on « references » when none is left.
    """
    mine = Incident.objects.filter(csirt__in=actor.csirt_ids(), reference__in=references).order_by("pk")
    cases = list(mine.values_list("pk", "csirt"))
    if not cases:
        raise ValidationError({"references": _("Choisissez au moins un dossier de votre centre.")})
    submission = hashlib.sha256(f"{actor.pk}\n{act}\n{key}".encode()).hexdigest()
    said = {"csirt_id": cases[0][1], "act": act, "choices": choices, "text": text, "actor": actor, "total": len(cases)}
    job, is_new = BulkJob.objects.get_or_create(submission_key=submission, defaults=said)
    if is_new:
        BulkItem.objects.bulk_create(BulkItem(job=job, incident_id=pk) for pk, _csirt in cases)
    return job


def write(job: BulkJob, incident: Incident) -> None:
    letter = Letter(text=job.text, key=f"bulk:{job.uid}", asks_answer=bool(job.choices.get("asks_answer")))
    write_to_declarant(reference=incident.reference, actor=job.actor, letter=letter)


def put_in_group(job: BulkJob, incident: Incident) -> None:
    add_to_group(reference=incident.reference, group=UUID(job.choices["group"]), actor=job.actor)


ACTS: dict[str, Callable[[BulkJob, Incident], None]] = {BulkAct.MESSAGE: write, BulkAct.GROUP: put_in_group}


def carry_on(job: BulkJob) -> int:
    """Do what waits, a case a transaction; its text goes with the last. Gives how many cases were gone through."""
    gone_through = 0
    while carry_one(job):
        gone_through += 1
    BulkJob.objects.filter(pk=job.pk, state=BulkState.RUNNING).update(
        state=BulkState.DONE, ended_at=timezone.now(), text=""
    )
    return gone_through


@transaction.atomic
def carry_one(job: BulkJob) -> bool:
    waiting = BulkItem.objects.select_for_update(of=("self",), skip_locked=True).select_related("incident")
    item = waiting.filter(job=job, outcome=BulkOutcome.WAITING).order_by("id").first()
    if item is None:
        return False
    try:
        with transaction.atomic():
            ACTS[job.act](job, item.incident)
        item.outcome = BulkOutcome.DONE
    except (ValidationError, PermissionDenied, Http404):
        item.outcome = BulkOutcome.REFUSED
    item.save(update_fields=["outcome"])
    return True
