"""Tells whether this database is a demonstration. Every page, every mail and every start of production asks."""

import time

from django.core.exceptions import ImproperlyConfigured
from django.db import connection

from accounts.models import Installation

# Database name → (answer, when it was read on the monotonic clock). A "no" is read again after FALSE_CACHE_SECONDS.
_answers: dict[str, tuple[bool, float]] = {}
FALSE_CACHE_SECONDS = 60


def is_demonstration() -> bool:
    """Tell whether this database is a demonstration, which holds invented cases. True is cached for ever, False for
    FALSE_CACHE_SECONDS.
    """
    name = str(connection.settings_dict["NAME"])
    answer, read_at = _answers.get(name, (False, -FALSE_CACHE_SECONDS))
    if answer or time.monotonic() - read_at < FALSE_CACHE_SECONDS:
        return answer
    return is_marked_as_demonstration()


def is_marked_as_demonstration() -> bool:
    """Tell whether this database is a demonstration, without the cache of `is_demonstration`. Call it where an old
    answer would do harm, such as before sending a mail.
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
    """Raise ImproperlyConfigured if the database is a demonstration, because its accounts have published passwords.
    Production calls it when it starts.
    """
    if is_marked_as_demonstration():
        raise ImproperlyConfigured("DATABASE_URL points to a demonstration database; production needs its own.")
