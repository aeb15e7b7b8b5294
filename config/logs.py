"""Logs that contain places in the code and codes of objects, but no people, no secrets and no text of an incident."""

import logging.config
import re
import traceback
from typing import Any

import structlog
from structlog.typing import EventDict, ExcInfo, WrappedLogger

SECRET_PATHS = re.compile(r"(/(?:suivi|phrase|acces|equipe/adresse/confirmer)/)[^\s?]+")
MAIL_ADDRESS = re.compile(r"[^\s<>@,;:\"']+@[^\s<>@,;:\"']+")
QUERY = re.compile(r"\?\S+")
HIDDEN = "***"
PERSONAL_KEYS = {"email", "name", "phone", "token", "password", "secret", "body", "subject", "text", "user", "ip"}


def remove_personal_data(_logger: WrappedLogger, _method: str, event: EventDict) -> EventDict:
    """Return the log event with its personal values masked. structlog calls it for each event."""
    return {key: HIDDEN if key in PERSONAL_KEYS else mask_text(value) for key, value in event.items()}


def mask_text(value: Any) -> Any:
    """Return a text in which mail addresses, query strings and the secrets in paths are masked. Return other values
    unchanged.
    """
    if not isinstance(value, str):
        return value
    for pattern, replacement in [(SECRET_PATHS, rf"\1{HIDDEN}"), (QUERY, f"?{HIDDEN}"), (MAIL_ADDRESS, HIDDEN)]:
        value = pattern.sub(replacement, value)
    return value


def format_traceback(exc_info: ExcInfo) -> str:
    """Return the frames and the type of an error. The message is left out, because a message of PostgreSQL can quote
    the row.
    """
    kind, error, _ = exc_info
    frames = traceback.extract_tb(error.__traceback__)
    return "".join([*traceback.format_list(frames), f"{kind.__module__}.{kind.__qualname__}"])


SHARED_PROCESSORS: list[Any] = [
    structlog.contextvars.merge_contextvars,
    structlog.stdlib.add_logger_name,
    structlog.stdlib.add_log_level,
    structlog.stdlib.PositionalArgumentsFormatter(),
    structlog.processors.TimeStamper(fmt="iso", utc=True),
    structlog.processors.ExceptionRenderer(format_traceback),
    remove_personal_data,
]


def make_logging_settings(*, as_json: bool) -> dict[str, Any]:
    """Return the setting LOGGING. Logs go to the console, as JSON if `as_json`, otherwise as lines for people."""
    renderer: Any = (
        structlog.processors.JSONRenderer(ensure_ascii=False)
        if as_json
        else structlog.dev.ConsoleRenderer(colors=False)
    )
    return {
        "version": 1,
        "disable_existing_loggers": False,
        "formatters": {
            "structured": {
                "()": structlog.stdlib.ProcessorFormatter,
                "foreign_pre_chain": SHARED_PROCESSORS,
                "processors": [structlog.stdlib.ProcessorFormatter.remove_processors_meta, renderer],
            }
        },
        "handlers": {"console": {"class": "logging.StreamHandler", "formatter": "structured"}},
        "root": {"handlers": ["console"], "level": "INFO"},
        "loggers": {
            "django.server": {"handlers": ["console"], "level": "WARNING", "propagate": False},
            "ioc_finder": {"level": "WARNING"},  # logs two lines for each text that it reads
            "exifread": {"level": "CRITICAL"},  # a hostile image of 1 MB causes 5 000 warnings, which tell nothing
        },
    }


def configure_logging(settings: dict[str, Any]) -> None:
    """Configure logging. Django calls it with LOGGING."""
    logging.config.dictConfig(settings)
    structlog.configure(
        processors=[*SHARED_PROCESSORS, structlog.stdlib.ProcessorFormatter.wrap_for_formatter],
        logger_factory=structlog.stdlib.LoggerFactory(),
        wrapper_class=structlog.stdlib.BoundLogger,
        cache_logger_on_first_use=True,
    )
