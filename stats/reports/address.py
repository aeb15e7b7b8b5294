"""How a report is named in its address and as a file: « /…/publications/3/rapports/53/2025-t2/ »."""

import re
from collections.abc import Iterable

from django.urls import reverse
from django.utils.text import slugify
from django.utils.translation import gettext as _

from csirts.wording import curly
from stats.published import Asked, Page, UnknownSelectionError
from stats.reports.rows import Report

NATION = "france"
PLACE = re.compile(rf"{NATION}|[0-9]{{2,3}}")
PERIOD = re.compile(r"([0-9]{4})(?:-t([1-4]))?")


def asked_by(number: int, place: str, period: str) -> Asked:
    """What an address asks for, not yet whether it exists. Raises UnknownSelectionError."""
    found = PERIOD.fullmatch(period)
    if not found or not PLACE.fullmatch(place):
        raise UnknownSelectionError(period)
    return Asked(region="" if place == NATION else place, year=found[1], quarter=found[2] or "", release=str(number))


def address_of(number: int, region: str, year: int, quarter: int = 0) -> str:
    """Of the file. `region`: its code, "" for the nation."""
    period = f"{year}-t{quarter}" if quarter else str(year)
    return reverse("stats_report_file", args=[number, region or NATION, period])


def address_of_page(page: Page) -> str:
    """Of the report that says what the page says; "" while nothing is published."""
    source = page.source
    if source.release is None or page.is_empty:
        return ""
    return address_of(source.release.number, source.region.code if source.region else "", source.year, source.quarter)


def addresses_of(number: int, year: int, regions: Iterable[tuple[str, str]]) -> list[tuple[str, str]]:
    """Name and address of each report of a year, the nation's first. `regions`: code and name."""
    places = [("", _("France")), *((code, curly(name)) for code, name in regions)]
    return [(name, address_of(number, code, year)) for code, name in places]


def file_name_of(number: int, report: Report) -> str:
    """Made of codes and of the name of a region: nothing that a visitor typed."""
    place = slugify(report.region.name) if report.region else NATION
    quarter = f"-t{report.quarter}" if report.quarter else ""
    return f"rapport-{place}-{report.year}{quarter}-publication-{number}.pdf"
