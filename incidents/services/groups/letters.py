"""The latest messages to a whole group, read back from the bulk jobs that sent them.

A job holds no text once it has ended. The text is read from a message that the job wrote in one of its cases. The
submission key shows which message this is.
"""

from collections.abc import Sequence
from typing import NamedTuple

from django.db.models import Count, Q, QuerySet

from incidents.enums import BulkAct, BulkOutcome
from incidents.models import BulkItem, BulkJob, CaseGroup, Incident, Message
from incidents.services.bulk.jobs import derive_letter_key
from incidents.services.correspondence.correspond import Letter, derive_message_key

MAX_LETTERS = 3
# Only the latest jobs of the centre are searched, since no database index finds the jobs of a group.
JOBS_SEARCHED = 2000
MESSAGES_SEARCHED = 500


class SentLetter(NamedTuple):
    """A message that was sent to a group by `job`. `recipients` is the number of declarants who got it.

    `text` is what the declarant of `case` reads. `case` is None if no case that can be read got the message.
    """

    job: BulkJob
    recipients: int
    case: Incident | None
    text: str


def list_group_letters(group: CaseGroup) -> list[SentLetter]:
    """Return the latest messages to the group, newest first. Runs three queries, or one if there are no messages."""
    jobs = list(list_letter_jobs(group))
    if not jobs:
        return []
    items = map_first_items(jobs, group)
    texts = map_letter_texts(list(items.values()))
    return [
        SentLetter(
            job,
            job.recipients,  # type: ignore[attr-defined]  # annotated
            items[job.pk].incident if job.pk in texts else None,
            texts.get(job.pk, job.text),
        )
        for job in jobs
    ]


def list_letter_jobs(group: CaseGroup) -> QuerySet[BulkJob]:
    """Return the latest jobs that wrote to the group, each with the number of declarants who got the message."""
    latest = BulkJob.objects.filter(csirt=group.csirt_id).order_by("-id").values("pk")[:JOBS_SEARCHED]
    jobs = BulkJob.objects.filter(pk__in=latest, act=BulkAct.MESSAGE, choices__group=str(group.uid))
    recipients = Count("items", filter=Q(items__outcome=BulkOutcome.DONE))
    return jobs.select_related("actor").annotate(recipients=recipients).order_by("-id")[:MAX_LETTERS]


def map_first_items(jobs: Sequence[BulkJob], group: CaseGroup) -> dict[int, BulkItem]:
    """Return one item of each job, by the id of the job.

    It is the item of the first case that got the message and can still be read. A case can be read if it is still in
    the centre and is not erased.
    """
    done = BulkItem.objects.filter(job__in=jobs, outcome=BulkOutcome.DONE)
    readable = done.filter(incident__csirt=group.csirt_id, incident__erased_at=None)
    first = readable.select_related("job", "incident").order_by("job_id", "id").distinct("job_id")
    return {item.job_id: item for item in first}


def map_letter_texts(items: Sequence[BulkItem]) -> dict[int, str]:
    """Return the text of the message of each job, by the id of the job.

    `items` has one item for each job. The text is read from the message that the job wrote in the case of this item.
    """
    if not items:
        return {}
    since = min(item.job.asked_at for item in items)
    written = Message.objects.filter(
        incident__in={item.incident_id for item in items}, is_from_csirt=True, written_at__gte=since
    )
    latest = list(written.order_by("-id")[:MESSAGES_SEARCHED])
    return {item.job_id: message.text for item in items for message in latest if is_written_by(message, item)}


def is_written_by(message: Message, item: BulkItem) -> bool:
    """Tell whether the job of `item` wrote the message. The key of the message shows it."""
    letter = Letter(text=message.text, key=derive_letter_key(item.job))
    return derive_message_key(item.incident, letter) == message.submission_key
