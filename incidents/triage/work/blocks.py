"""What the work of a centre adds to the page of a case: four queries whatever the case holds."""

from datetime import datetime
from typing import Any

from accounts.models import User
from incidents.models import Incident
from incidents.triage.work.assign import assign_block
from incidents.triage.work.delays import delays_block
from incidents.triage.work.notes import notes_block
from incidents.triage.work.presence import presence_block
from incidents.triage.work.ready import ready_block
from incidents.triage.work.tasks import tasks_block


def work_context(incident: Incident, user: User, now: datetime) -> dict[str, Any]:
    return {
        "notes": notes_block(incident),
        "tasks": tasks_block(incident, now),
        "assigned": assign_block(incident, user),
        "ready": ready_block(incident, user),
        "delays": delays_block(incident, now),
        "presence": presence_block(now),
    }
