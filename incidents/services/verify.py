"""What a call back leaves on a case: its task done, a note of the call, and the number for the next time."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _

from accounts.models import User
from incidents.enums import EventKind, NoteKind, NumberSource
from incidents.models import Incident, OfficialNumber
from incidents.services.check import can_be_called
from incidents.services.notes import save_note
from incidents.services.record import record_event
from incidents.text import plain_line

# The step of the guides that asks for it.
CALL_BACK_STEP = "rappeler"
NUMBER_LIMIT = 40
# Where anybody may look the number up.
PUBLIC = (NumberSource.DIRECTORY, NumberSource.WEBSITE)


@dataclass(frozen=True, kw_only=True)
class CallBack:
    """What is said of the call: the number and where it was found, if that is said. `is_noted`: the call is on the
    case already.
    """

    source: NumberSource | None = None
    number: str = ""
    is_noted: bool = False


def checked_number(call: CallBack) -> str:
    """Return the number, clean, or nothing. Raises ValidationError for one that cannot be called."""
    number = plain_line(call.number, limit=NUMBER_LIMIT, field="number")
    if number and not can_be_called(number):
        raise ValidationError(_("« %s » n’est pas un numéro entier : il y manque des chiffres.") % number)
    return number


def record_call_back(incident: Incident, *, actor: User, call: CallBack, at: datetime) -> None:
    """Tick the task, note the call and keep the number. The caller holds the case, and saves what is due next."""
    number = checked_number(call)
    tick_call_back(incident, actor=actor, at=at)
    if not call.is_noted and not incident.erased_at:
        note_call_back(incident, actor=actor, words=words_of_call(number, call.source), at=at)
    if number and call.source in PUBLIC:
        found = {"phone": number, "source": call.source, "found_on": at.date(), "noted_by": actor}
        OfficialNumber.objects.update_or_create(collectivity=incident.collectivity, defaults=found)


def tick_call_back(incident: Incident, *, actor: User, at: datetime) -> None:
    for task in incident.tasks.filter(step=CALL_BACK_STEP, done_at=None):
        task.done_at, task.done_by, task.is_moot = at, actor, False
        task.save(update_fields=["done_at", "done_by", "is_moot"])
        record_event(incident, EventKind.TASK_DONE, at=at, actor=actor, task=str(task.uid), state="done")


def note_call_back(incident: Incident, *, actor: User, words: str, at: datetime) -> None:
    """Note it as a call that answers nobody: whoever answered the telephone need not be the declarant."""
    note, _is_new = save_note(incident, actor=actor, kind=NoteKind.CALL_OUT, text=words, key=f"verify {at}")
    said: dict[str, Any] = {"note": str(note.uid), "nature": str(note.kind), "spoke": False, "verified": True}
    record_event(incident, EventKind.NOTED, at=at, actor=actor, **said)


def words_of_call(number: str, source: NumberSource | None) -> str:
    found = ", ".join([part for part in (number, str(source.label) if source else "") if part])
    said = _("Rappel de vérification : la collectivité confirme la déclaration.")
    return f"{said} {_('Numéro : %s.') % found}" if found else said
