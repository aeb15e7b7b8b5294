"""The personal data that a case concerns: what was declared, and separately what the centre concluded."""

from collections.abc import Mapping, Sequence
from typing import Any

from incidents.enums import NOT_STATED, Answer, DataCategory, LeakStatus, PersonCategory
from incidents.models import DataLeak, Incident, IncidentEvent
from incidents.questions.facts import get_choice_label
from incidents.services.history.declared import (
    find_leak_judgement,
    read_declared_data,
    read_declared_data_by_case,
    read_declared_leak_status,
)
from incidents.services.history.snapshots import find_leak_row
from incidents.triage.wording import DATA_ANSWERS


def build_data_context(
    incident: Incident, leaks: Sequence[DataLeak], history: Sequence[IncidentEvent]
) -> dict[str, Any]:
    """Return what the page of a case says about personal data. Runs two queries at most.

    `leaks` are the data leaks of the case. `history` contains all its events, newest first, or is empty if they are
    not loaded.
    """
    leak = leaks[0] if leaks else None
    declared = read_declared_data_by_case([incident], {incident.pk: leak} if leak else {})[incident.pk]
    judgement = find_leak_judgement(incident, declared, leak, history)
    return {
        "data": summarise_data(declared, judgement),
        "concerned": get_choice_label(Answer, declared["concerned"]),
        "leak_declared": get_choice_label(LeakStatus, read_declared_leak_status(declared)),
        "leak_found": LeakStatus(judgement).label if judgement else "",
        "leaks": [
            (
                leak,
                list_choice_labels(DataCategory, leak.categories),
                list_choice_labels(PersonCategory, leak.person_categories),
            )
            for leak in leaks
            if declared["leak"] is not None
        ],
    }


def format_personal_data(incident: Incident) -> str:
    """Return in one line what was declared and judged about personal data. Runs three queries at most."""
    declared = read_declared_data(incident)
    return summarise_data(declared, find_leak_judgement(incident, declared, find_leak_row(incident)))


def summarise_data(declared: Mapping[str, Any], judgement: str) -> str:
    """Return a text such as « concernées, fuite soupçonnée ; le centre : fuite confirmée ».

    `judgement` is the status that the centre concluded, or "".
    """
    answer, status = DATA_ANSWERS.get(declared["concerned"], ""), read_declared_leak_status(declared)
    parts = [answer, f"fuite {get_choice_label(LeakStatus, status)}" if status else ""]
    declared_text = ", ".join(part for part in parts if part) or NOT_STATED
    return (
        f"{declared_text} ; le centre : fuite {get_choice_label(LeakStatus, judgement)}"
        if judgement
        else declared_text
    )


def list_choice_labels(choices: Any, codes: list[str]) -> list[str]:
    """Return the labels of these codes of an enumeration."""
    return [get_choice_label(choices, code) for code in codes]
