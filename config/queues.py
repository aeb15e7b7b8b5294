"""The queues of the tasks. This module imports nothing, so that whoever only names a queue does not load Celery."""

# The tasks that send mails have their own queue and worker; longer tasks share the other queue.
URGENT, HEAVY = "urgent", "heavy"
ROUTES = {"notifications.tasks.*": {"queue": URGENT}, "accounts.tasks.send_mails": {"queue": URGENT}}
