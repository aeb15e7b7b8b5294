"""The address and the file name of a report. An address ends like « /publications/3/rapports/53/ »."""

from django.urls import reverse
from django.utils.text import slugify

from stats.categories import label_category
from stats.disclosure.tables import OTHER_REGION, REGIONS
from stats.pages.page import FiguresPage, UnknownSelection
from stats.releases.rows import Release
from stats.reports.rows import Report

NATION = "france"
REPORTED_REGIONS = tuple(code for code in REGIONS if code != OTHER_REGION)


def parse_place(place: str) -> str:
    """Return the code of the région in the address of a report, or "" for the nation. Raises UnknownSelection for
    another place.
    """
    if place == NATION:
        return ""
    if place not in REPORTED_REGIONS:
        raise UnknownSelection(place)
    return place


def make_report_file_address(number: int, region: str) -> str:
    """Return the address of the PDF of a report. `region` is a code, or "" for the nation."""
    return reverse("stats_report_file", args=[number, region or NATION])


def find_report_address(page: FiguresPage) -> str:
    """Return the address of the PDF about the place and year of a page, or "" if there is none."""
    release = page.printed.release
    return make_report_file_address(release.number, page.region.code if page.region else "") if release else ""


def list_report_addresses(release: Release) -> list[tuple[str, str]]:
    """Return (name of the place, address) of each report of a release, the nation first. A quarterly release has
    none.
    """
    if release.quarter:
        return []
    names = {"": "France"} | {code: label_category("region", code) for code in REPORTED_REGIONS}
    return [(name, make_report_file_address(release.number, code)) for code, name in names.items()]


def make_report_file_name(report: Report) -> str:
    """Return the file name of a report. It contains nothing that a visitor typed."""
    place = slugify(report.region.name) if report.region else NATION
    return f"rapport-{place}-{report.release.year}-publication-{report.release.number}.pdf"
