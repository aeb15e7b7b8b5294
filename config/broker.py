"""The settings of the Celery broker, shared by the workers and the clock, with the queue of each task."""

from typing import Any

from kombu import Exchange, Queue

# The tasks that send mails have their own queue and worker; longer tasks share the other queue.
URGENT, HEAVY = "urgent", "heavy"
ROUTES = {"notifications.tasks.*": {"queue": URGENT}, "accounts.tasks.send_mails": {"queue": URGENT}}
LONGEST_TASK_SECONDS = 5 * 60
BROKER: dict[str, Any] = {
    "broker_connection_retry_on_startup": True,
    "broker_connection_max_retries": None,
    "broker_transport_options": {
        "visibility_timeout": LONGEST_TASK_SECONDS + 60,
        "socket_timeout": 5,
        "socket_connect_timeout": 2,
        "health_check_interval": 5,
    },
    "task_publish_retry": False,
    # A worker started without -Q reads both queues.
    "task_queues": [Queue(name, Exchange(name), routing_key=name) for name in (URGENT, HEAVY)],
    "task_default_queue": HEAVY,
    "task_routes": ROUTES,
    "worker_hijack_root_logger": False,
}
