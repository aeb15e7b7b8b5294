"""The settings of the Celery broker, shared by the workers and the clock.

No message has an expiry date, because the clocks of two machines may differ and a clock may be changed. Instead, the
clock and the site queue no task of which a message waits (`is_waiting`), so that no queue grows while no worker runs.
"""

from typing import Any

from celery import Celery
from kombu import Exchange, Queue

from config.queues import HEAVY, ROUTES, URGENT

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
# Ours have far fewer. It bounds what a queue that something else has filled costs at each message.
MOST_MESSAGES_READ = 100


def is_waiting(app: "Celery[Any]", channel: Any, task: str) -> bool:
    """Tell whether a message of this task is among the newest of its queue. No worker has received this message yet.
    Its run will thus see all that was committed before this call.
    """
    queue = app.amqp.router.route({}, task)["queue"].name
    with channel.conn_or_acquire() as valkey:
        messages = valkey.lrange(queue, 0, MOST_MESSAGES_READ - 1)
    return any(f'"{task}"'.encode() in message for message in messages)
