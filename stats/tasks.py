"""The Celery tasks of the figures."""

from celery import shared_task

from stats import services


@shared_task
def fold_events() -> None:
    """Count pending events in the exact figures, until none is left or PASS_TIME_LIMIT has passed."""
    services.fold_new_events()


@shared_task
def publish_releases(most: int = services.MAX_RELEASES_A_NIGHT) -> None:
    """Publish one due release, then queue a task that publishes the next one, until `most` are published."""
    if services.publish_due_periods(most=1) and most > 1:
        publish_releases.apply_async((most - 1,), retry=False)


@shared_task
def check_figures() -> None:
    """Recount the figures for at most RECOUNT_TIME_LIMIT. If the recount is not finished, queue this task again."""
    check = services.continue_recount()
    if check and not check.finished_at:
        check_figures.apply_async(retry=False)
