"""Open cases of a morning, as the queue sorts them, without database rows."""

from datetime import UTC, datetime, timedelta
from itertools import count
from typing import Any

from incidents.enums import Severity, Status, Verification
from incidents.reference import make_reference
from incidents.triage.queue.order import QueueCase

NOW = datetime(2026, 11, 24, 9, 12, tzinfo=UTC)
LOW, MODERATE, HIGH, CRITICAL = Severity.LOW, Severity.MODERATE, Severity.HIGH, Severity.CRITICAL
keys = count(1)


def a_case(severity: Severity, *, minutes: float, **fields: Any) -> QueueCase:
    """Return an open case that is due in so many minutes. A negative number makes it late."""
    defaults: dict[str, Any] = {
        "pk": next(keys),
        "reference": make_reference(),
        "csirt": 1,
        "body": next(keys),
        "type": "panne",
        "status": Status.DECLARED,
        "severity": severity,
        "due_at": NOW + timedelta(minutes=minutes),
        "received_at": NOW - timedelta(hours=1),
        "answer_by": None,
        "awaited_since": None,
        "holder": None,
        "verification": Verification.UNVERIFIED,
        "burst": "",
        "is_to_call_back": False,
        "supplier_key": "",
        "group": None,
        "group_kind": None,
        "group_title": None,
        "group_closed_at": None,
    }
    return QueueCase(**defaults | fields)
