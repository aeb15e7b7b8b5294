"""What the work of a centre adds to the page of a case, from lists that the page reads together."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from accounts.models import User
from incidents.models import Incident
from incidents.triage.together import Columns, Whole
from incidents.triage.work.assign import assign_block, colleague_rows, holder_rows
from incidents.triage.work.delays import delays_block, taking_rows
from incidents.triage.work.notes import note_rows, notes_block
from incidents.triage.work.presence import presence_block
from incidents.triage.work.ready import phone_rows, ready_block, template_rows
from incidents.triage.work.tasks import task_rows, tasks_block


def work_rows(incident: Incident) -> dict[str, Columns | Whole]:
    return {
        "notes": note_rows(incident),
        "tasks": task_rows(incident),
        "colleagues": colleague_rows(incident),
        "holders": holder_rows(incident),
        "templates": template_rows(incident),
        "phones": phone_rows(incident),
        "takings": taking_rows(incident),
    }


def work_context(incident: Incident, user: User, now: datetime, lists: Mapping[str, list[Any]]) -> dict[str, Any]:
    return {
        "notes": notes_block(lists["notes"]),
        "tasks": tasks_block(incident, now, lists["tasks"]),
        "assigned": assign_block(incident, user, lists["colleagues"], lists["holders"]),
        "ready": ready_block(incident, user, lists["templates"], lists["phones"]),
        "delays": delays_block(incident, now, lists["takings"]),
        "presence": presence_block(now),
    }
