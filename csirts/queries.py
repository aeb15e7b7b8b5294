"""Queries of the page of the public directory, which also lists the territories without a CSIRT."""

from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import date

from django.db.models import QuerySet

from collectivities.enums import Zone
from collectivities.models import Region
from csirts.enums import ContactKind, Level
from csirts.models import Contact, Coverage, Csirt
from csirts.wording import curly, origin

ZONES = [str(zone) for zone in (Zone.METRO, Zone.DROM, Zone.COM)]
MAIN = (ContactKind.PHONE, ContactKind.WEBSITE)
SHOWN = (ContactKind.PHONE, ContactKind.WEBSITE, ContactKind.EMAIL, ContactKind.HOURS)


@dataclass(frozen=True)
class Entry:
    """One line of the page. Without a CSIRT the page says where to go. `origins` are the sources and their dates."""

    csirt: Csirt | None
    zone: str
    sort_key: str
    territories: tuple[str, ...]
    origins: tuple[str, ...]


def directory_entries(csirts: Iterable[Csirt], regions: Iterable[Region], on: date) -> list[Entry]:
    """Return the lines of the directory. One query. `csirts` are the active ones with their contacts;
    others are left out.
    """
    by_id = {csirt.pk: csirt for csirt in csirts}
    coverages = list(Coverage.objects.filter(csirt__in=by_id, valid__contains=on).with_places())
    found: dict[tuple[int, str], list[Coverage]] = {}
    for coverage in coverages:
        found.setdefault((coverage.csirt_id, coverage.region.zone), []).append(coverage)
    entries = [_answered(by_id[pk], zone, group) for (pk, zone), group in found.items()]
    entries += _unanswered(regions, coverages)
    return sorted(entries, key=lambda entry: (ZONES.index(entry.zone), entry.sort_key))


def last_resort_entries(csirts: Iterable[Csirt]) -> list[Entry]:
    """Return the CSIRTs that answer everywhere: national, then assistance to victims, then sectors."""
    levels = [str(level) for level in (Level.NATIONAL, Level.ASSISTANCE, Level.SECTOR)]
    everywhere = sorted((one for one in csirts if one.level in levels), key=lambda one: levels.index(one.level))
    return [Entry(csirt, "", "", (), tuple(_origins(csirt, []))) for csirt in everywhere]


def main_origin(csirt: Csirt) -> str:
    """Return the source of the number, or else of the site: « Liste de l’ANSSI, 23 juin 2026 »; empty
    if there is neither.
    """
    contacts = [csirt.contact(kind) for kind in MAIN]
    known = next((contact for contact in contacts if contact), None)
    return origin(known.source, known.source_on) if known else ""


def published_ways(csirt: Csirt) -> tuple[str, ...]:
    """Return the address, the phone number and the mailbox that the CSIRT publishes, to be printed. Nothing
    is sent to them.

    The number contains no-break spaces.
    """
    return (csirt.address, csirt.phone.replace(" ", "\N{NO-BREAK SPACE}"), csirt.email)


def _answered(csirt: Csirt, zone: str, coverages: list[Coverage]) -> Entry:
    territories = dict.fromkeys(_said(coverage) for coverage in coverages)
    origins = _origins(csirt, coverages)
    return Entry(csirt, zone, coverages[0].region.sort_key, tuple(territories), tuple(origins))


def _origins(csirt: Csirt, coverages: Iterable[Coverage]) -> Iterator[str]:
    """Yield each source once: first that of the number or the site, then the others with the values that they give."""
    said: dict[str, list[str]] = {}
    for contact in sorted(csirt.contacts.all(), key=lambda one: one.kind not in MAIN):
        if contact.kind in SHOWN:
            said.setdefault(origin(contact.source, contact.source_on), []).append(contact.get_kind_display())
    for coverage in coverages:
        said.setdefault(origin(coverage.source, coverage.source_on), []).append("territoire")
    for place, (who, values) in enumerate(said.items()):
        what = ", ".join(dict.fromkeys(values)).capitalize()
        yield f"{what}\N{NO-BREAK SPACE}: {who}" if place else who


def _unanswered(regions: Iterable[Region], coverages: list[Coverage]) -> Iterator[Entry]:
    """Yield one line a zone for the regions that no CSIRT covers entirely. Its source is the most frequent
    source of the coverages.
    """
    whole = {coverage.region_id for coverage in coverages if coverage.departement_id is None and not coverage.kind}
    counted = Counter(origin(one.source, one.source_on) for one in coverages)
    origins = tuple(who for who, _count in counted.most_common(1))
    for zone in ZONES:
        missing = [one for one in regions if one.zone == zone and one.pk not in whole]
        if missing:
            yield Entry(None, zone, missing[0].sort_key, tuple(curly(one.name) for one in missing), origins)


def _said(coverage: Coverage) -> str:
    """« Bretagne », « Bretagne (Finistère) », « Bretagne (communauté de communes) »"""
    narrow = [str(coverage.departement)] if coverage.departement else []
    narrow += [coverage.get_kind_display()] if coverage.kind else []
    return curly(f"{coverage.region} ({', '.join(narrow)})" if narrow else str(coverage.region))


def published_phone(csirt: int | None) -> QuerySet[Contact]:
    """Return the phone number that a centre publishes: at most one row. `csirt` is its id."""
    return Contact.objects.filter(csirt=csirt, kind=ContactKind.PHONE).order_by("pk")[:1]
