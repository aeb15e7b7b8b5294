"""The sections of a case as they were last declared, for the follow-up page and the answer pack."""

from collections.abc import Sequence
from typing import Any

from incidents.enums import TYPE_TERMS, IncidentType
from incidents.facts.description import Section
from incidents.models import Incident
from incidents.questions.facts import SNAPSHOT_TITLES, get_section_title, list_sheet_facts
from incidents.services.history.revisions import (
    CentreAct,
    TypeChange,
    find_type_change,
    format_declared_label,
    list_replaced_story_lines,
    list_revision_sentences,
    load_declared_sheets,
)
from incidents.services.history.snapshots import Values, snapshot_rows


def list_declared_sections(
    incident: Incident, leak_answers: Values, acts: Sequence[CentreAct], zone: str
) -> list[dict[str, Any]]:
    """Return the sections of the case as they were last declared.

    The newest answers to the questions of the type of incident follow. `leak_answers` holds the declared answers about
    personal data, and `acts` what `load_centre_acts` returned. The `notes` of a section say who completed or corrected
    it after the declaration, and when. Declared texts that were replaced follow the current texts.
    """
    sheets = load_declared_sheets(incident, zone)
    facts = [
        format_section(name, "", leak_answers if name == Section.DATA else snapshot_rows(incident, name), zone)
        for name in SNAPSHOT_TITLES
    ]
    newest = [views[-1].sheet for name, views in sorted(sheets.items()) if name not in SNAPSHOT_TITLES]
    answers = [format_section(sheet.section, sheet.version, sheet.values, zone) for sheet in newest]
    sections = facts + [section for section in answers if section["lines"]]
    for section in sections:
        section["notes"] = list_revision_sentences(incident, sheets.get(section["code"], []), acts)
    sections[0]["lines"] += list_replaced_story_lines(incident, sheets.get(Section.STORY, []), acts)
    add_situation(sections[0], incident, find_type_change(incident, acts, zone), zone)
    return sections


def add_situation(story: dict[str, Any], incident: Incident, change: TypeChange | None, zone: str) -> None:
    """Put the type of incident before the lines of the section `story`.

    If a centre changed the type, the declared type follows, and a note of the section says who changed it.
    """
    lines = [["Situation", format_situation(incident.type)]]
    if change:
        lines.append([format_declared_label(incident, "Situation", zone), format_situation(change.declared)])
        story["notes"].append(change.sentence)
    story["lines"] = lines + story["lines"]


def format_situation(code: str) -> str:
    """Return the label of a type of incident, with its technical term in brackets."""
    return f"{IncidentType(code).label} ({TYPE_TERMS[code]})"


def format_section(section: str, version: str, values: Values, zone: str) -> dict[str, Any]:
    """Return a section with its code, its title and its lines. Each line is [label, text]."""
    lines = [[line.label, line.words] for line in list_sheet_facts(section, version, values, zone)]
    return {"code": section, "title": get_section_title(section, version), "lines": lines}
