"""Celery tasks. Each task may run at any time, twice, or while another run of the same task is still going on."""

from celery import shared_task
from django.utils import timezone

from incidents.services.declaring import draft, limits
from incidents.services.evidence import room, sweep
from incidents.services.search import index


@shared_task
def index_cases() -> None:
    """Update the search documents of the cases that changed."""
    index.index_pending_events(seconds=index.PASS_TIME_LIMIT.total_seconds())


@shared_task
def delete_expired_rows() -> None:
    """Delete old counts of recent requests. If there are too many drafts, delete the oldest ones, and let no new draft
    start if far too many remain. The purge deletes the expired drafts.
    """
    limits.delete_old_counts(timezone.now())
    while draft.delete_surplus_drafts():
        pass
    draft.stop_drafts_if_full()


@shared_task
def measure_evidence_store() -> None:
    """Measure what all files occupy, which requests only read."""
    room.measure_stored_bytes()


@shared_task
def sweep_store() -> None:
    """Delete objects of the file store to which no row has pointed for a while."""
    sweep.sweep_store()
