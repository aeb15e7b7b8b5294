"""The next act on a case, which the page of the case proposes first, and the deadlines of the case."""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any, NamedTuple

from incidents.due import compute_taking_due
from incidents.enums import DueFor, Nature, Status
from incidents.models import Incident
from incidents.triage.wording import choose_due_verb


class NextAct(NamedTuple):
    """The act that the page proposes first. `kind` selects its button. `why` is one sentence, or ""."""

    kind: str
    title: str
    why: str = ""


class Deadline(NamedTuple):
    """A deadline. `words` names what is due, such as « répondre ». `difference` is negative after the deadline."""

    words: str
    at: datetime
    difference: timedelta
    is_late: bool


def find_next_act(context: Mapping[str, Any], *, is_abandoned: bool) -> NextAct | None:
    """Return the act to do first on the case that `context` describes, or None if there is nothing to do.

    `is_abandoned` is true if somebody must take over the case.
    """
    incident, now = context["incident"], context["now"]
    if incident.status == Status.CLOSED:
        return find_reading_act(incident)
    if incident.status == Status.DECLARED or is_abandoned:
        return make_taking_act(context["assigned"], is_abandoned=is_abandoned)
    return (
        find_verifying_act(incident, [duplicate for duplicate, _is_new in context["duplicates"]])
        or find_answering_act(incident, now)
        or choose_working_act(incident, context["tasks"])
    )


def make_taking_act(assigned: Mapping[str, Any], *, is_abandoned: bool) -> NextAct:
    """Return the act « take the case ». `assigned` is the block that says who is in charge (`work/assign.py`)."""
    why = "Le déclarant le voit aussitôt sur sa page de suivi."
    if is_abandoned:
        return NextAct("take", "Reprenez ce dossier", why)
    whose = "Il vous est attribué. " if assigned["is_mine"] else ""
    if assigned["holder"] and not assigned["is_mine"]:
        whose = f"Il est attribué à {assigned['holder']}. "
    return NextAct("take", "Prenez ce dossier en charge", whose + why)


def find_reading_act(incident: Incident) -> NextAct | None:
    """Return the act « read what the declarant wrote after the closing », or None if nothing came."""
    if not incident.has_addition_since_closing:
        return None
    return NextAct("read", "Lisez ce que le déclarant a écrit", "Le dossier était déjà clos.")


def find_verifying_act(incident: Incident, duplicates: Sequence[Incident]) -> NextAct | None:
    """Return the act « confirm the body », « call back » or « verify », or None if none of them is needed."""
    if incident.collectivity.is_unconfirmed:
        return NextAct("confirm", "Dites si cette collectivité existe", "Aucune liste ne la porte.")
    if incident.is_to_call_back:
        why = "Déclaration express : presque rien n’est dit."
        if any(duplicate.is_to_call_back for duplicate in duplicates):
            why = "L’un des doubles demande à être rappelé : son numéro est avec les doubles."
        return NextAct("call", "Rappelez, et saisissez le reste", why)
    if not incident.is_verified and not incident.erased_at:
        why = "Par un numéro connu par ailleurs, jamais celui du formulaire."
        return NextAct("verify", "Rappelez pour vérifier", why)
    return None


def find_answering_act(incident: Incident, now: datetime) -> NextAct | None:
    """Return the act « answer the declarant », or None if no answer is due."""
    if incident.answer_by is None or incident.erased_at:
        return None
    late = "La réponse est en retard." if incident.answer_by < now else ""
    return NextAct("answer", "Répondez au déclarant", late or "Il attend.")


def choose_working_act(incident: Incident, tasks: Mapping[str, Any]) -> NextAct:
    """Return the act to do once the case is verified and answered: a task, the qualification, the closing…"""
    if not tasks["total"] and tasks["may_add"]:
        return NextAct("guide", "Suivez le guide", "Ses étapes deviennent les tâches de ce dossier.")
    if tasks["open"]:
        task = tasks["open"][0].task
        return NextAct("task", task.title or "Une tâche, dont les mots sont effacés", task.why)
    if incident.nature == Nature.UNQUALIFIED and not incident.erased_at:
        return NextAct("qualify", "Dites ce que c’est", "Ce dossier n’est pas qualifié.")
    if incident.awaited_since:
        return NextAct("wait", "Le déclarant doit vous répondre", "Vous lui avez posé une question.")
    return NextAct("close", "Faites le bilan, puis fermez le dossier", "Il ne reste rien à faire.")


def list_displayed_deadlines(
    incident: Incident, tasks: Mapping[str, Any], now: datetime, *, is_abandoned: bool
) -> list[Deadline]:
    """Return the deadlines of an open case, soonest first, or [] for a closed case.

    The soonest is the `due_at` by which the queue sorts. A review is listed only if it is the soonest. `is_abandoned`
    is true if somebody must take over the case.
    """
    if incident.status == Status.CLOSED:
        return []
    due_dates: list[tuple[str, datetime | None]] = [("tâche", line.task.due_at) for line in tasks["open"][:1]]
    if incident.status == Status.DECLARED:
        due_dates.append(("prendre", compute_taking_due(incident)))
    due_dates.append(("répondre", incident.answer_by))
    if incident.due_for == DueFor.REVIEW:
        due_dates.append((choose_due_verb(incident, is_abandoned=is_abandoned), incident.due_at))
    clocks = [Deadline(words, at, at - now, at < now) for words, at in due_dates if at]
    return sorted(clocks, key=lambda clock: clock.at)
