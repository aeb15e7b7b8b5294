"""The session engine (SESSION_ENGINE): Django's sessions, each with the person who is signed in by it.

With this column, people can list and end their own sessions. A session that gets a new key keeps its person, because
each saving reads the person from the data of the session.
"""

from datetime import datetime, timedelta
from typing import Any, cast

from django.contrib.auth import SESSION_KEY
from django.contrib.sessions.backends.db import SessionStore as DatabaseSessionStore
from django.contrib.sessions.base_session import AbstractBaseSession
from django.contrib.sessions.exceptions import SessionInterrupted
from django.db import models, transaction
from django.db.models import Q

from accounts.models.people import User


class StoredSession(AbstractBaseSession):
    """The session of a browser. `user` is None before somebody signs in.

    `seen_at` is the last activity of the person. It is saved only if the session ends after a time without activity,
    and is None until the first activity that comes at least a minute after the sign-in.
    """

    user = models.ForeignKey(
        User, models.CASCADE, null=True, related_name="stored_sessions", verbose_name="compte", editable=False
    )
    seen_at = models.DateTimeField("dernière activité", null=True, editable=False)

    def save(self, *args: Any, **kwargs: Any) -> None:
        """Save the session. `seen_at` is written only with a new row: a request that began before another one must not
        take its activity back.
        """
        if kwargs.get("force_update"):
            kwargs["update_fields"] = ["session_data", "expire_date", "user"]
        super().save(*args, **kwargs)

    @classmethod
    def get_session_store_class(cls) -> "type[SessionStore]":
        return SessionStore


class SessionStore(DatabaseSessionStore):
    """Stores sessions as `StoredSession`. Django signs their data with the name of this class, so that it never
    changes.
    """

    seen_at: datetime | None = None

    @classmethod
    def get_model_class(cls) -> type[StoredSession]:
        return StoredSession

    def create_model_instance(self, data: dict[str, Any]) -> StoredSession:
        session = cast(StoredSession, super().create_model_instance(data))
        session.user_id = data.get(SESSION_KEY)
        session.seen_at = self.seen_at
        return session

    def _get_session_from_db(self) -> StoredSession | None:
        row: StoredSession | None = super()._get_session_from_db()  # type: ignore[misc]
        self.seen_at = row.seen_at if row else None
        return row

    def save_activity(self, now: datetime, step: timedelta) -> None:
        """Save that the person is active, by one UPDATE of one column: other requests may be changing the data of the
        session. It changes nothing if another request did so less than `step` ago.
        """
        is_old = Q(seen_at=None) | Q(seen_at__lte=now - step) | Q(seen_at__gt=now)
        self.get_model_class().objects.filter(is_old, session_key=self.session_key).update(seen_at=now)
        self.seen_at = now

    def cycle_key(self) -> None:
        """Give the session another key. Raises SessionInterrupted if the session of a person was ended since this
        request began: Django would insert it anew. Who ends sessions locks the account too, so that none is missed
        while its key changes.
        """
        person = self.get(SESSION_KEY)
        if person is None or self.session_key is None:
            super().cycle_key()
            return
        with transaction.atomic():
            lock_account(person)
            if not self.exists(self.session_key):
                raise SessionInterrupted("The session was ended before its key could change.")
            super().cycle_key()


def lock_account(pk: Any) -> None:
    """Lock the account with this primary key until the transaction ends, if it exists."""
    User.objects.select_for_update(no_key=True).filter(pk=pk).first()
