"""The purge at other times than now, and old cases for it."""

from datetime import datetime, timedelta

import pytest
import time_machine
from django.db import DatabaseError, connection, transaction
from django.utils import timezone

from incidents.enums import ClosingReason
from incidents.models import Incident
from incidents.services.handling.close import close_incident
from retention.durations import compute_limit, load_chosen_months
from retention.enums import DataKind
from retention.models import PurgeState
from retention.services import count_due_rows, purge_kind
from retention.table import KINDS_BY_CODE
from retention.tasks import purge_by_night, purge_short_lived, warn_by_night
from tests.cast import a_lead
from tests.superuser import act_as_superuser

FIVE_YEARS = timedelta(days=5 * 365 + 2)


def purge_now(code: DataKind) -> int:
    """Destroy what is due of this kind, and return how many rows ended."""
    kind = KINDS_BY_CODE[code]
    return purge_kind(kind, compute_limit(kind, load_chosen_months(), timezone.now())).ended


def count_due(code: DataKind) -> int:
    """Return what a dry run counts of this kind."""
    return {kind.code: number for kind, number in count_due_rows()}[code]


def run_night(after: timedelta) -> None:
    """Run the nightly tasks as if so much time had passed, with a purge every night."""
    with time_machine.travel(timezone.now() + after):
        continue_purge()
        warn_by_night()
        purge_by_night()


def run_day(after: timedelta) -> None:
    """Run the task of the day as if so much time had passed, with a purge every night."""
    with time_machine.travel(timezone.now() + after):
        continue_purge()
        purge_short_lived()


def continue_purge() -> None:
    """Write that the purge began long ago and ran a moment ago, so that it waits for nothing."""
    now = timezone.now()
    PurgeState.objects.update_or_create(pk=1, defaults={"begins_at": now, "last_run_at": now})


def close(incident: Incident) -> Incident:
    """Close the case as its lead, because it was no incident."""
    close_incident(reference=incident.reference, reason=ClosingReason.NOT_AN_INCIDENT, actor=a_lead(incident.csirt))
    incident.refresh_from_db()
    return incident


def close_at(incidents: list[Incident], at: datetime) -> None:
    """Write that these cases were closed as resolved at this instant."""
    Incident.objects.filter(pk__in=[incident.pk for incident in incidents]).update(
        status="closed", closed_at=at, closing_reason="resolved", due_for="nothing", due_at=at
    )


def refuse(statement: str) -> None:
    """Assert that a trigger of PostgreSQL refuses this statement to everybody."""
    with pytest.raises(DatabaseError, match="pgtrigger: "), transaction.atomic(), act_as_superuser():
        connection.cursor().execute(statement)
