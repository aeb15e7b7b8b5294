"""The cache, with a second home in PostgreSQL for what guards the accounts while Valkey does not answer.

Without it a dead Valkey would either open the door (no count of wrong passwords, a code that serves twice) or close
it to everybody. All other keys keep their rule: no cache, no help from it.
"""

import time
from typing import Any

import structlog
from django.core.cache.backends.db import DatabaseCache
from django.core.cache.backends.redis import RedisCache
from redis import RedisError

logger = structlog.get_logger(__name__)

GUARDS = "allauth"  # how the keys of the limits and of the used codes begin
TABLE = "accounts_kept_counter"  # made by a migration of `accounts`
SILENCE_SECONDS = 5

_silent_until = 0.0


class SteadyCache(RedisCache):
    def __init__(self, server: str, params: dict[str, Any]) -> None:
        super().__init__(server, params)
        self.kept = DatabaseCache(TABLE, {"KEY_PREFIX": self.key_prefix, "OPTIONS": {"MAX_ENTRIES": 100_000}})

    def add(self, key: str, *args: Any, **kwargs: Any) -> bool:
        return bool(self.ask("add", key, *args, **kwargs))

    def get(self, key: str, *args: Any, **kwargs: Any) -> Any:
        return self.ask("get", key, *args, **kwargs)

    def set(self, key: str, *args: Any, **kwargs: Any) -> None:
        self.ask("set", key, *args, **kwargs)

    def delete(self, key: str, *args: Any, **kwargs: Any) -> bool:
        return bool(self.ask("delete", key, *args, **kwargs))

    def ask(self, act: str, key: str, *args: Any, **kwargs: Any) -> Any:
        if not str(key).startswith(GUARDS):
            return getattr(RedisCache, act)(self, key, *args, **kwargs)
        if time.monotonic() >= _silent_until:
            try:
                return getattr(RedisCache, act)(self, key, *args, **kwargs)
            except RedisError as error:
                leave_alone(error)
        return getattr(self.kept, act)(key, *args, **kwargs)


def leave_alone(error: RedisError) -> None:
    """One slow answer is enough: the next few seconds go straight to the table."""
    global _silent_until  # noqa: PLW0603 (one state for all threads of the process)
    _silent_until = time.monotonic() + SILENCE_SECONDS
    logger.warning("the cache does not answer: counting in the database", error=type(error).__name__)
