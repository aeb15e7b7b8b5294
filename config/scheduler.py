"""The scheduler of the clock, which Celery beat runs."""

from typing import Any

from celery.beat import PersistentScheduler, ScheduleEntry

from config.broker import is_waiting


class SteadyScheduler(PersistentScheduler):
    """Keeps its intervals when the time of the machine is changed, and queues no task of which a message waits."""

    def tick(self, *args: Any, **kwargs: Any) -> float:
        self.correct_future_runs()
        return super().tick(*args, **kwargs)

    def correct_future_runs(self) -> None:
        """Set a last run that is in the future to now. The machine was set back since, and Celery would wait until the
        former time comes again.
        """
        now = self.app.now()
        future = [entry for entry in self.schedule.values() if entry.last_run_at and entry.last_run_at > now]
        for entry in future:
            entry.last_run_at = now
        if future:
            self._heap = None  # Celery then makes it anew: it is sorted by the former time

    def apply_async(self, entry: ScheduleEntry, *args: Any, **options: Any) -> Any:
        """Queue the task of this entry unless a message of it waits, which will do the same work."""
        if entry.task and is_waiting(self.app, self.producer.channel, entry.task):
            return None
        return super().apply_async(entry, *args, **options)
