"""Is this a demonstration database? Asked by each page, each mail and each start in production."""

import time

from django.core.exceptions import ImproperlyConfigured
from django.db import connection

from accounts.models import Installation

# Database name → (answer, when it was read, in seconds of the monotonic clock). A no is asked again each minute.
_answers: dict[str, tuple[bool, float]] = {}
NO_LASTS = 60


def is_demonstration() -> bool:
    """True if this database holds invented cases; remembered, since a database never stops being one."""
    name = str(connection.settings_dict["NAME"])
    answer, read_at = _answers.get(name, (False, -NO_LASTS))
    if answer or time.monotonic() - read_at < NO_LASTS:
        return answer
    return read_demonstration()


def read_demonstration() -> bool:
    """The same, read from the database now: for what must never be wrong, such as sending a mail."""
    answer = Installation.objects.filter(is_demonstration=True).exists()
    _answers[str(connection.settings_dict["NAME"])] = (answer, time.monotonic())
    return answer


def mark_as_demonstration() -> None:
    """Say for ever that this database is a demonstration."""
    Installation.objects.update_or_create(id=1, defaults={"is_demonstration": True})
    forget_demonstration()


def forget_demonstration() -> None:
    """Read the answer again at the next question (the tests change databases in one process)."""
    _answers.clear()


def refuse_demonstration() -> None:
    """Called when production starts.

    Raises ImproperlyConfigured if the database is a demonstration: its accounts have a published password.
    """
    if read_demonstration():
        raise ImproperlyConfigured("DATABASE_URL points to a demonstration database; production needs its own.")
