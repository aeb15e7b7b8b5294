"""The Celery application. A message only starts a task and carries ids, because PostgreSQL stores the work to do."""

import gc
import os
import threading
import time
from typing import Any

import structlog
from celery import Celery, Task
from celery.loaders.app import AppLoader
from django.conf import settings
from django.db import close_old_connections, connections
from kombu import Connection
from kombu.exceptions import OperationalError
from redis.exceptions import RedisError

from config.broker import BROKER, LONGEST_TASK_SECONDS, is_waiting

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings.prod")

logger = structlog.get_logger(__name__)

# In KiB. A child of the worker that uses more is replaced after its task, because typst caches the last pages that it
# made, some 80 MB for each report.
MAX_KIBIBYTES = 250_000


class LiveConnectionTask(Task):  # type: ignore[type-arg]  # generic in its stubs only
    """A task that starts by closing the stale database connections of its process. Other connections stay open between
    tasks.
    """

    abstract = True

    def before_start(self, task_id: str, args: tuple[Any, ...], kwargs: dict[str, Any]) -> None:
        if not self.request.is_eager:
            close_old_connections()


class Loader(AppLoader):
    """Prepares a worker before it creates its child processes. It refuses a demonstration database in production, and
    freezes the memory that the children can share.
    """

    def on_worker_init(self) -> None:
        if settings.REFUSES_DEMONSTRATION:
            # The models need the applications, which Celery has loaded by now and which import this module.
            from accounts.installation import refuse_demonstration  # noqa: PLC0415

            refuse_demonstration()
            connections.close_all()  # no child may inherit a connection
        gc.collect()
        gc.freeze()  # garbage collection in a child would copy the memory that it shares with this process


app = Celery("tocsin", task_cls=LiveConnectionTask, loader="config.celery:Loader")
app.config_from_object("django.conf:settings", namespace="CELERY")
app.conf.update(
    **BROKER,
    timezone="Europe/Paris",
    task_ignore_result=True,
    task_acks_late=True,
    task_reject_on_worker_lost=True,
    task_time_limit=LONGEST_TASK_SECONDS,
    task_soft_time_limit=LONGEST_TASK_SECONDS - 30,
    worker_prefetch_multiplier=1,
    worker_max_memory_per_child=MAX_KIBIBYTES,
)
app.conf.include = ["config.tasks"]
app.autodiscover_tasks()

NUDGE_INTERVAL_SECONDS = 0.1
NUDGE_TRANSPORT = {"socket_timeout": 2, "socket_connect_timeout": 2, "max_retries": 0, "retry_on_timeout": False}


def nudge_consumer(consumer: str) -> None:
    """Wake up a consumer of events. Another thread sends the message that does it. Call this function after the
    commit.

    A failure is harmless, because a periodic task does the same work within seconds.
    """
    nudger.enqueue(consumer)


class Nudger:
    """Sends wake-up messages from its own thread, so that no request waits for the broker. It merges the messages of
    many requests into a few. Its connection stays open, because opening one costs more than the message.
    """

    def __init__(self) -> None:
        self.pending: set[str] = set()
        self.condition = threading.Condition()
        self.thread: threading.Thread | None = None
        self.connection: Connection | None = None

    def enqueue(self, consumer: str) -> None:
        """Queue the message for this consumer, and start the thread if it does not run."""
        with self.condition:
            self.pending.add(consumer)
            # The thread was never started, or it exists only in the parent of this forked process.
            if self.thread is None or not self.thread.is_alive():
                self.connection = None
                self.thread = threading.Thread(target=self.run, name="nudger", daemon=True)
                self.thread.start()
            self.condition.notify()

    def run(self) -> None:
        """Send the queued messages for ever, at most once in NUDGE_INTERVAL_SECONDS."""
        try:
            while True:
                with self.condition:
                    self.condition.wait_for(lambda: self.pending)
                    consumers, self.pending = self.pending, set()
                self.send(consumers)
                time.sleep(NUDGE_INTERVAL_SECONDS)
        finally:
            self.disconnect()

    def send(self, consumers: set[str]) -> None:
        """Send one message to each consumer that has none waiting. If the connection that was open has failed, try a
        new one.
        """
        was_open = self.connection is not None
        try:
            self.connection = self.connection or app.connection_for_write(transport_options=NUDGE_TRANSPORT)
            for consumer in sorted(consumers):
                task = settings.EVENT_CONSUMERS[consumer]
                if not is_waiting(app, self.connection.default_channel, task):
                    app.send_task(task, connection=self.connection, retry=False)
        except (OperationalError, RedisError, OSError) as error:
            self.disconnect()
            if was_open:
                self.send(consumers)
            else:
                logger.warning("nudge failed", consumers=sorted(consumers), error=type(error).__name__)

    def disconnect(self) -> None:
        """Close the connection, even if it is broken."""
        connection, self.connection = self.connection, None
        if connection:
            connection.release()


nudger = Nudger()
