"""The check whether this is a demonstration database. Every page, every mail and every start in production
makes it.
"""

import time

from django.core.exceptions import ImproperlyConfigured
from django.db import connection

from accounts.models import Installation

# Database name → (answer, when it was read on the monotonic clock). A "no" is read again after NO_CACHE_SECONDS.
_answers: dict[str, tuple[bool, float]] = {}
NO_CACHE_SECONDS = 60


def is_demonstration() -> bool:
    """Return True if this database holds invented cases. A "yes" is cached for ever, a "no" for NO_CACHE_SECONDS."""
    name = str(connection.settings_dict["NAME"])
    answer, read_at = _answers.get(name, (False, -NO_CACHE_SECONDS))
    if answer or time.monotonic() - read_at < NO_CACHE_SECONDS:
        return answer
    return is_marked_as_demonstration()


def is_marked_as_demonstration() -> bool:
    """Read from the database, without the cache of `is_demonstration`, whether it holds invented cases. Call it where
    an old answer would do harm, such as before sending a mail.
    """
    answer = Installation.objects.filter(is_demonstration=True).exists()
    _answers[str(connection.settings_dict["NAME"])] = (answer, time.monotonic())
    return answer


def mark_as_demonstration() -> None:
    """Mark this database as a demonstration, for ever."""
    Installation.objects.update_or_create(id=1, defaults={"is_demonstration": True})
    clear_demonstration_cache()


def clear_demonstration_cache() -> None:
    """Empty the cache of `is_demonstration`. The tests need it, since they change databases in one process."""
    _answers.clear()


def refuse_demonstration() -> None:
    """Raise ImproperlyConfigured if the database is a demonstration, whose accounts have published passwords.

    Production calls it when it starts.
    """
    if is_marked_as_demonstration():
        raise ImproperlyConfigured("DATABASE_URL points to a demonstration database; production needs its own.")
