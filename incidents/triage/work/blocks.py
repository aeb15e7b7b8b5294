"""The parts of the page of a case that show the work of the centre."""

from datetime import datetime
from typing import Any

from accounts.models import User
from incidents.models import Incident
from incidents.triage.case.rows import CaseRows
from incidents.triage.work.assign import assign_block
from incidents.triage.work.delays import delays_block, first_taken_at
from incidents.triage.work.notes import notes_block
from incidents.triage.work.presence import presence_block
from incidents.triage.work.tasks import tasks_block


def work_context(incident: Incident, user: User, now: datetime, rows: CaseRows) -> dict[str, Any]:
    taken_at = first_taken_at(incident, rows.events, has_earlier=rows.has_earlier)
    return {
        "notes": notes_block(rows.notes),
        "tasks": tasks_block(incident, now, rows.tasks),
        "assigned": assign_block(incident, user),
        "delays": delays_block(incident, now, taken_at),
        "presence": presence_block(now),
    }
