"""The titles and subtitles of charts, without markup. A title says what the figures prove, or what the chart shows."""

from collections.abc import Mapping

from core.french import format_number
from stats.categories import label_category
from stats.disclosure.figures import OPENS_FROM
from stats.disclosure.tables import MONTHS, QUARTERS
from stats.enums import DelayBand, HoursBand
from stats.labels import bind_words, format_percent, lower_first, upper_first
from stats.pages.intervals import TotalChange, compare_totals, find_largest_category, find_median_category
from stats.pages.page import Breakdown, FiguresPage
from stats.pages.rates import StratumRate, find_scale_end, list_stratum_rates
from stats.pages.sentences import UNKNOWN_SHARE
from stats.printed_wording import explain_narrow_cells, format_cell, format_place
from stats.releases.reading import WAITING, CellState, PrintedCell

POINTS_OF_A_LINE = 3
CHANGES = {
    TotalChange.MORE: "Plus d’incidents déclarés qu’en %s",
    TotalChange.FEWER: "Moins d’incidents déclarés qu’en %s",
}
HOURS_BAND_PHRASES: dict[str, str] = {
    HoursBand.UNDER_4_HOURS: "moins de 4 heures",
    HoursBand.UNDER_A_DAY: "moins d’un jour",
    HoursBand.UNDER_3_DAYS: "moins de 3 jours",
    HoursBand.UNDER_7_DAYS: "moins de 7 jours",
}
DELAY_BAND_PHRASES: dict[str, str] = {
    DelayBand.UNDER_AN_HOUR: "en moins d’une heure",
    DelayBand.UNDER_4_HOURS: "en moins de 4 heures",
    DelayBand.UNDER_A_DAY: "en moins d’un jour",
    DelayBand.UNDER_3_DAYS: "en moins de 3 jours",
    DelayBand.UNDER_7_DAYS: "en moins de 7 jours",
    DelayBand.UNDER_30_DAYS: "en moins de 30 jours",
}
HALVES = {
    "discovery": "Au moins un incident sur deux déclaré %s",
    "help": "Au moins un incident sur deux pris en charge %s",
    "closing": "Au moins un incident sur deux clos %s",
}
TOTAL_NAMES = {
    "incidents": "Incidents",
    "reports": "Signalements",
    "interruptions": "Interruptions",
    "leaks": "Fuites",
}


# Months of the nation, or quarters of a région


def list_chart_periods(page: FiguresPage) -> list[tuple[str, PrintedCell, PrintedCell]]:
    """Return (name, cell, cell of the year before) for each month of the nation, or for each quarter of a région."""
    if page.region is None:
        names, now, before = MONTHS, page.list_months(), page.list_months(before=True)
    else:
        names, now, before = QUARTERS, page.list_quarters(), page.list_quarters(before=True)
    kind = find_period_kind(page)
    return [
        # The year in which the service began is not compared, because it would only show that the service was new.
        (label_category(kind, name), cell, earlier if page.before.has_quarter(1) else WAITING)
        for name, cell, earlier in zip(names, now, before, strict=True)
    ]


def find_period_kind(page: FiguresPage) -> str:
    """Return the classification of the chart of the page: months for the nation, quarters for a région."""
    return "month" if page.region is None else "quarter"


def format_period_unit(page: FiguresPage) -> str:
    """Return the French name of one period of the chart: « mois » or « trimestre »."""
    return "mois" if page.region is None else "trimestre"


def format_months_title(page: FiguresPage) -> str:
    """Return the title of the chart of months, or of quarters for a région. It says what the figures prove."""
    change = compare_totals(page.get_total(), page.get_total(before=True)) if page.is_comparable() else None
    if change in CHANGES:
        return CHANGES[change] % (page.year - 1)
    unit = format_period_unit(page)
    values = [cell.value for _name, cell, _before in list_chart_periods(page)]
    numbers = [value for value in values if value is not None]
    if len(numbers) < len(values) or min(numbers) == max(numbers):
        return f"Les incidents, {unit} par {unit}"
    low, high = format_number(min(numbers)), format_number(max(numbers))
    return f"Environ {low} à {high} incidents par {unit}"


def format_months_subtitle(page: FiguresPage) -> str:
    """Return the subtitle of the chart of months, or of quarters for a région."""
    sentences = [f"Incidents vérifiés, par {format_period_unit(page)} de réception."]
    if has_enough_points(page) and any(
        cell.state is CellState.BELOW for _name, cell, _before in list_chart_periods(page)
    ):
        sentences.append("La ligne s’interrompt où il n’y a pas de nombre : « moins de 5 collectivités ».")
    return bind_words(" ".join(sentences))


def summarise_months(page: FiguresPage) -> str:
    """Return the numbers of the chart of periods as a sentence, for readers who do not see the chart."""
    numbers = [
        f"{format_cell(now)} ({name})" for name, now, _before in list_chart_periods(page) if not is_unpublished(now)
    ]
    return bind_words(
        "Incidents par {unit} {place} en {year} : {numbers}.".format(
            unit=format_period_unit(page),
            place=format_place(page.region),
            year=page.year,
            numbers=", ".join(numbers),
        )
    )


def is_unpublished(cell: PrintedCell) -> bool:
    """Tell whether nothing is published for the cell, not even a dash."""
    return cell.state in (CellState.WAITING, CellState.CLOSED, CellState.EARLIER)


def has_enough_points(page: FiguresPage) -> bool:
    """Tell whether this year or the year before has enough numbers for a line. If not, the page shows a table only."""
    periods = list_chart_periods(page)
    points_this_year = sum(cell.is_shown for _name, cell, _before in periods)
    points_last_year = sum(cell.is_shown for _name, _now, cell in periods)
    return max(points_this_year, points_last_year) >= POINTS_OF_A_LINE


def list_quarter_headings(page: FiguresPage) -> list[str]:
    """Return the headings of the table of quarters, « T1 » to « T4 », for each published quarter of the nation.

    The list is empty if no total of a quarter has a number.
    """
    return [f"T{number}" for number in page.printed.quarters] if page.has_quarter_totals() else []


def list_quarter_totals(page: FiguresPage) -> list[tuple[str, list[PrintedCell]]]:
    """Return (name, cells) for each of the four totals. The cells are in the order of the published quarters."""
    return [
        (name, [page.printed.get_cell(counts, quarter=quarter) for quarter in page.printed.quarters])
        for counts, name in TOTAL_NAMES.items()
    ]


def format_quarters_subtitle(page: FiguresPage) -> str:
    """Return the sentences that say what a quarter counts and why some quarters have no number."""
    sentences = ["Un trimestre compte ce qui était vérifié le jour où il a paru, 30 jours au moins après sa fin."]
    if page.is_year_published:
        sentences.append("L’année compte ce qui l’était quand elle a paru.")
    cells = [cell for _name, row in list_quarter_totals(page) for cell in row]
    if any(cell.state is CellState.CLOSED for cell in cells):
        sentences.append(f"Un total de trimestre ne paraît qu’à partir de {OPENS_FROM}.")
    return bind_words(" ".join([*sentences, explain_narrow_cells(cells)]).strip())


# The map


def format_map_title(page: FiguresPage) -> str:
    """Return the title of the map, which depends on whether the page is that of a région."""
    if page.region is not None:
        return f"{upper_first(format_place(page.region))} et dans les autres régions"
    return "Les incidents, région par région"


def format_map_subtitle(page: FiguresPage) -> str:
    """Return the sentences that say what the map shows and how not to read it."""
    return bind_words(
        f"Incidents vérifiés en {page.year}. Les régions n’ont pas le même nombre de collectivités : "
        "ne les classez pas."
    )


def summarise_map(page: FiguresPage) -> str:
    """Return the numbers of the map as a sentence, for readers who do not see the map."""
    lines = page.get_region_breakdown()
    numbers = [f"{line.label} {format_cell(line.cell)}" for line in lines.numbered_lines]
    if lines.dashed_lines:
        numbers.append("ailleurs moins de 5 collectivités")
    return bind_words("Carte de France en carreaux, avec le nombre d’incidents : {}.".format(", ".join(numbers)))


# Breakdowns and rates


def format_largest_title(breakdown: Breakdown, plain: str) -> str:
    """Return a title that names the certainly largest category, or `plain` if no category is certainly the largest.

    An example is « Le plus souvent : hameçonnage, 85 sur 320 ».
    """
    largest = find_largest_category(breakdown)
    if largest is None or not breakdown.total.is_shown:
        return plain
    return bind_words(
        "Le plus souvent : {label}, {number} sur {total}".format(
            label=lower_first(largest.label).partition(" (")[0],
            number=format_cell(largest.cell),
            total=format_cell(breakdown.total),
        )
    )


def find_median_text(breakdown: Breakdown, words: Mapping[str, str]) -> str | None:
    """Return the text of the shortest time that at least half of the cases certainly do not exceed.

    Return None if the figures prove no such time. `words` maps the ordered bands to texts such as « moins de 4
    heures ».
    """
    code = find_median_category(breakdown, list(words))
    return words[code] if code else None


def format_hours_title(breakdown: Breakdown, plain: str) -> str:
    """Return a title with the time that at least half of the interruptions certainly do not exceed, or `plain`."""
    band = find_median_text(breakdown, HOURS_BAND_PHRASES)
    return f"Au moins une interruption sur deux dure {band}" if band else plain


def format_delays_title(helped: Breakdown | None) -> str:
    """Return the title of the table of delays. `helped` is the breakdown of the delays until a centre took the case,
    or None.
    """
    plain = "Les délais"
    return format_delay_title("help", helped, plain) if helped else plain


def format_delay_title(code: str, breakdown: Breakdown, plain: str) -> str:
    """Return a title with the time in which at least half of the incidents were certainly handled, or `plain`.

    Depending on `code`, they were declared, acknowledged or closed in that time.
    """
    band = find_median_text(breakdown, DELAY_BAND_PHRASES)
    return HALVES[code] % band if band else plain


def format_strata_title(rates: list[StratumRate]) -> str:
    """Return a title that names the stratum with certainly the highest rate, or the plain title if none is certain."""
    for rate in rates:
        if all(rate.low > other_rate.high for other_rate in rates if other_rate is not rate):
            return bind_words(f"Le taux le plus haut : {rate.label}")
    return "Le taux selon la nature et la population"


def format_strata_subtitle(page: FiguresPage) -> str:
    """Return the sentences that say what the bars of the rates show, and how to read them."""
    rates = list_stratum_rates(page)
    sentence = (
        "Part des collectivités ayant déclaré un incident vérifié en %s, du plus petit taux possible au plus grand."
    )
    sentences = [sentence % page.year]
    if highest := find_scale_end(rates):
        sentences.append(f"L’échelle va de 0 à {format_percent(highest)}.")
    if any(rate.cell.state is CellState.BELOW for rate in rates):
        sentences.append(
            "Ici, « moins de 5 collectivités » peut aussi vouloir dire : toutes sauf moins de 5, dans les régions "
            "qui ont un nombre."
        )
    return bind_words(" ".join([*sentences, UNKNOWN_SHARE]))
