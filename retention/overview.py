"""What the administrator reads of the purge: whether it works, and what is due."""

from datetime import datetime
from typing import NamedTuple

from django.utils import timezone
from django.utils.text import capfirst

from core.french import NBSP, format_number
from retention.announcements import write_day
from retention.enums import Obstacle
from retention.models import PurgeState
from retention.services import count_due_rows


class DueKind(NamedTuple):
    """A line of the page: how much of a kind is due, and what prevented its end last time."""

    name: str
    number: str
    obstacle: str


class PurgeOverview(NamedTuple):
    """The state of the purge in the words of the page, and what the administrator can do for it: say that the clock is
    right, or consent to the end of what is due.
    """

    sentence: str
    awaits_clock: bool
    awaits_consent: bool
    lines: list[DueKind]


def describe_purge() -> PurgeOverview:
    """Return the state of the purge and what is due now. Runs one count for each kind."""
    state, now = PurgeState.objects.first(), timezone.now()
    problems = state.problems if state else {}
    lines = [
        DueKind(capfirst(kind.code.label), format_number(number), describe_obstacle(problems.get(kind.code)))
        for kind, number in count_due_rows()
        if number or kind.code in problems
    ]
    if state is None:
        sentence = f"La purge n’a pas encore tourné{NBSP}: elle passe toutes les quinze minutes, et la nuit."
        return PurgeOverview(sentence, awaits_clock=False, awaits_consent=False, lines=lines)
    has_consent = state.allowed_from is not None and now < state.allowed_from
    is_waiting = now < state.begins_at or Obstacle.TOO_MANY in problems.values()
    return PurgeOverview(
        describe_state(state, now),
        awaits_clock=state.paused_until is not None and now < state.paused_until,
        awaits_consent=bool(lines) and is_waiting and not has_consent,
        lines=lines,
    )


def describe_obstacle(code: str | None) -> str:
    return str(Obstacle(code).label) if code else ""


def describe_state(state: PurgeState, now: datetime) -> str:
    """Return what the purge does at present."""
    if state.paused_until and now < state.paused_until:
        return (
            f"La purge ne détruit rien avant le {write_day(state.paused_until)}{NBSP}: l’heure de la machine a changé "
            "de plus de cinq jours, tout est resté éteint aussi longtemps, ou une sauvegarde a été remise. Vérifiez "
            "l’heure, les gels et les durées."
        )
    if state.allowed_from and now < state.allowed_from:
        return f"Ce qui est échu sera détruit à partir du {write_day(state.allowed_from)}. Les centres sont prévenus."
    if now < state.begins_at:
        return (
            f"Ce qui dure des mois ou des années n’est pas détruit avant le {write_day(state.begins_at)}, pour que "
            "vous ayez le temps de lire ce qui suit et de choisir d’autres durées."
        )
    return f"Dernier passage de la purge{NBSP}: le {write_day(state.last_run_at)}."
