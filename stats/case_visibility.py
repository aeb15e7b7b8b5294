"""« Que voit-on de moi ? »: the published cells in which one case is counted, for people who may read that case.

The page does not give the number of bodies in a cell. A declarant who knew it could compute how often the other bodies
declared.
"""

from collections.abc import Iterator
from dataclasses import dataclass

from django.utils import timezone

from collectivities.zones import find_region_zone
from core.french import format_day
from incidents.enums import Nature
from incidents.models import Incident
from stats.categories import QUARTERS, label_category
from stats.counting.facts import NOT_COUNTED
from stats.disclosure.tables import BY_MONTH, SHORT_LIST_OF, Period, Table, list_tables
from stats.enums import FAMILY_OF
from stats.labels import bind_words, lower_first, upper_first
from stats.open_data.definitions import CLASSIFICATIONS, UNITS
from stats.periods import PARIS, find_month
from stats.printed_wording import format_cell
from stats.releases.publish import YEAR_RANK, find_due_day, find_last_rank, rank_period
from stats.releases.reading import CellState, PrintedCell, PrintedYear
from stats.releases.rows import CountedCase

# The classifications that are columns of a case's row.
OWN_CLASSIFICATIONS = ("region", "month", "quarter", "type", "cause", "discovery", "help", "closing", "stratum")
PLACE_AND_TIME = ("region", "month", "quarter")


@dataclass(frozen=True)
class CellTexts:
    """The texts of one cell in which the case is counted. `number` is the printed number, or the text that replaces
    it.
    """

    title: str
    place_and_period: str
    number: str


@dataclass(frozen=True)
class CaseRelease:
    """One release that counted the case, with the cells in which it is counted.

    `is_late` is true if the release counts the case among the incidents of earlier years.
    """

    title: str
    is_late: bool
    cells: list[CellTexts]


@dataclass(frozen=True)
class Visibility:
    """The releases that counted a case, and the texts about the other releases.

    `exclusion_reason` is a sentence that says why a release does not count the case. It is "" if there is no such
    reason. `coming_releases` are texts that announce the releases to come.
    """

    releases: list[CaseRelease]
    exclusion_reason: str
    coming_releases: list[str]


def describe_visibility(incident: Incident) -> Visibility:
    """Return the releases that counted a case, and the texts that announce the releases to come.

    Runs nine queries at most.
    """
    cases = list(CountedCase.objects.filter(fact=incident.pk).select_related("release").order_by("release__number"))
    years = {year: PrintedYear.read(year) for year in {case.release.year for case in cases}}
    releases = [describe_case_release(case, years[case.release.year]) for case in cases]
    reason, coming = explain_other_releases(incident, cases)
    return Visibility(releases, reason, coming)


def describe_case_release(case: CountedCase, printed: PrintedYear) -> CaseRelease:
    """Return the title and the cells of one release that counted the case."""
    release = case.release
    day = format_day(timezone.localtime(release.published_at, PARIS).date())
    words = {"period": format_release_period(release.period), "number": release.number, "day": day}
    title = "{period} : publication no {number} du {day}".format(**words)
    return CaseRelease(bind_words(upper_first(title)), case.is_late, list(list_cell_texts(case, printed)))


def list_cell_texts(case: CountedCase, printed: PrintedYear) -> Iterator[CellTexts]:
    """Yield the texts of each cell in which one release counts the case, the totals first."""
    quarter = case.release.quarter
    for table in list_tables(case.release.period):
        for categories in dict.fromkeys(list_case_cells(case, table)):
            cell = printed.get_cell(table.code, *categories, quarter=quarter)
            if cell.state is not CellState.CLOSED or not is_printed_elsewhere(table, case, printed):
                yield make_cell_texts(table, categories, case.release.period, cell)


def is_printed_elsewhere(table: Table, case: CountedCase, printed: PrintedYear) -> bool:
    """Tell whether another table is printed instead of this closed table.

    A month is printed by either the quarterly or the yearly release. If the same units have a long and a short list,
    only one of the two lists is printed.
    """
    if table == BY_MONTH:
        return bool(case.release.quarter) or printed.get_month(case.month).state is not CellState.CLOSED
    if table.code in SHORT_LIST_OF:
        return printed.is_open(SHORT_LIST_OF[table.code])
    return table.code in SHORT_LIST_OF.values()


# The cells of one case, classified as in stats/releases/tally.py


def list_case_cells(case: CountedCase, table: Table) -> list[tuple[str, ...]]:
    """Return the cell of each unit that the table counts in this case. A table of bodies counts the body of the
    case.
    """
    return [tuple(unit[name] for name in table.by) for unit in list_case_units(case, table.counts)]


def list_case_units(case: CountedCase, counts: str) -> list[dict[str, str]]:
    """Return the categories of each unit of the kind `counts` in this case. Each dict maps a classification to a
    category.
    """
    own = {name: getattr(case, name) for name in OWN_CLASSIFICATIONS}
    if case.is_report or case.is_late:
        return [own] if counts == ("reports" if case.is_report else "late") else []
    return [own | part for part in list_case_parts(case, counts)]


def list_case_parts(case: CountedCase, counts: str) -> list[dict[str, str]]:
    """Return the categories of each single unit of the kind `counts`, such as the status of one leak.

    The incident itself is one unit without categories of its own.
    """
    leaks = zip(case.persons, case.statuses, strict=True)
    interruptions = zip(case.hours, case.services, strict=True)
    parts: dict[str, list[dict[str, str]]] = {
        "incidents": [{}],
        "bodies": [{}] if case.stratum else [],
        "unfounded": [{}] * case.unfounded,
        "leaks": [{"persons": persons, "status": status} for persons, status in leaks],
        "leak_categories": [{"category": category} for category in case.categories],
        "interruptions": [
            {"hours": hours, "service": service, "family": FAMILY_OF[service].value}
            for hours, service in interruptions
        ],
    }
    return parts.get(counts, [])


# In words


def make_cell_texts(table: Table, categories: tuple[str, ...], period: Period, cell: PrintedCell) -> CellTexts:
    """Return the three texts of a cell, such as « Incidents vérifiés, par type : rançongiciel », « Bretagne, 2025 »
    and « 40 ».
    """
    category_by_name = dict(zip(table.by, categories, strict=True))
    title = str(UNITS[table.counts].name)
    for name in category_by_name.keys() - PLACE_AND_TIME:
        title += f", {CLASSIFICATIONS[name].name} : {lower_first(label_category(name, category_by_name[name]))}"
    place = label_category("region", category_by_name["region"]) if "region" in category_by_name else "France entière"
    part = next(
        (label_category(name, category_by_name[name]) for name in ("month", "quarter") if name in category_by_name), ""
    )
    when = f"{part} {period.year}" if part else format_release_period(period, article=False)
    return CellTexts(bind_words(upper_first(title)), f"{place}, {when}", format_cell(cell))


def format_release_period(period: Period, *, article: bool = True) -> str:
    """Return « le 1er trimestre 2025 » or « l’année 2025 ». Without article, return « 1er trimestre 2025 » or
    « 2025 ».
    """
    if period.quarter:
        return f"{'le ' if article else ''}{QUARTERS[f'T{period.quarter}']} {period.year}"
    return f"l’année {period.year}" if article else str(period.year)


# What is not counted, or not yet


def explain_other_releases(incident: Incident, cases: list[CountedCase]) -> tuple[str, list[str]]:
    """Return (reason, announcements) about the releases that have not counted the case.

    The reason says why a release does not count the case, or is "". The announcements name the releases that will
    count the case. `cases` are the rows of the releases that have counted it.
    """
    if reason := explain_exclusion(incident, was_counted=bool(cases)):
        return reason, []
    month = find_month(incident.received_at, find_region_zone(incident.region.code if incident.region else None))
    own = Period(month.year, (month.month + 2) // 3), Period(month.year)
    last_rank = find_last_rank()
    if waiting := [period for period in own if rank_period(period) > last_rank]:
        missed = (
            f"Son trimestre a été publié sans elle. {NOT_COUNTED_REASON}" if len(waiting) == 1 and not cases else ""
        )
        return missed, [format_announcement(period) for period in waiting]
    return explain_late_release(incident, cases, Period(last_rank[0] + (last_rank[1] == YEAR_RANK)))


NOT_COUNTED_REASON = "Elle n’était pas encore vérifiée, ou elle était close sans être comptée."


def explain_exclusion(incident: Incident, *, was_counted: bool) -> str:
    """Return the sentence that says why no release will count the case, or "" if a release may still count it."""
    if incident.closing_reason in NOT_COUNTED:
        reason = "elle est close comme doublon, comme retirée, ou sans incident."
    elif not incident.is_verified:
        reason = "seules les déclarations vérifiées par un centre sont comptées."
    else:
        return ""
    start = "Elle n’entre plus dans ce qui paraîtra" if was_counted else "Elle n’est comptée nulle part"
    return bind_words(f"{start} : {reason}")


def explain_late_release(incident: Incident, cases: list[CountedCase], following: Period) -> tuple[str, list[str]]:
    """Return (reason, announcements) for a case whose year is already published. See `explain_other_releases`.

    `following` is the next year to be published.
    """
    yearly = [case for case in cases if not case.release.quarter]
    is_report = incident.nature == Nature.REPORT
    if any(is_report or not case.is_report for case in yearly):
        return "", []
    if yearly:
        reason = "Son année l’a comptée comme signalement ; c’est devenu un incident."
    else:
        reason = f"Son année a été publiée sans elle. {NOT_COUNTED_REASON}"
    if is_report:
        return bind_words(f"{reason} Un signalement n’est pas compté plus tard."), []
    return bind_words(reason), [format_announcement(following, line="la ligne « comptés plus tard » de ")]


def format_announcement(period: Period, *, line: str = "") -> str:
    """Return the text that announces a release: « l’année 2025 : à partir du 1er avril 2026 ».

    The text begins with `line`.
    """
    day = find_due_day(period)
    is_due = day <= timezone.localdate(timezone=PARIS)
    when = "n’a pas encore paru" if is_due else f"à partir du {format_day(day)}"
    return bind_words(f"{line}{format_release_period(period)} : {when}")
