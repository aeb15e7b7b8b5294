"""The blocks of the page of a case about the centre's work: notes, tasks, assignment, delays, presence."""

from datetime import datetime
from typing import Any

from accounts.models import User
from incidents.models import Incident
from incidents.triage.case.rows import CaseRows
from incidents.triage.work.assign import build_assign_block
from incidents.triage.work.delays import build_delays_block
from incidents.triage.work.notes import build_notes_block
from incidents.triage.work.presence import build_presence_block
from incidents.triage.work.tasks import build_tasks_block


def build_work_context(incident: Incident, user: User, now: datetime, rows: CaseRows) -> dict[str, Any]:
    """Return the blocks of the page of a case that are about the centre's work, such as notes and tasks."""
    return {
        "notes": build_notes_block(rows.notes),
        "tasks": build_tasks_block(incident, now, rows.tasks),
        "assigned": build_assign_block(incident, user),
        "delays": build_delays_block(incident, now),
        "presence": build_presence_block(now),
    }
