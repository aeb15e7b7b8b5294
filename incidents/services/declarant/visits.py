"""Visits of a case by a device, which its declarant has closed there.

A device holds a signed cookie, which the server cannot take back. It remembers the visits that were closed, for as
long as a copy of the cookie could still be used.
"""

from collections.abc import Collection
from datetime import datetime, timedelta
from uuid import UUID

from django.db.models import QuerySet

from incidents.models import ClosedVisit

# How long a cookie opens a case after it was written.
VISIT_LIFETIME = timedelta(days=7)


def close_visit(uid: UUID) -> None:
    """Refuse this visit from now on. Closing it twice changes nothing."""
    ClosedVisit.objects.bulk_create([ClosedVisit(uid=uid)], ignore_conflicts=True)


def list_closed_visits(uids: Collection[UUID]) -> set[UUID]:
    """Return those of these visits that were closed. Runs one query."""
    return set(ClosedVisit.objects.filter(uid__in=uids).values_list("uid", flat=True))


def list_old_visits(now: datetime) -> QuerySet[ClosedVisit]:
    """Return the visits whose last cookie has expired. A closed visit is in no cookie that is written later."""
    return ClosedVisit.objects.filter(closed_at__lt=now - VISIT_LIFETIME)
