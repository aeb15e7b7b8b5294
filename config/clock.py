"""The clock (Celery beat), which sends each task by its name when it is due.

  celery -A config.clock beat

It is a Celery application of its own without Django's applications, because it needs no model and no database. It uses
a third of the memory of a worker.
"""

import os
from typing import Any

from celery import Celery
from celery.schedules import crontab
from celery.signals import setup_logging
from django.conf import settings

from config.broker import BROKER
from config.logs import configure_logging

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings.clock")


SCHEDULE: dict[str, dict[str, Any]] = {
    # First, because a pass of the mails may occupy the workers for more than a minute.
    "show that the clock runs": {"task": "notifications.tasks.report_clock_turn", "schedule": 10},
    "announce events": {"task": "notifications.tasks.announce_events", "schedule": 5},
    "deliver what is due": {"task": "notifications.tasks.deliver_due", "schedule": 5},
    "send mails about accounts": {"task": "accounts.tasks.send_mails", "schedule": 5},
    "look for events left behind": {"task": "notifications.tasks.reconcile", "schedule": 60},
    "do long work in turn": {"task": "config.tasks.work_in_turn", "schedule": 3},
    "delete sessions of a former engine": {
        "task": "accounts.tasks.delete_sessions",
        "schedule": crontab(minute="*/15"),
    },
    "record ended accesses": {"task": "accounts.tasks.report_ended_accesses", "schedule": crontab(minute="*/15")},
    "measure the evidence store": {"task": "incidents.tasks.measure_evidence_store", "schedule": 300},
    "delete expired rows": {"task": "incidents.tasks.delete_expired_rows", "schedule": crontab(minute="*/15")},
    "purge what lasts days": {"task": "retention.tasks.purge_short_lived", "schedule": crontab(minute="*/15")},
    # The task queues itself again until nothing is left; the later runs resume an interrupted purge. It starts beside
    # the minutes of the task above, since only one of them purges at a time.
    "purge what is due": {"task": "retention.tasks.purge_by_night", "schedule": crontab(hour="2-5", minute="7,37")},
    # Once a night: each run queues a bounded number of mails.
    "warn of unused accounts": {
        "task": "retention.tasks.warn_by_night",
        "schedule": crontab(hour=1, minute=45),
    },
    # Each centre is reminded once a year at most.
    "remind of silent cases": {"task": "retention.tasks.remind_by_night", "schedule": crontab(hour=1, minute=50)},
    "sweep the evidence store": {"task": "incidents.tasks.sweep_store", "schedule": crontab(minute="41,46,51")},
    # The task queues itself again until the recount is finished; the run of 3.30 resumes an interrupted recount.
    "check figures": {"task": "stats.tasks.check_figures", "schedule": crontab(hour=3, minute="0,30")},
    "publish figures": {"task": "stats.tasks.publish_releases", "schedule": crontab(hour=4, minute=30)},
}


@setup_logging.connect
def configure_logs(**_options: Any) -> None:
    """Configure the logs as Django configures them in the other processes."""
    configure_logging(settings.LOGGING)


app = Celery("tocsin", fixups=[])
app.config_from_object("django.conf:settings", namespace="CELERY")
app.conf.update(
    **BROKER,
    timezone="Europe/Paris",
    beat_schedule=SCHEDULE,
    beat_scheduler="config.scheduler:SteadyScheduler",
    result_expires=None,  # no task has a result, so Celery need not delete any
)
