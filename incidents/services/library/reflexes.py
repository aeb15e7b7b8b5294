"""The reflex sheet that applies to a type of incident, and how a lead publishes one for the centre's region."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any

from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils import timezone

from accounts.access import get_led_centre
from accounts.models import User
from core.stale import Stale
from core.text import clean_line
from csirts.models import Csirt
from incidents.catalogues.reflex_sheets import PUBLISHED_ON, REFLEXES, VERSION, Reflexes, read_sheet
from incidents.enums import IncidentType
from incidents.models import ReflexSheet

WORDS_LIMIT, TITLE_LIMIT, ACT_LIMIT, HOW_LIMIT, SOURCE_LIMIT = 60, 100, 80, 300, 200
MIN_HOUR_ACTS, MAX_ACTS, MAX_SOURCES = 3, 8, 6
MARKUP = re.compile(r"<\s*[a-zA-Z/!?]")
# The content that a centre publishes to use the national sheet again.
NATIONAL_CONTENT: dict[str, Any] = {}


@dataclass(frozen=True)
class AppliedReflexSheet:
    """The reflex sheet that a centre gives to bodies for a type of incident. Without `csirt` it is the national
    sheet.
    """

    type: IncidentType
    text: Reflexes
    version: int
    published_on: date
    csirt: Csirt | None = None


def get_reflex_sheet(kind: str, csirt: Csirt | None) -> AppliedReflexSheet:
    """Return the newest sheet of the CSIRT for this type, or the national sheet.

    Runs one query, or none without a CSIRT.
    """
    return (
        build_reflex_sheet(kind, csirt, find_newest_reflex_sheet(kind, csirt))
        if csirt
        else build_reflex_sheet(kind, None, None)
    )


def build_reflex_sheet(kind: str, csirt: Csirt | None, row: ReflexSheet | None) -> AppliedReflexSheet:
    """Return the reflex sheet of this row.

    If there is no row, or the row has no content, return the national sheet.
    """
    if row is None or not row.content:
        return AppliedReflexSheet(IncidentType(kind), REFLEXES[kind], VERSION, PUBLISHED_ON)
    day = timezone.localdate(row.published_at)
    return AppliedReflexSheet(IncidentType(kind), read_sheet(row.content), row.version, day, csirt)


def list_reflex_sheets(csirt: Csirt) -> list[AppliedReflexSheet]:
    """Return the sheet that the centre gives for each type of incident. Runs one query."""
    rows = ReflexSheet.objects.filter(csirt=csirt).order_by("type", "-version").distinct("type")
    own = {row.type: row for row in rows}
    return [build_reflex_sheet(kind, csirt, own.get(kind)) for kind in IncidentType]


def find_newest_reflex_sheet(kind: str, csirt: Csirt) -> ReflexSheet | None:
    """Return the newest version of the centre's own sheet for this type, or None if it never published one."""
    return ReflexSheet.objects.filter(type=kind, csirt=csirt).order_by("-version").first()


@transaction.atomic
def publish_reflex_sheet(*, kind: str, csirt_slug: str, content: Mapping[str, Any], based_on: int, actor: User) -> int:
    """Publish a version of the reflex sheet for the region of the CSIRT and return its number.

    `based_on` is the number of the version that the page showed, or 0 if there was none. Publishing NATIONAL_CONTENT
    restores the national sheet. Publishing the same text again makes no version. Raises Http404 if the actor does not
    lead the CSIRT, ValidationError by field, Stale if `based_on` is no longer the newest version.
    """
    csirt = get_led_centre(actor, csirt_slug, lock=True)
    clean = clean_reflex_sheet(content) if content else NATIONAL_CONTENT
    row = find_newest_reflex_sheet(kind, csirt)
    version = row.version if row else 0
    if clean == (row.content if row else NATIONAL_CONTENT):
        return version
    if version != based_on:
        raise Stale
    ReflexSheet.objects.create(type=kind, csirt=csirt, version=version + 1, content=clean, author=actor)
    return version + 1


def clean_reflex_sheet(content: Mapping[str, Any]) -> dict[str, Any]:
    """Return the content of the sheet, cleaned.

    Raises ValidationError by field if a text is missing, is too long or looks like markup.
    """
    clean = {
        "words": clean_sheet_line(content["words"], WORDS_LIMIT, "words"),
        "title": clean_sheet_line(content["title"], TITLE_LIMIT, "title"),
        "hour": clean_actions(content["hour"], "hour"),
        "day": clean_actions(content["day"], "day"),
        "sources": [clean_sheet_line(source, SOURCE_LIMIT, "sources") for source in content["sources"]],
    }
    check_item_counts(clean)
    return clean


def clean_actions(acts: list[Mapping[str, str]], field: str) -> list[dict[str, str]]:
    """Return the cleaned actions of one part of the sheet, each with its title and its instructions."""
    return [
        {
            "title": clean_sheet_line(act["title"], ACT_LIMIT, field),
            "how": clean_sheet_line(act["how"], HOW_LIMIT, field),
        }
        for act in acts
    ]


def clean_sheet_line(text: str, limit: int, field: str) -> str:
    """Return the cleaned line. Raises ValidationError on `field` if it is empty, too long, or looks like markup."""
    clean = clean_line(text, limit=limit, field=field)
    if not clean:
        raise ValidationError({field: "Une partie est vide. Chaque geste a un titre et une explication."})
    if MARKUP.search(clean):
        raise ValidationError({field: "Du texte seul : aucune balise, comme « <b> », n’est gardée."})
    return clean


def check_item_counts(clean: Mapping[str, Any]) -> None:
    """Raise ValidationError by field if a part of the sheet has too few or too many acts or sources."""
    if not MIN_HOUR_ACTS <= len(clean["hour"]) <= MAX_ACTS:
        raise ValidationError(
            {"hour": f"Il faut de {MIN_HOUR_ACTS} à {MAX_ACTS} gestes : les trois premiers sont affichés partout."}
        )
    if not 1 <= len(clean["day"]) <= MAX_ACTS:
        raise ValidationError({"day": f"Il faut de 1 à {MAX_ACTS} gestes."})
    if not 1 <= len(clean["sources"]) <= MAX_SOURCES:
        raise ValidationError({"sources": f"Citez de 1 à {MAX_SOURCES} sources, une par ligne."})
