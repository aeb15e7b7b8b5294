"""A cache that stores the counters of wrong passwords and codes in PostgreSQL while Valkey does not answer.

Without this fallback, a dead Valkey would either disable a protection or lock everybody out. Without the protection,
wrong passwords and codes are not counted and a code can be used twice. Other keys are not cached while Valkey does not
answer.

Values are JSON in both places, never pickles: whoever may write them could make a pickle run a program in the site.
"""

import json
import time
from contextlib import suppress
from datetime import UTC, datetime
from typing import Any

import structlog
from django.core.cache.backends.base import DEFAULT_TIMEOUT, BaseCache
from django.core.cache.backends.redis import RedisCache
from django.db import connection
from django.utils import timezone
from redis import RedisError

logger = structlog.get_logger(__name__)

# The prefixes of the keys of limits and used codes of accounts, and of wrong codes of drafts.
GUARDED_PREFIXES = ("allauth", "draft-code:")
SILENCE_SECONDS = 5

_silent_until = 0.0


class UnreadableValue(Exception):
    """A stored value that is no JSON, such as a pickle of an older version."""


class JSONSerializer:
    """Writes and reads the values of the cache as JSON. Tuples become lists."""

    def dumps(self, value: Any) -> str:
        return json.dumps(value)

    def loads(self, data: bytes | str) -> Any:
        """Return the value. Raises UnreadableValue."""
        try:
            return json.loads(data)
        except (ValueError, RecursionError) as error:
            raise UnreadableValue from error


class CounterTable(BaseCache):
    """The table of PostgreSQL in which counters are stored while Valkey does not answer. A migration of `accounts`
    creates it. Each writing deletes some rows that have expired.
    """

    serializer = JSONSerializer()

    def get(self, key: str, default: Any = None, version: int | None = None) -> Any:
        """Return the value of this key, or `default` if there is none that can be read."""
        rows = self.execute(
            "SELECT value FROM accounts_kept_counter WHERE cache_key = %(key)s AND expires > %(now)s", key, version
        )
        with suppress(UnreadableValue):
            return self.serializer.loads(rows[0]) if rows else default
        return default

    def set(self, key: str, value: Any, timeout: Any = DEFAULT_TIMEOUT, version: int | None = None) -> None:
        self.write("", key, value, timeout, version)

    def add(self, key: str, value: Any, timeout: Any = DEFAULT_TIMEOUT, version: int | None = None) -> bool:
        """Store the value unless the key has one. Tell whether it was stored. Of two requests, one stores it."""
        return self.write("WHERE counter.expires <= %(now)s", key, value, timeout, version)

    def write(self, condition: str, key: str, value: Any, timeout: Any, version: int | None) -> bool:
        """Store the value. It replaces an earlier one if `condition` is true of it. Tell whether it was stored."""
        self.execute(
            """
            DELETE FROM accounts_kept_counter WHERE cache_key IN (
                SELECT cache_key FROM accounts_kept_counter WHERE expires <= %(now)s LIMIT 100 FOR UPDATE SKIP LOCKED
            ) RETURNING cache_key
            """,
            key,
            version,
        )
        statement = f"""
            INSERT INTO accounts_kept_counter AS counter VALUES (%(key)s, %(value)s, %(expires)s)
            ON CONFLICT (cache_key) DO UPDATE SET value = excluded.value, expires = excluded.expires {condition}
            RETURNING cache_key
        """  # noqa: S608  (the condition is ours)
        seconds = self.get_backend_timeout(timeout)
        expires = datetime.max.replace(tzinfo=UTC) if seconds is None else datetime.fromtimestamp(seconds, UTC)
        return bool(self.execute(statement, key, version, value=self.serializer.dumps(value), expires=expires))

    def delete(self, key: str, version: int | None = None) -> bool:
        statement = "DELETE FROM accounts_kept_counter WHERE cache_key = %(key)s RETURNING cache_key"
        return bool(self.execute(statement, key, version))

    def incr(self, key: str, delta: int = 1, version: int | None = None) -> int:
        """Add to a counter, whose end stays. Raises ValueError if there is none."""
        statement = """
            UPDATE accounts_kept_counter SET value = (value::bigint + %(delta)s)::text
            WHERE cache_key = %(key)s AND expires > %(now)s AND value ~ '^[0-9]{1,15}$' RETURNING value
        """
        rows = self.execute(statement, key, version, delta=delta)
        if not rows:
            raise ValueError(f"Key {key!r} not found.")
        return int(rows[0])

    def execute(self, statement: str, key: str, version: int | None, **values: Any) -> list[str]:
        """Run the statement and return the first column of its rows."""
        values |= {"key": self.make_and_validate_key(key, version), "now": timezone.now()}
        with connection.cursor() as cursor:
            cursor.execute(statement, values)
            return [value for (value,) in cursor.fetchall()]


class SteadyCache(RedisCache):
    """A cache in Valkey. The counters of wrong passwords and codes are stored in PostgreSQL while Valkey does not
    answer.
    """

    def __init__(self, server: str, params: dict[str, Any]) -> None:
        super().__init__(server, params)
        self.fallback = CounterTable({"KEY_PREFIX": self.key_prefix})

    def add(self, key: str, *args: Any, **kwargs: Any) -> bool:
        return bool(self.run_operation("add", key, *args, **kwargs))

    def get(self, key: str, default: Any = None, version: int | None = None) -> Any:
        """Return the value of this key, or `default` if there is none that can be read."""
        try:
            return self.run_operation("get", key, default, version)
        except UnreadableValue:
            return default

    def set(self, key: str, *args: Any, **kwargs: Any) -> None:
        self.run_operation("set", key, *args, **kwargs)

    def delete(self, key: str, *args: Any, **kwargs: Any) -> bool:
        return bool(self.run_operation("delete", key, *args, **kwargs))

    def incr(self, key: str, *args: Any, **kwargs: Any) -> int:
        """Add to a counter, whose end stays. Raises ValueError if there is none."""
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
