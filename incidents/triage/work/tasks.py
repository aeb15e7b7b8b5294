"""The tasks of a case, with open ones first, by date; and the form that adds a task."""

from datetime import datetime
from typing import Any, NamedTuple
from zoneinfo import ZoneInfo

from django import forms
from django.core.exceptions import ValidationError
from django.db.models import F

from collectivities.zones import find_zone
from core.fields import DayField, HourField
from core.french import choose_plural
from incidents.enums import CaseFormCode, Status
from incidents.models import Incident, Task
from incidents.services.handling.tasks import NewTask, count_missing_steps
from incidents.services.library.playbooks import TITLE_LIMIT, get_applied_playbook
from incidents.triage.case_form import CaseForm

MAX_TASKS_SHOWN = 300
# A deadline without an hour is at the end of its day.
END_OF_DAY = {"hour": 23, "minute": 59}


class TaskForm(CaseForm):
    """The form that adds a task. Its deadline is in the time zone of the body (`zone`, an IANA name)."""

    code = CaseFormCode.TASK

    title = forms.CharField(label="À faire", required=False, widget=forms.TextInput(attrs={"maxlength": TITLE_LIMIT}))
    due = DayField(needs_year=True, label="Avant le", required=False, widget=forms.TextInput(attrs={"type": "date"}))
    due_time = HourField(label="à", required=False, widget=forms.TextInput(attrs={"type": "time"}))

    def __init__(self, *args: Any, zone: str, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.zone = zone

    def clean(self) -> dict[str, Any]:
        """Return the cleaned values. An hour without a day is an error."""
        cleaned = super().clean() or self.cleaned_data
        if cleaned.get("due_time") and not cleaned.get("due") and "due" not in self.errors:
            self.add_error("due", ValidationError("Donnez aussi le jour."))
        return cleaned

    def make_task(self) -> NewTask:
        """Return the task to add. The form must be valid."""
        return NewTask(title=self.cleaned_data["title"], due_at=self.read_due_at())

    def read_due_at(self) -> datetime | None:
        """Return the deadline that was typed, or None. Without an hour it is at the end of the day."""
        day, at = self.cleaned_data["due"], self.cleaned_data["due_time"]
        if day is None:
            return None
        clock = {"hour": at.hour, "minute": at.minute} if at else END_OF_DAY
        return datetime(day.year, day.month, day.day, tzinfo=ZoneInfo(self.zone), **clock)


def make_task_form(incident: Incident) -> TaskForm:
    return TaskForm(zone=find_zone(incident.collectivity))


class TaskLine(NamedTuple):
    """A task in the list, and whether it is late."""

    task: Task
    is_late: bool


def may_add_task(incident: Incident) -> bool:
    """Tell whether tasks may be added to the case: it is taken, not closed and not erased."""
    return incident.status == Status.ACKNOWLEDGED and incident.erased_at is None


def build_tasks_block(incident: Incident, now: datetime, tasks: list[Task]) -> dict[str, Any]:
    """Return the block of tasks for the page of the case.

    `missing` is the number of steps of the centre's playbook that are not tasks yet, or None if it is unknown. `left`
    are the open tasks of a closed case: they have no deadline until the case is reopened.
    """
    is_open, is_closed = may_add_task(incident), incident.status == Status.CLOSED
    open_tasks = [task for task in tasks if task.done_at is None]
    over = [task for task in tasks if task.done_at]
    return {
        "open": [TaskLine(task, bool(task.due_at and task.due_at < now)) for task in open_tasks if not is_closed],
        "left": open_tasks if is_closed else [],
        "over": over,
        "summary": format_task_summary(over),
        "total": len(tasks),
        "may_add": is_open,
        "missing": count_steps_to_add(incident, tasks) if is_open else None,
    }


def format_task_summary(over: list[Task]) -> str:
    """Return a text on finished tasks, such as « 2 faites, 1 sans objet », or "" without tasks."""
    moot = sum(task.is_moot for task in over)
    done = len(over) - moot
    parts = [choose_plural("%d faite", "%d faites", done) % done] if done else []
    if moot:
        parts.append(f"{moot} sans objet")
    return ", ".join(parts)


def list_tasks(incident: Incident) -> list[Task]:
    """Return the tasks of the case: the open ones by due date, then the finished ones, the latest first."""
    in_order = (F("done_at").desc(nulls_first=True), F("due_at").asc(nulls_last=True), "id")
    return list(incident.tasks.order_by(*in_order)[:MAX_TASKS_SHOWN])


def count_steps_to_add(incident: Incident, tasks: list[Task]) -> int | None:
    """Return how many steps of the playbook are not tasks yet, or None if the case has no task or no centre.

    Runs one query, or none if it returns None.
    """
    if not tasks or incident.csirt is None:
        return None
    return count_missing_steps(get_applied_playbook(incident.type, incident.csirt).steps, tasks)
