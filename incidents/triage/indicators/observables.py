"""The indicators of a case on its page: by kind, defanged, with the other cases that have them."""

from collections.abc import Iterable
from itertools import groupby, islice
from typing import Any, NamedTuple

from django.urls import reverse

from accounts.models import User
from core.french import choose_plural
from incidents.enums import DocumentKind, ObservableKind
from incidents.indicators.hosts import filter_related_rows
from incidents.indicators.observables import Indicator, defang
from incidents.indicators.sightings import MAX_SIGHTINGS, list_observables
from incidents.models import Incident, Observable
from incidents.sharing import PAP_MEANINGS


class ObservableLine(NamedTuple):
    row: Observable
    value: str  # defanged
    sightings: str


class RelatedSighting(NamedTuple):
    """A sighting of another value on the same host, which a list of sightings shows beside the case."""

    incident: Incident
    shown_value: str  # defanged


class ObservableGroup(NamedTuple):
    kind: ObservableKind
    lines: list[ObservableLine]


def build_observables_block(incident: Incident, user: User) -> dict[str, Any]:
    """Return the block for the page. Runs one query, however many indicators there are."""
    groups = group_by_kind(list_observables(incident, user))
    lines = [line for group in groups for line in group.lines]
    number_seen = sum(bool(line.sightings) for line in lines)
    return {"groups": groups, "pap": PAP_MEANINGS[incident.pap], "number": len(lines), "seen": number_seen}


def group_by_kind(rows: Iterable[Any]) -> list[ObservableGroup]:
    """Group the rows by kind, in the order of the enumeration.

    `rows` are annotated with `seen_in` and sorted by kind.
    """
    by_kind = {
        kind: [ObservableLine(row, defang(kind, row.value), format_sightings(len(row.seen_in))) for row in same]
        for kind, same in groupby(rows, key=lambda row: row.kind)
    }
    return [ObservableGroup(kind, by_kind[kind]) for kind in ObservableKind if kind in by_kind]


def list_related_sightings(value: Indicator, rows: Iterable[Observable]) -> list[RelatedSighting]:
    """Return those of the rows that are on the host of `value`, MAX_SIGHTINGS at most."""
    related = (RelatedSighting(row.incident, defang(row.kind, row.value)) for row in filter_related_rows(rows, value))
    return list(islice(related, MAX_SIGHTINGS))


def format_sightings(number: int) -> str:
    """Return in how many other cases the value was seen, as a sentence, or ""."""
    if number > MAX_SIGHTINGS:
        return f"Vu dans {MAX_SIGHTINGS} autres dossiers de votre centre, et plus"
    sentence = choose_plural(
        "Vu dans %(number)s autre dossier de votre centre",
        "Vu dans %(number)s autres dossiers de votre centre",
        number,
    )
    return sentence % {"number": number} if number else ""


def make_search_link(value: str) -> str:
    """Return the address of a search in the texts of the cases, which may mention the value without having it as an
    indicator.
    """
    quoted = f'"{value}"' if " " in value else value
    return reverse("admin:incidents_incident_search", query={"q": quoted})


def format_indicator_origin(origin: str) -> str:
    return str(DocumentKind(origin).label) if origin in DocumentKind.values else "saisi à la main"
