"""The sessions of a person: listing and ending them, and deleting those that expired."""

from collections.abc import Iterator, Mapping
from datetime import datetime
from itertools import islice
from typing import Any, NamedTuple
from uuid import UUID

from django.contrib.auth import HASH_SESSION_KEY
from django.contrib.sessions.backends.base import SessionBase
from django.contrib.sessions.models import Session
from django.db import transaction
from django.db.models import QuerySet
from django.utils import timezone
from django.utils.crypto import constant_time_compare

from accounts.enums import SecurityEventKind
from accounts.models import StoredSession, User, lock_account
from accounts.security.record import record_security_event
from accounts.session_limits import ADDRESS, DEVICE, SESSION_UID, SIGNED_IN_AT, find_session_end, read_time
from core.secrets import hash_value

MAX_OTHER_SESSIONS = 50


class OwnSession(NamedTuple):
    """A session of a person as its page shows it. `began_at`, `device` and `address` are empty if they are unknown."""

    uid: UUID
    began_at: datetime | None
    device: str
    address: str
    is_current: bool


def list_sessions(user: User, current: SessionBase) -> list[OwnSession]:
    """Return the open sessions of the user: the current one, then at most MAX_OTHER_SESSIONS others, newest first.
    Runs one query.
    """
    others = [describe_session(key, data) for key, data in list_other_sessions(user, current)]
    others.sort(key=lambda session: session.began_at.timestamp() if session.began_at else 0, reverse=True)
    return [describe_session(str(current.session_key), current, is_current=True), *others]


def list_other_sessions(user: User, current: SessionBase) -> Iterator[tuple[str, dict[str, Any]]]:
    """Yield the key and the data of the other open sessions of the user, at most MAX_OTHER_SESSIONS. Rows of sessions
    that ended by themselves do not count: they stay for two weeks, and would hide an open one that is older.
    """
    rows = user.stored_sessions.filter(expire_date__gt=timezone.now()).exclude(session_key=current.session_key)
    decoded_rows = ((row, row.get_decoded()) for row in rows.order_by("-expire_date").iterator())
    open_rows = ((row.session_key, data) for row, data in decoded_rows if is_open(row, data, user))
    return islice(open_rows, MAX_OTHER_SESSIONS)


def is_open(row: StoredSession, data: Mapping[str, Any], user: User) -> bool:
    """Tell whether a session with these data is open: its person changed neither password nor stamp since, and it has
    not ended by itself.
    """
    hashes = [user.get_session_auth_hash(), *user.get_session_auth_fallback_hash()]
    if not any(constant_time_compare(data.get(HASH_SESSION_KEY, ""), each) for each in hashes):
        return False
    if not user.needs_second_factor or SIGNED_IN_AT not in data:
        return True
    return find_session_end(read_time(data[SIGNED_IN_AT]), row.seen_at, timezone.now()) is None


def describe_session(key: str, data: Any, *, is_current: bool = False) -> OwnSession:
    """Describe the session as its page shows it. Without a device, the session is older than its limits, which were
    counted from a later request: when it began is unknown.
    """
    began_at = read_time(data[SIGNED_IN_AT]) if DEVICE in data and SIGNED_IN_AT in data else None
    return OwnSession(get_session_uid(key, data), began_at, data.get(DEVICE, ""), data.get(ADDRESS, ""), is_current)


def get_session_uid(key: str, data: Any) -> UUID:
    """Return the identifier by which pages name a session. They must not show its key, which opens the session. The
    key also changes each time the person confirms their identity. A session that was opened before sessions had
    identifiers gets a keyed hash of its key.
    """
    if uid := data.get(SESSION_UID):
        return UUID(uid)
    return UUID(bytes=hash_value("accounts.session_uid", key)[:16])


@transaction.atomic
def end_session(*, actor: User, uid: UUID, current: SessionBase) -> int:
    """End the session of `actor` with this identifier, and return how many were ended: 0 if it has ended already, or
    if it is the current one, which a person leaves by signing out. Locks the account.
    """
    lock_account(actor.pk)
    rows = actor.stored_sessions.exclude(session_key=current.session_key)
    keys = [row.session_key for row in rows if get_session_uid(row.session_key, row.get_decoded()) == uid]
    return delete_own_sessions(actor, rows.filter(session_key__in=keys))


@transaction.atomic
def end_other_sessions(*, actor: User, current: SessionBase) -> int:
    """End all sessions of `actor` but the current one, and return how many. Locks the account."""
    lock_account(actor.pk)
    return delete_own_sessions(actor, actor.stored_sessions.exclude(session_key=current.session_key))


def delete_own_sessions(actor: User, rows: QuerySet[StoredSession]) -> int:
    number, _by_model = rows.delete()
    if number:
        record_security_event(SecurityEventKind.SESSION_ENDED, person=actor, detail="owner")
    return number


def list_expired_sessions(now: datetime) -> QuerySet[StoredSession]:
    """Return the sessions that nobody can use any more. Each says who was signed in, and on which device."""
    return StoredSession.objects.filter(expire_date__lt=now)


def delete_former_sessions() -> None:
    """Delete all sessions that Django's own engine stored before ours. Nothing reads them, but a former version of
    this program would open sessions by them that were ended since.
    """
    Session.objects.all().delete()
