"""The scheduler of the clock, which Celery beat runs."""

from typing import Any

from celery.beat import PersistentScheduler, ScheduleEntry

from config.broker import is_waiting


class SteadyScheduler(PersistentScheduler):
    """Queues no task of which a message waits."""

    def apply_async(self, entry: ScheduleEntry, *args: Any, **options: Any) -> Any:
        """Queue the task of this entry unless a message of it waits, which will do the same work."""
        if entry.task and is_waiting(self.app, self.producer.channel, entry.task):
            return None
        return super().apply_async(entry, *args, **options)
