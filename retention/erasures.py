"""Erasing again, after a backup was restored, what was erased since it was made (`accounts/security/erasures.py`)."""

from collections import defaultdict
from collections.abc import Iterable
from itertools import batched
from typing import NamedTuple
from uuid import UUID

from django.db import transaction
from django.utils import timezone

from accounts.security.erasures import ACCOUNT, CASE, read_erasures
from accounts.services.unused import pseudonymise_restored_accounts
from incidents.enums import EventKind
from incidents.models import Incident
from incidents.services.handling.erase import erase_cases
from incidents.services.handling.expire import lock_erasable_cases
from incidents.services.history.record import record_events_of_platform
from incidents.services.search.index import CONSUMER

SLICE = 20


class Replayed(NamedTuple):
    """What was erased again, and the references of the cases that a legal hold protects."""

    cases: int
    accounts: int
    frozen: list[str]


def replay_erasures(lines: Iterable[str]) -> Replayed:
    """Erase what these lines of a log say and the database still holds, in small transactions. To do it again changes
    nothing.
    """
    keys: dict[str, set[str]] = defaultdict(set)
    for kind, key in read_erasures(lines):
        keys[kind].add(key)
    frozen: list[str] = []
    cases = sum(erase_restored_cases(references, frozen) for references in batched(sorted(keys[CASE]), SLICE))
    uids = [uid for key in sorted(keys[ACCOUNT]) if (uid := parse_uid(key))]
    accounts = sum(pseudonymise_restored_accounts(part) for part in batched(uids, SLICE))
    return Replayed(cases, accounts, frozen)


@transaction.atomic
def erase_restored_cases(references: Iterable[str], frozen: list[str]) -> int:
    """Erase those of these cases that are not erased, as the platform, and return how many they were. Add to `frozen`
    those that a hold protects, itself or that of their main case, and those whose main case is locked.
    """
    restored = Incident.objects.filter(reference__in=references, erased_at=None).order_by("pk")
    rows = list(restored.select_for_update(of=("self",), no_key=True))
    erasable = lock_erasable_cases([row.pk for row in rows])
    ids = [row.pk for row in rows if row.pk in erasable]
    frozen += [row.reference for row in rows if row.pk not in ids]
    if ids:
        now = timezone.now()
        erase_cases(ids, at=now)
        record_events_of_platform(ids, EventKind.ERASED, at=now, consumer=CONSUMER, restored=True)
    return len(ids)


def parse_uid(text: str) -> UUID | None:
    try:
        return UUID(text)
    except ValueError:
        return None
