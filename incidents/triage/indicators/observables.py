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
    """An indicator of a case, with a text on how many other cases have it."""

    row: Observable
    value: str  # defanged
    sightings: str


class RelatedSighting(NamedTuple):
    """A case that has another value on the same host."""

    incident: Incident
    shown_value: str  # defanged


class ObservableGroup(NamedTuple):
    """The indicators of one kind."""

    kind: ObservableKind
    lines: list[ObservableLine]


def build_observables_block(incident: Incident, user: User) -> dict[str, Any]:
    """Return the indicators of the case by kind. Runs one query, however many indicators there are."""
    groups = group_by_kind(list_observables(incident, user))
    lines = [line for group in groups for line in group.lines]
    number_seen = sum(bool(line.sightings) for line in lines)
    return {"groups": groups, "pap": PAP_MEANINGS[incident.pap], "number": len(lines), "seen": number_seen}


def group_by_kind(rows: Iterable[Any]) -> list[ObservableGroup]:
    """Return the indicators grouped by kind, in the order of the enumeration.

    `rows` must be annotated with `seen_in` and sorted by kind.
    """
    by_kind = {
        kind: [ObservableLine(row, defang(kind, row.value), format_sightings(len(row.seen_in))) for row in same]
        for kind, same in groupby(rows, key=lambda row: row.kind)
    }
    return [ObservableGroup(kind, by_kind[kind]) for kind in ObservableKind if kind in by_kind]


def list_related_sightings(value: Indicator, rows: Iterable[Observable]) -> list[RelatedSighting]:
    """Return the cases, among those of `rows`, with another value on the host of `value`. At most MAX_SIGHTINGS."""
    related = (RelatedSighting(row.incident, defang(row.kind, row.value)) for row in filter_related_rows(rows, value))
    return list(islice(related, MAX_SIGHTINGS))


def format_sightings(number: int) -> str:
    """Return a sentence on how many other cases have the value, or ""."""
    if number > MAX_SIGHTINGS:
        return f"Vu dans {MAX_SIGHTINGS} autres dossiers de votre centre, et plus"
    sentence = choose_plural(
        "Vu dans %(number)s autre dossier de votre centre",
        "Vu dans %(number)s autres dossiers de votre centre",
        number,
    )
    return sentence % {"number": number} if number else ""


def make_search_link(value: str) -> str:
    """Return the address of a search for the value in the texts of the cases.

    A text may mention a value that is no indicator of its case.
    """
    quoted = f'"{value}"' if " " in value else value
    return reverse("admin:incidents_incident_search", query={"q": quoted})


def format_indicator_origin(origin: str) -> str:
    """Return the label of the document in which the indicator was found, or « saisi à la main »."""
    return str(DocumentKind(origin).label) if origin in DocumentKind.values else "saisi à la main"
