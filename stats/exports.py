"""The open data of a release, read from its rows and from nothing else of the figures.

A numbered release never changes, so each process reads one once and keeps the last few that were asked for.
"""

from collections import Counter
from datetime import date
from functools import lru_cache

from accounts.installation import is_demonstration
from collectivities.models import Region
from stats.dictionary import band_label
from stats.enums import FINEST, Measure, Stratum
from stats.models import Denominator, Release, ReleaseBlock
from stats.package import Change, Edition, Heading, Row

# How many releases a process keeps: each is some hundred kilobytes at the real volume, some ten megabytes at 20 000
# numbers.
KEPT = 4
BLOCK = (
    *("block__measure", "block__region__code", "block__region__name"),
    *("block__starts_on", "block__ends_on", "block__band", "block__value"),
)
# measure, region and its name, first and last day, band, value
type Said = tuple[str, str | None, str | None, date, date, str, int]


def headings() -> list[Heading]:
    """Every release, the last one first."""
    return [Heading(*row) for row in Release.objects.order_by("-number").values_list(*Heading._fields)]


def heading_of(number: int) -> Heading | None:
    row = Release.objects.filter(number=number).values_list(*Heading._fields).first()
    return Heading(*row) if row else None


def last_heading() -> Heading | None:
    row = Release.objects.order_by("-number").values_list(*Heading._fields).first()
    return Heading(*row) if row else None


def edition_of(heading: Heading) -> Edition:
    """The whole of one release: three queries the first time, none while it is kept."""
    return read_edition(heading, is_demonstration())


@lru_cache(maxsize=KEPT)
def read_edition(heading: Heading, is_invented: bool) -> Edition:
    before, blocks = blocks_of(heading.number)
    bodies = Denominator.objects.filter(release_id=heading.pk).values_list(
        "year", "region__code", "region__name", "stratum", "bodies"
    )
    return Edition(
        heading=heading,
        is_invented=is_invented,
        numbers=[number_row(said) for said in sorted(blocks.values(), key=in_order)],
        denominators=[
            denominator_row(*said) for said in sorted(bodies, key=lambda row: (row[0], row[1] or "", row[3]))
        ],
        regions=[{"region": code, "region_name": name} for code, name in Region.objects.values_list("code", "name")],
        changes=changes_between(before, blocks),
    )


def blocks_of(number: int) -> tuple[dict[int, Said], dict[int, Said]]:
    """The blocks of the release before this one, and of this one; a block that stays has one key in both."""
    found: dict[int, dict[int, Said]] = {number - 1: {}, number: {}}
    rows = ReleaseBlock.objects.filter(release__number__in=list(found))
    for of, block, *said in rows.values_list("release__number", "block", *BLOCK):
        found[of][block] = tuple(said)
    return found[number - 1], found[number]


def in_order(said: Said) -> tuple[object, ...]:
    """The order of the canonical form (`stats/seal.py`)."""
    measure, region, _name, starts_on, ends_on, band, value = said
    return measure, region or "", starts_on, ends_on, band, value


def number_row(said: Said) -> Row:
    """None stands for several together, and the three flags say so."""
    measure, region, region_name, starts_on, ends_on, band, value = said
    return {
        "measure": measure,
        "measure_label": str(Measure(measure).label),
        "region": region,
        "region_name": region_name,
        "starts_on": starts_on,
        "ends_on": ends_on,
        "band": band or None,
        "band_label": band_label(measure, band),
        "regions_together": region is None,
        "bands_together": band not in FINEST[measure],
        "whole_year": (starts_on.month, starts_on.day, ends_on.month, ends_on.day) == (1, 1, 12, 31),
        "value": value,
    }


def denominator_row(year: int, region: str | None, region_name: str | None, stratum: str, bodies: int) -> Row:
    return {
        "year": year,
        "region": region,
        "region_name": region_name,
        "stratum": stratum or None,
        "stratum_label": str(Stratum(stratum).label) if stratum else None,
        "bodies": bodies,
    }


def changes_between(before: dict[int, Said], blocks: dict[int, Said]) -> tuple[Change, ...]:
    """Measure by measure, how many numbers stayed, came and went; empty for the first release."""
    stayed = Counter(said[0] for block, said in blocks.items() if block in before)
    came = Counter(said[0] for block, said in blocks.items() if block not in before)
    went = Counter(said[0] for block, said in before.items() if block not in blocks)
    if not before:
        return ()
    there = stayed.keys() | came.keys() | went.keys()
    return tuple(
        Change(measure.value, str(measure.label), stayed[measure], came[measure], went[measure])
        for measure in Measure
        if measure in there
    )
