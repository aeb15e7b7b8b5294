"""The order of the queue, by severity and lateness together. docs/queue.md explains it with hard examples.

Critical cases come first, whatever their due date. Among the others, a late case counts one level more than its
severity. Within a level the earliest due date comes first. Taking a case moves it only by changing its next due date.
"""

from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any, NamedTuple, Self
from uuid import UUID

from django.db.models import Case, F, QuerySet, When

from accounts.enums import CentreAbility
from accounts.models import User
from incidents.enums import Severity, Status, Verification
from incidents.models import Incident
from incidents.querysets import IncidentQuerySet, holder_works_for_centre
from incidents.reference import is_reference
from incidents.workflow import is_abandoned, must_be_taken

CRITICAL = Severity.CRITICAL + 1  # above every other case, even a late one
INSTANT_FORMAT = "%Y%m%dT%H%M%S%f"


def is_late(case: "QueueCase | Incident", now: datetime) -> bool:
    """Tell whether the next deadline of the case has passed. A closed case has no deadline."""
    return case.status != Status.CLOSED and case.due_at < now


class QueueCase(NamedTuple):
    """A case with only the columns that the queue needs to sort, count and collapse cases, and no free text.

    Most views list open cases only, but the views by date also list closed cases in this form.
    """

    pk: int
    reference: str
    csirt: int
    body: int
    type: str
    status: str
    severity: int
    due_at: datetime
    received_at: datetime
    answer_by: datetime | None
    awaited_since: datetime | None
    # The assignee, unless they have left the centre.
    holder: int | None
    verification: str
    burst: str
    is_to_call_back: bool
    supplier_key: str
    group: UUID | None
    group_kind: str | None
    group_title: str | None
    group_closed_at: datetime | None
    assignee: int | None = None

    @property
    def must_be_taken(self) -> bool:
        """Tell whether somebody must take the case, even if it is already assigned to somebody."""
        return must_be_taken(self.status, has_holder=self.holder is not None)

    @property
    def is_abandoned(self) -> bool:
        """Tell whether the case must be taken over, because nobody at the centre is in charge of it any more."""
        return is_abandoned(self.status, self.assignee, has_holder=self.holder is not None)

    @property
    def is_verified(self) -> bool:
        return self.verification != Verification.UNVERIFIED

    def is_late(self, now: datetime) -> bool:
        """Tell whether the next deadline of the case has passed."""
        return is_late(self, now)

    def is_answer_late(self, now: datetime) -> bool:
        """Tell whether the deadline for an answer to the declarant has passed."""
        return self.answer_by is not None and self.answer_by < now


COLUMNS = (
    *("pk", "reference", "csirt", "collectivity", "type", "status", "severity", "due_at", "received_at", "answer_by"),
    *("awaited_since", "holder", "verification", "burst", "is_to_call_back", "supplier_key"),
    *("group__uid", "group__kind", "group__title", "group__closed_at", "assignee"),
)


class QueuePosition(NamedTuple):
    """The sort key of a case in the queue. The most urgent case has the lowest key.

    A link to another page of the queue contains a position. That page begins after this position or ends before it.
    """

    below_worst: int
    at: datetime
    reference: str

    def __str__(self) -> str:
        return f"{self.below_worst}.{self.at.astimezone(UTC):{INSTANT_FORMAT}}.{self.reference}"

    @classmethod
    def parse(cls, text: str) -> Self | None:
        """Return the position that a link contains, or None if its text is not a position."""
        level, _dot, rest = text.partition(".")
        at, _dot, reference = rest.partition(".")
        if level not in {str(possible_level) for possible_level in range(CRITICAL)} or not is_reference(reference):
            return None
        try:
            return cls(int(level), datetime.strptime(at, INSTANT_FORMAT).replace(tzinfo=UTC), reference)
        except ValueError:
            return None


def compute_urgency(severity: int, *, is_late: bool) -> int:
    """Return 5 for a critical case. For another case, return its severity (1 to 3), plus 1 if it is late."""
    return CRITICAL if severity == Severity.CRITICAL else severity + is_late


def compute_position(case: QueueCase | Incident, now: datetime) -> QueuePosition:
    """Return the position of an open case in the order of the queue."""
    below_worst = CRITICAL - compute_urgency(case.severity, is_late=is_late(case, now))
    return QueuePosition(below_worst, case.due_at, case.reference)


def list_open_cases(user: User) -> Iterator[QueueCase]:
    """Yield the open cases of the user's centres in no particular order. Runs one query, which reads all of them."""
    cases = Incident.objects.of_centres(user, CentreAbility.READ).open().order_by()
    return map(QueueCase._make, select_queue_columns(cases))


def select_queue_columns(cases: IncidentQuerySet) -> QuerySet[Incident, tuple[Any, ...]]:
    """Return a row for each of the cases, with the columns of a `QueueCase` in their order."""
    return cases.annotate(holder=Case(When(holder_works_for_centre(), then=F("assignee")))).values_list(*COLUMNS)
