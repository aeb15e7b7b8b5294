"""How the worker and the clock reach the broker."""

from typing import Any

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
    "worker_hijack_root_logger": False,
}
