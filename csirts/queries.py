"""The queries for the public directory, which also lists the territories without a CSIRT, and for the other pages
that show the contacts of a centre.
"""

from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import date, datetime
from typing import NamedTuple

from django.db.models import QuerySet
from django.utils import timezone

from collectivities.enums import Zone
from collectivities.models import Region
from core.french import NBSP, curl_apostrophes, format_day
from core.telephone import format_phone
from csirts.enums import ContactKind, Level
from csirts.models import Contact, Coverage, Csirt, get_version_manager
from csirts.wording import append_note, format_origin

ZONES = [str(zone) for zone in (Zone.METRO, Zone.DROM, Zone.COM)]
MAIN_KINDS = (ContactKind.PHONE, ContactKind.WEBSITE)
PUBLISHED_KINDS = (ContactKind.PHONE, ContactKind.WEBSITE, ContactKind.EMAIL, ContactKind.HOURS)


@dataclass(frozen=True)
class DirectoryEntry:
    """One line of the public directory: territories, and the CSIRT that covers them, or None. `origins` are the
    sources with their dates.
    """

    csirt: Csirt | None
    zone: str
    sort_key: str
    territories: tuple[str, ...]
    origins: tuple[str, ...]


class StoppedCentre(NamedTuple):
    """A centre that is out of service. `since` is the day on which it stopped, or "" if it never was in service."""

    name: str
    since: str


def list_directory_entries(csirts: Iterable[Csirt], regions: Iterable[Region], on: date) -> list[DirectoryEntry]:
    """Return the lines of the public directory on a day. Runs one query.

    `csirts` are the active centres with their contacts. The coverages of other centres are ignored.
    """
    by_id = {csirt.pk: csirt for csirt in csirts}
    coverages = list(Coverage.objects.filter(csirt__in=by_id, valid__contains=on).with_territories())
    groups: dict[tuple[int, str], list[Coverage]] = {}
    for coverage in coverages:
        groups.setdefault((coverage.csirt_id, coverage.region.zone), []).append(coverage)
    entries = [_make_entry(by_id[pk], zone, group) for (pk, zone), group in groups.items()]
    entries += _list_uncovered_entries(regions, coverages)
    return sorted(entries, key=lambda entry: (ZONES.index(entry.zone), entry.sort_key))


def list_nationwide_entries(csirts: Iterable[Csirt]) -> list[DirectoryEntry]:
    """Return the lines of the CSIRTs that answer everywhere: national, then assistance to victims, then sectors."""
    levels = [str(level) for level in (Level.NATIONAL, Level.ASSISTANCE, Level.SECTOR)]
    everywhere = sorted(
        (csirt for csirt in csirts if csirt.level in levels), key=lambda csirt: levels.index(csirt.level)
    )
    return [DirectoryEntry(csirt, "", "", (), tuple(_list_origins(csirt, []))) for csirt in everywhere]


def format_printed_origins(csirt: Csirt) -> str:
    """Return the sources of the contacts as PDF files print them, or "" if there are none.

    Example: « Liste de l’ANSSI, 23 juin 2026 ; horaires : alouette.fr, 22 novembre 2023 ».
    """
    first, *others = list(_list_origins(csirt, [])) or [""]
    return f"{NBSP}; ".join([first, *(other[:1].lower() + other[1:] for other in others)])


def list_sourced_contacts(csirt: Csirt) -> list[tuple[str, str, str]]:
    """Return the contacts that only the administrator edits, each as (label, value, source)."""
    kinds = (ContactKind.PHONE, ContactKind.WEBSITE, ContactKind.EMAIL, ContactKind.ADDRESS)
    contacts = [contact for kind in kinds if (contact := csirt.get_contact(kind))]
    return [
        (
            contact.get_kind_display().capitalize(),
            append_note(contact.value, contact.note),
            format_origin(contact.source, contact.source_on),
        )
        for contact in contacts
    ]


def get_published_contacts(csirt: Csirt) -> tuple[str, ...]:
    """Return the postal address, the phone number and the mailbox that the CSIRT publishes.

    An unpublished value is "". The values are only displayed: nothing is sent to them.
    """
    return (csirt.address, format_phone(csirt.phone), csirt.email)


def _make_entry(csirt: Csirt, zone: str, coverages: list[Coverage]) -> DirectoryEntry:
    territories = dict.fromkeys(_describe_coverage(coverage) for coverage in coverages)
    origins = _list_origins(csirt, coverages)
    return DirectoryEntry(csirt, zone, coverages[0].region.sort_key, tuple(territories), tuple(origins))


def _list_origins(csirt: Csirt, coverages: Iterable[Coverage]) -> Iterator[str]:
    """Yield each source once, as « Horaires : alouette.fr », with the names of the values that it gives.

    The first source is yielded alone. It is that of the number or the site, if the centre publishes one.
    """
    labels: dict[str, list[str]] = {}
    for contact in sorted(csirt.contacts.all(), key=lambda contact: contact.kind not in MAIN_KINDS):
        if contact.kind in PUBLISHED_KINDS:
            labels.setdefault(format_origin(contact.source, contact.source_on), []).append(contact.get_kind_display())
    for coverage in coverages:
        labels.setdefault(format_origin(coverage.source, coverage.source_on), []).append("territoire")
    for position, (source, values) in enumerate(labels.items()):
        subject = ", ".join(dict.fromkeys(values)).capitalize()
        yield f"{subject}{NBSP}: {source}" if position else source


def _list_uncovered_entries(regions: Iterable[Region], coverages: list[Coverage]) -> Iterator[DirectoryEntry]:
    """Yield one line for each zone with regions that no CSIRT covers as a whole.

    The source of the line is the most frequent source of the coverages.
    """
    covered = {coverage.region_id for coverage in coverages if coverage.departement_id is None and not coverage.kind}
    counts = Counter(format_origin(coverage.source, coverage.source_on) for coverage in coverages)
    origins = tuple(source for source, _count in counts.most_common(1))
    for zone in ZONES:
        missing = [region for region in regions if region.zone == zone and region.pk not in covered]
        if missing:
            names = tuple(curl_apostrophes(region.name) for region in missing)
            yield DirectoryEntry(None, zone, missing[0].sort_key, names, origins)


def _describe_coverage(coverage: Coverage) -> str:
    """Return « Bretagne », « Bretagne (Finistère) » or « Bretagne (communauté de communes) »."""
    restrictions = [str(coverage.departement)] if coverage.departement else []
    restrictions += [coverage.get_kind_display()] if coverage.kind else []
    return curl_apostrophes(f"{coverage.region} ({', '.join(restrictions)})" if restrictions else str(coverage.region))


def query_published_phone(csirt: int | None) -> QuerySet[Contact]:
    """Return the phone number that a centre publishes: at most one row. `csirt` is its id."""
    return Contact.objects.filter(csirt=csirt, kind=ContactKind.PHONE).order_by("pk")[:1]


def list_stopped_centres(centres: Iterable[Csirt]) -> list[StoppedCentre]:
    """Return those of the centres that are out of service.

    Runs one query for their history, or none if all centres are in service.
    """
    stopped = {centre.pk: centre for centre in centres if not centre.is_active}
    if not stopped:
        return []
    versions = get_version_manager(Csirt).filter(pgh_obj_id__in=stopped).order_by("pgh_id")
    was_active, since = set[int](), dict[int, datetime]()
    for pk, is_active, at in versions.values_list("pgh_obj_id", "is_active", "pgh_created_at"):
        if is_active:
            was_active.add(pk)
            since.pop(pk, None)
        elif pk in was_active:
            since.setdefault(pk, at)
    days = {pk: format_day(timezone.localtime(at).date()) for pk, at in since.items()}
    return [StoppedCentre(centre.name, days.get(pk, "")) for pk, centre in stopped.items()]
