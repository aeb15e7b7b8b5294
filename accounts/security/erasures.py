"""The log of erasures: a line for each thing that was erased, with its public key and no personal data.

A restored backup holds again what was erased since it was made. The log, which is kept on another machine, then says
what to erase again (`manage.py purge --replay-erasures`).
"""

import json
from collections.abc import Iterable, Iterator
from functools import partial

import structlog
from django.db import transaction

ERASED = "erased"
CASE, ACCOUNT = "case", "account"
LONGEST_LINE = 4_000  # ours have 150 characters; those that a machine adds in front are few

logger = structlog.get_logger(__name__)


def log_erasures(kind: str, keys: Iterable[str]) -> None:
    """Log these erasures once the transaction that erases is committed: what is undone must not be erased later."""
    for key in keys:
        transaction.on_commit(partial(logger.info, ERASED, kind=kind, key=key), robust=True)


def read_erasures(lines: Iterable[str]) -> Iterator[tuple[str, str]]:
    """Yield the kind and the key of each line that `log_erasures` wrote. Other lines of the log are passed over, and
    so is what a machine writes before the JSON of a line.
    """
    for line in lines:
        start = line.find("{")
        if start < 0 or len(line) > LONGEST_LINE:
            continue
        try:
            entry, _end = json.JSONDecoder().raw_decode(line, start)
        except (ValueError, RecursionError):
            continue
        if isinstance(entry, dict) and (entry.get("logger"), entry.get("event")) == (__name__, ERASED):
            yield str(entry.get("kind")), str(entry.get("key"))
