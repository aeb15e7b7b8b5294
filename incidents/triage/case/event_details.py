"""The details that the history adds to the name of an event, such as the reason or the changed fields.

They come from the codes of the event and contain no free text. `judging/judgement_texts.py` does the same for the
events by which a case is judged.
"""

from collections.abc import Callable, Mapping
from typing import Any

from core.french import choose_plural
from incidents.catalogues.partners import PARTNERS
from incidents.enums import EventKind, NoteKind, ObservableKind, Rerouting, Tlp, UnconfirmingReason
from incidents.models import IncidentEvent
from incidents.reference import hyphenate
from incidents.triage.judging.judgement_texts import JUDGEMENTS, format_change

BODY_FIELD_NAMES = {"name": "nom", "kind": "nature", "seat": "siège"}
TASK_STATES = {
    "done": "faite",
    "moot": "sans objet",
    "open": "rouverte",
}

type Codes = Mapping[str, Any]


def format_event_title(event: IncidentEvent) -> str:
    """Return the name of the event, such as « Appel passé » or « tâche rouverte ».

    If its kind covers several acts, the name says which act it was.
    """
    format_codes = TITLES.get(event.kind)
    # get_kind_display() would build the dict of all labels again for each event.
    return format_codes(event.data) if format_codes else str(EventKind(event.kind).label)


def format_event_detail(event: IncidentEvent) -> str:
    """Return the detail that the history adds to the name of the event, or ""."""
    format_codes = DETAILS.get(event.kind)
    return format_codes(event.data) if format_codes else ""


def format_corrected_fields(data: Codes) -> str:
    """Return the names of the corrected fields, such as « nom, siège »."""
    return ", ".join(BODY_FIELD_NAMES[name] for name in data["fields"])


def format_unconfirmed_reason(data: Codes) -> str:
    """Return why the confirmation of the body was withdrawn, or ""."""
    code = data.get("reason")
    return str(UnconfirmingReason(code).label) if code in UnconfirmingReason.values else ""


def format_advice_event(data: Codes) -> str:
    """Return a text such as « CERT-FR, TLP:AMBER+STRICT, avec l’accord du déclarant »."""
    partner = PARTNERS.get(data["partner"])
    details = [partner.name if partner else "", str(Tlp(data["tlp"]).label) if "tlp" in data else ""]
    details += ["avec l’accord du déclarant"] if data.get("agreed") else []
    return ", ".join(filter(None, details))


def format_observables(data: Codes) -> str:
    """Return a text such as « 3 relevés : adresse IP, IBAN ». It never contains a value."""
    kinds = ", ".join(str(ObservableKind(kind).label) for kind in data.get("kinds", []))
    if "removed" in data:
        return f"1 retiré : {kinds}"
    added = data.get("added", 0)
    words = choose_plural("%(number)s relevé : %(kinds)s", "%(number)s relevés : %(kinds)s", added)
    return words % {"number": added, "kinds": kinds}


def format_note_kind(data: Codes) -> str:
    """Return a text such as « note interne » or « Appel passé, sans réponse »."""
    if data.get("nature", NoteKind.NOTE) == NoteKind.NOTE:
        return "note interne"
    nature = str(NoteKind(data["nature"]).label)
    is_missed = data.get("nature") == NoteKind.CALL_OUT and not (data.get("spoke") or data.get("verified"))
    return f"{nature}, sans réponse" if is_missed else nature


def format_added_tasks(data: Codes) -> str:
    """Return the number of added tasks, or "" if it was not recorded."""
    return str(data.get("added", ""))


def format_task_state(data: Codes) -> str:
    """Return a text such as « tâche rouverte »."""
    return f"tâche {TASK_STATES.get(data.get('state', ''), TASK_STATES['done'])}"


def format_rerouting(data: Codes) -> str:
    """Return why the case went to another centre."""
    return str(Rerouting(data["why"]).label)


def format_assignment(data: Codes) -> str:
    """Return « à personne », or "" if the case was given to a person (`timeline.py` names this person)."""
    return "" if data.get("to") else "à personne"


def format_merge(data: Codes) -> str:
    """Return the reference of the other case. If the merge raised the severity, the text also says so."""
    other = hyphenate(data.get("main") or data["double"])
    return f"{other}, {format_change('severity', *data['severity'])}" if "severity" in data else other


def format_erasure(data: Codes) -> str:
    """Return why the case was erased, or "" if somebody did it."""
    if data.get("restored"):
        return "une sauvegarde remise les avait encore"
    return "leur durée était passée" if data.get("expired") else ""


TITLES: dict[str, Callable[[Codes], str]] = {EventKind.NOTED: format_note_kind, EventKind.TASK_DONE: format_task_state}
DETAILS: dict[str, Callable[[Codes], str]] = {
    **JUDGEMENTS,
    EventKind.BODY_CORRECTED: format_corrected_fields,
    EventKind.BODY_UNCONFIRMED: format_unconfirmed_reason,
    EventKind.ADVISED: format_advice_event,
    EventKind.REROUTED: format_rerouting,
    EventKind.OBSERVED: format_observables,
    EventKind.TASKS_ADDED: format_added_tasks,
    EventKind.ASSIGNED: format_assignment,
    EventKind.HANDED_OVER: format_assignment,
    EventKind.MERGED: format_merge,
    EventKind.UNMERGED: format_merge,
    EventKind.ERASED: format_erasure,
}
