"""A cache that stores the counters of wrong passwords and codes in PostgreSQL while Valkey does not answer.

Without this fallback, a dead Valkey would either disable a protection or lock everybody out. Without the protection,
wrong passwords and codes are not counted and a code can be used twice. Other keys are not cached while Valkey does not
answer.
"""

import time
from typing import Any

import structlog
from django.core.cache.backends.db import DatabaseCache
from django.core.cache.backends.redis import RedisCache
from redis import RedisError

logger = structlog.get_logger(__name__)

# The prefixes of the keys of limits and used codes of accounts, and of wrong codes of drafts.
GUARDED_PREFIXES = ("allauth", "draft-code:")
TABLE = "accounts_kept_counter"  # a migration of `accounts` creates it
SILENCE_SECONDS = 5

_silent_until = 0.0


class SteadyCache(RedisCache):
    """A cache in Valkey. The counters of wrong passwords and codes are stored in PostgreSQL while Valkey does not
    answer.
    """

    def __init__(self, server: str, params: dict[str, Any]) -> None:
        super().__init__(server, params)
        self.fallback = DatabaseCache(TABLE, {"KEY_PREFIX": self.key_prefix, "OPTIONS": {"MAX_ENTRIES": 100_000}})

    def add(self, key: str, *args: Any, **kwargs: Any) -> bool:
        return bool(self.run_operation("add", key, *args, **kwargs))

    def get(self, key: str, *args: Any, **kwargs: Any) -> Any:
        return self.run_operation("get", key, *args, **kwargs)

    def set(self, key: str, *args: Any, **kwargs: Any) -> None:
        self.run_operation("set", key, *args, **kwargs)

    def delete(self, key: str, *args: Any, **kwargs: Any) -> bool:
        return bool(self.run_operation("delete", key, *args, **kwargs))

    def incr(self, key: str, *args: Any, **kwargs: Any) -> int:
        """Add to a counter. In PostgreSQL, the counter then lives on for the default time of Django, five minutes."""
        return int(self.run_operation("incr", key, *args, **kwargs))

    def count_up(self, key: str, seconds: int) -> int:
        """Add one to a counter that is not guarded, and return the count of the current period, which lasts so many
        seconds and begins with its first call. It costs one round trip. Return 0 while Valkey does not answer.
        """
        if time.monotonic() < _silent_until:
            return 0
        name = self.make_and_validate_key(key)
        try:
            with self._cache.get_client(name, write=True).pipeline() as commands:
                commands.set(name, 0, ex=seconds, nx=True)
                commands.incr(name)
                return int(commands.execute()[-1])
        except RedisError as error:
            pause_cache(error)
            return 0

    def run_operation(self, operation: str, key: str, *args: Any, **kwargs: Any) -> Any:
        """Run an operation on Valkey. If Valkey does not answer and the key is a guarded counter, run it in
        PostgreSQL.
        """
        if not str(key).startswith(GUARDED_PREFIXES):
            return getattr(RedisCache, operation)(self, key, *args, **kwargs)
        if time.monotonic() >= _silent_until:
            try:
                return getattr(RedisCache, operation)(self, key, *args, **kwargs)
            except RedisError as error:
                pause_cache(error)
        return getattr(self.fallback, operation)(key, *args, **kwargs)


def pause_cache(error: RedisError) -> None:
    """Leave Valkey alone for SILENCE_SECONDS after a failure, so that not every request waits for it. Attempts on
    accounts are then counted in the database, requests are not counted.
    """
    global _silent_until  # noqa: PLW0603 (one state for all threads of the process)
    _silent_until = time.monotonic() + SILENCE_SECONDS
    logger.warning("the cache does not answer: only tries on accounts are counted", error=type(error).__name__)
