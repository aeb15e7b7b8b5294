"""The Celery tasks of this app. Each may run at any time, twice, or several times at once."""

from celery import shared_task

from notifications import channels, dispatch, pulse, queries


@shared_task
def announce_events() -> None:
    """Announce the pending events, and start sending their mails if there were any."""
    if dispatch.announce_all_events():
        deliver_due.apply_async(retry=False)


@shared_task
def deliver_due() -> None:
    """Send the deliveries that are due."""
    dispatch.send_due_deliveries()


@shared_task
def report_clock_turn() -> None:
    """Record that the clock runs, for the health page."""
    pulse.record_clock_turn()


@shared_task
def reconcile() -> None:
    """Report events that were never announced, and schedule waiting mails whose recipient now has an address."""
    queries.report_unannounced_events()
    if channels.resume_centre_mails() + channels.resume_missed_declarant_mails():
        deliver_due.apply_async(retry=False)
