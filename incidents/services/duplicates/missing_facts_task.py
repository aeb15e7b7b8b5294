"""The task on a main case that asks to check the facts that only a duplicate declares."""

from datetime import datetime
from typing import Any

from accounts.models import User
from incidents.due import ANSWER_WITHIN
from incidents.models import Incident, Task
from incidents.reference import hyphenate
from incidents.services.handling.amend import CONCLUDED_STATUSES
from incidents.services.history.snapshots import find_leak_row
from incidents.services.library.playbooks import TITLE_LIMIT

STEP_PREFIX = "double:"


def add_missing_facts_task(main: Incident, duplicate: Incident, *, actor: User, at: datetime) -> Task | None:
    """Add a task if the duplicate declares a stopped service or a leak that the main case does not declare.

    The main case cannot be closed as resolved before the task is done. The caller has locked both cases.
    """
    missing = list_missing_facts(main, duplicate)
    if not missing:
        return None
    values: dict[str, Any] = {
        "title": f"Du double {hyphenate(duplicate.reference)} : {', '.join(missing)}"[:TITLE_LIMIT],
        "why": "Ce dossier ne le dit pas. Vérifiez-le, et dites ici ce qu’il en est.",
        "due_at": at + ANSWER_WITHIN[main.severity],
        "author": actor,
        "added_at": at,
    }
    again = {"done_at": None, "done_by": None, "is_moot": False}
    step = f"{STEP_PREFIX}{duplicate.reference}"
    return Task.objects.update_or_create(incident=main, playbook="", step=step, defaults=values | again)[0]


def list_missing_facts(main: Incident, duplicate: Incident) -> list[str]:
    """Return the labels of the stopped services and of the leak that only the duplicate declares."""
    known_services = set(main.interruptions.values_list("service", flat=True))
    ongoing = duplicate.interruptions.filter(ended_at=None).order_by("id")
    missing = [
        str(interruption.get_service_display())
        for interruption in ongoing
        if interruption.service not in known_services
    ]
    leak = find_leak_row(duplicate)
    if leak and leak.status not in CONCLUDED_STATUSES and find_leak_row(main) is None:
        missing.append(f"fuite {leak.get_status_display()}" if leak.status else "données touchées")
    return missing


def close_missing_facts_task(main: Incident, duplicate: Incident, *, actor: User, at: datetime) -> None:
    """Close the task of `add_missing_facts_task`, because the merge was undone. It counts as no longer relevant.

    The restored case then declares these facts itself.
    """
    waiting = main.tasks.filter(playbook="", step=f"{STEP_PREFIX}{duplicate.reference}", done_at=None)
    waiting.update(done_at=at, done_by=actor, is_moot=True)
