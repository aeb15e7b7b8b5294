"""A declarant who completes the sections of a declaration."""

from datetime import UTC, datetime, timedelta
from typing import Any

from incidents.access import CaseVisitor
from incidents.facts.shapes import Interruption
from incidents.models import Incident
from incidents.questions.catalogue import get_current_version
from incidents.services.declarant.complete import SavedSheet, SectionEdit, answer_section, find_newest_sheet

NOW = datetime(2026, 11, 24, 13, 10, tzinfo=UTC)
CIVIL = Interruption(service="civil", extent="stopped", started_at=NOW - timedelta(hours=6), people_affected=30)
MAIL = Interruption(service="messagerie", extent="degraded")


def make_edit(incident: Incident, section: str = "precisions", **fields: str) -> SectionEdit:
    access = incident.accesses.get(revoked_at=None)
    newest = find_newest_sheet(incident, section)
    defaults = {"author": "Dominique, accueil", "seen": str(newest.uid) if newest else ""}
    return SectionEdit(visitor=CaseVisitor(access_uid=access.uid), reference=incident.reference, **defaults | fields)


def answer(edit: SectionEdit, section: str = "precisions", **values: Any) -> SavedSheet:
    return answer_section(edit=edit, section=section, version=get_current_version().code, values=values)
