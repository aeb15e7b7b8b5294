"""The tasks of a case, which are steps of a playbook or were added by a person. A task is never deleted."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any
from uuid import UUID

from django.core.exceptions import ValidationError
from django.db import transaction
from django.http import Http404
from django.utils import timezone

from accounts.models import User
from core.text import clean_line
from csirts.models import Csirt
from csirts.wording import format_centre_with_du
from incidents.access import get_incident
from incidents.catalogues.playbooks import Step
from incidents.due import ANSWER_WITHIN
from incidents.enums import Ability, ActorKind, EventKind, Status
from incidents.models import Incident, Task
from incidents.services.handling.due import DUE_FIELDS, recompute_due
from incidents.services.handling.verify import CALL_BACK_STEP, find_call_back_event
from incidents.services.history.record import record_event
from incidents.services.library.playbooks import TITLE_LIMIT, get_applied_playbook

MAX_OPEN_TASKS = 100
MAX_TASK_DELAY = timedelta(days=366)
# The task that the platform adds if another centre answers for the body, but the TLP forbids transferring the case.
AGREEMENT_STEP, STEP_LIMIT, CENTRE_NAME_LIMIT = "accord-pour", 60, 60
AGREEMENT_TITLE = (
    "La collectivité relève désormais %(of_centre)s : demandez l’accord du déclarant, puis proposez le transfert."
)


class TaskState(StrEnum):
    """The states of a task: done, no longer relevant (moot), or still open."""

    DONE = "done"
    MOOT = "moot"
    OPEN = "open"


@dataclass(frozen=True, kw_only=True)
class NewTask:
    """A task that a person adds. `due_at` is an aware datetime, or None if the task has no deadline."""

    title: str
    due_at: datetime | None


@transaction.atomic
def apply_playbook(*, reference: str, actor: User) -> int:
    """Add the missing steps of the playbook for the case's type as tasks, and return their number.

    A second call adds nothing. Raises Http404, PermissionDenied, and ValidationError if the case is closed or erased.
    """
    incident = get_incident(actor, reference, to=Ability.WORK, lock=True)
    check_case_takes_tasks(incident)
    if incident.csirt is None:
        raise Http404  # the case has no centre
    playbook = get_applied_playbook(incident.type, incident.csirt)
    existing = incident.tasks.exclude(step="").values_list("step", flat=True)
    missing = [step for step in playbook.steps if step.step not in set(existing)]
    if not missing:
        return 0
    now = timezone.now()
    tasks = [build_task(step, incident, actor=actor, at=now) for step in missing]
    if incident.is_verified:
        close_call_back_tasks(tasks, incident, actor=actor, at=now)
    Task.objects.bulk_create(tasks)
    save_next_due(incident, at=now)
    data: dict[str, Any] = {"playbook": incident.type, "version": playbook.version, "own": playbook.csirt is not None}
    record_event(incident, EventKind.TASKS_ADDED, at=now, actor=actor, added=len(missing), **data)
    return len(missing)


def build_task(step: Step, incident: Incident, *, actor: User, at: datetime) -> Task:
    """Return the task of a step of a playbook, not saved. Its deadline is counted from `at`."""
    due_at = at + timedelta(hours=step.within_hours) if step.within_hours else None
    return Task(
        incident=incident,
        title=step.title,
        why=step.why,
        source=step.source,
        playbook=incident.type,
        step=step.step,
        due_at=due_at,
        author=actor,
        added_at=at,
    )


def close_call_back_tasks(tasks: Collection[Task], incident: Incident, *, actor: User, at: datetime) -> None:
    """Close the call-back tasks among `tasks`, since the case is verified. Does not save.

    They count as done by the person who called back, or as moot if no call verified the case.
    """
    event = find_call_back_event(incident)
    for task in (task for task in tasks if task.step == CALL_BACK_STEP):
        task.done_at, task.done_by = (event.at, event.actor) if event else (at, actor)
        task.is_moot = event is None


@transaction.atomic
def add_task(*, reference: str, actor: User, new_task: NewTask) -> Task:
    """Add a task, or return the open task that the actor already added with the same title and deadline.

    Raises Http404, PermissionDenied, and ValidationError: on `title` or `due`, or without a field if the case is
    closed or erased.
    """
    incident = get_incident(actor, reference, to=Ability.WORK, lock=True)
    check_case_takes_tasks(incident)
    now = timezone.now()
    title = clean_line(new_task.title, limit=TITLE_LIMIT, field="title")
    if not title:
        raise ValidationError({"title": "Écrivez ce qu’il y a à faire."})
    if new_task.due_at and not now < new_task.due_at < now + MAX_TASK_DELAY:
        raise ValidationError({"due": "Cette date est passée, ou dans plus d’un an. Vérifiez-la."})
    open_ones = list(incident.tasks.filter(done_at=None)[:MAX_OPEN_TASKS])
    for task in open_ones:
        if (task.title, task.due_at, task.author_id) == (title, new_task.due_at, actor.pk):
            return task
    if len(open_ones) == MAX_OPEN_TASKS:
        raise ValidationError(
            {"title": f"{MAX_OPEN_TASKS} tâches sont ouvertes sur ce dossier : faites-en quelques-unes."}
        )
    task = Task.objects.create(incident=incident, title=title, due_at=new_task.due_at, author=actor, added_at=now)
    save_next_due(incident, at=now)
    record_event(incident, EventKind.TASKS_ADDED, at=now, actor=actor, added=1, task=str(task.uid))
    return task


def add_agreement_task(incident: Incident, centre: Csirt) -> bool:
    """Add the task to ask the declarant whether the case may go to `centre`, which now answers for the body.

    The task is added only once for each centre. Returns whether it is new. The caller has locked the case.
    """
    step = f"{AGREEMENT_STEP}-{centre.slug}"[:STEP_LIMIT]
    if incident.tasks.filter(playbook="", step=step).exists():
        return False
    now = timezone.now()
    title = AGREEMENT_TITLE % {"of_centre": format_centre_with_du(centre.name[:CENTRE_NAME_LIMIT])}
    due = now + ANSWER_WITHIN[incident.severity]
    task = Task.objects.create(incident=incident, title=title, step=step, due_at=due, added_at=now)
    recompute_due(incident)
    incident.save(update_fields=DUE_FIELDS)
    added: dict[str, Any] = {"added": 1, "task": str(task.uid)}
    record_event(incident, EventKind.TASKS_ADDED, at=now, actor=None, by=ActorKind.SYSTEM, **added)
    return True


@transaction.atomic
def set_task_state(*, reference: str, actor: User, uid: UUID, state: TaskState) -> Task:
    """Set the state of the task to done, moot or open. If the task already has this state, nothing changes.

    May raise Http404 or PermissionDenied.
    """
    incident = get_incident(actor, reference, to=Ability.WORK, lock=True)
    task = incident.tasks.filter(uid=uid).first()
    if task is None:
        raise Http404
    if state == read_task_state(task):
        return task
    now = timezone.now()
    is_over = state != TaskState.OPEN
    task.done_at, task.done_by = (now, actor) if is_over else (None, None)
    task.is_moot = state == TaskState.MOOT
    task.save(update_fields=["done_at", "done_by", "is_moot"])
    save_next_due(incident, at=now)
    record_event(incident, EventKind.TASK_DONE, at=now, actor=actor, task=str(task.uid), state=str(state))
    return task


def read_task_state(task: Task) -> TaskState:
    """Return the state of the task from its columns."""
    if task.done_at is None:
        return TaskState.OPEN
    return TaskState.MOOT if task.is_moot else TaskState.DONE


def count_missing_steps(steps: Collection[Step], tasks: Collection[Task]) -> int:
    """Return the number of steps that are not yet tasks of the case."""
    existing = {task.step for task in tasks}
    return sum(step.step not in existing for step in steps)


def check_case_takes_tasks(incident: Incident) -> None:
    """Raise ValidationError if the case is erased or closed."""
    if incident.erased_at:
        raise ValidationError("Les mots de ce dossier ont été effacés : on n’y ajoute plus de tâche.")
    if incident.status == Status.CLOSED:
        raise ValidationError("Ce dossier est clos : on n’y ajoute plus de tâche.")


def save_next_due(incident: Incident, *, at: datetime) -> None:
    """Recompute and save what comes next on the case. The centre worked on the case at the instant `at`."""
    recompute_due(incident, worked_at=at)
    incident.save(update_fields=DUE_FIELDS)
