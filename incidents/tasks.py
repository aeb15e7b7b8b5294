"""Celery tasks. Each task may run at any time, twice, or while another run of the same task is still going on."""

from celery import shared_task
from django.utils import timezone

from incidents.services.declarant import visits
from incidents.services.declaring import draft, limits
from incidents.services.evidence import room, sweep, upload
from incidents.services.handling import unsent_text
from incidents.services.search import index


@shared_task
def index_cases() -> None:
    """Update the search documents of the cases that changed."""
    index.index_pending_events(seconds=index.PASS_TIME_LIMIT.total_seconds())


@shared_task
def delete_expired_rows() -> None:
    """Delete expired drafts, expired unsent texts, old counts of recent requests and visits that were closed long
    ago. If there are too many drafts, delete the oldest ones too, and let no new draft start if far too many remain.
    """
    draft.delete_expired_drafts()
    limits.delete_old_counts(timezone.now())
    visits.delete_old_visits(timezone.now())
    while draft.delete_surplus_drafts():
        pass
    draft.stop_drafts_if_full()
    unsent_text.delete_expired_unsent_texts()


@shared_task
def sweep_uploads() -> None:
    """Delete uploads to which nothing was added for a week."""
    upload.delete_old_uploads()


@shared_task
def measure_evidence_store() -> None:
    """Measure what all files occupy, which requests only read."""
    room.measure_stored_bytes()


@shared_task
def sweep_store() -> None:
    """Delete objects of the file store to which no row has pointed for a while."""
    sweep.sweep_store()
