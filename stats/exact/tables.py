"""The tables of an exact page, as the page and the files show them. Each value is paired with that of the year
before.
"""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import zip_longest

from django.utils.dates import MONTHS

from core.french import curl_apostrophes
from stats.categories import SHORT_MONTHS, UNKNOWN_REGION
from stats.exact.breakdowns import BREAKDOWNS, TIME_MEASURES, ExactBreakdown
from stats.exact.sums import Quantiles, Totals
from stats.exact.year import ExactYear, YearFigures, format_months
from stats.labels import lower_first, upper_first
from stats.pages.charts import Bar, LineChart, Series, compute_bar_lengths, make_line_charts

# A float is a share between 0 and 1. None is unknown or cannot be compared.
type Value = int | float | None

MAX_BARS = 12
# The names of the monthly counts, in the order of `Totals`.
MEASURE_NAMES = ("Déclarés", "Incidents", "Signalements", "Interruptions", "Fuites")


@dataclass(frozen=True)
class ExactRow:
    """One row of a table. `cells` pairs each value with that of the year before. The bar of a row with `is_other` is
    grey.
    """

    label: str
    cells: list[tuple[Value, Value]]
    is_other: bool = False
    is_total: bool = False
    region_code: str = ""

    @property
    def number(self) -> int:
        """The value of this year in the first column. A table with bars has no other column."""
        return int(self.cells[0][0] or 0)


@dataclass(frozen=True)
class ExactTable:
    """One table of the page. `sheet` names its worksheet. `before` names the compared period of the year before, or is
    "".
    """

    sheet: str
    title: str
    heading: str
    columns: Sequence[str]
    rows: Sequence[ExactRow]
    before: str


@dataclass(frozen=True)
class BandTable(ExactTable):
    """The table of one measure by category. The page shows `empty_text` if all categories are zero.

    A table of times names the bands of the median and of the ninth decile of the known times. It also has the exact
    `quantiles` if there are few cases.
    """

    empty_text: str
    quantiles: Quantiles | None
    median_band: str
    ninth_decile_band: str

    @property
    def is_empty(self) -> bool:
        return not any(row.number for row in self.rows)

    @property
    def rows_without_bar(self) -> int:
        """The number of rows without a bar. It is never 1, because a sentence about one row takes as much room as its
        bar.
        """
        surplus = sum(not row.is_other for row in self.rows) - MAX_BARS
        return surplus if surplus > 1 else 0

    @property
    def bars(self) -> list[Bar]:
        """The bars of the first rows, followed by the grey bars."""
        known_rows = [row for row in self.rows if not row.is_other]
        drawn_rows = [
            *known_rows[: len(known_rows) - self.rows_without_bar],
            *(row for row in self.rows if row.is_other),
        ]
        shares = compute_bar_lengths([row.number for row in drawn_rows])
        return [
            Bar(row.label, row.number, share, is_other=row.is_other)
            for row, share in zip(drawn_rows, shares, strict=True)
        ]


def make_tables(exact: ExactYear) -> dict[str, ExactTable]:
    """Return the tables of the page in their order, by the names that templates use for them."""
    return {
        "totals": make_totals_table(exact),
        "bodies": make_bodies_table(exact),
        "months": make_months_table(exact),
        "regions": make_regions_table(exact),
        **{name: make_band_table(exact, breakdown) for name, breakdown in BREAKDOWNS.items()},
        "rates": make_rates_table(exact),
    }


def make_totals_table(exact: ExactYear) -> ExactTable:
    """Return the table of the totals of the compared months."""
    cells = pair_cells(exact.now.total, exact.compared_year.total if exact.compared_year else ())
    rows = [ExactRow(label, [cell]) for label, cell in zip(MEASURE_NAMES, cells, strict=True)]
    return ExactTable("Totaux", "Totaux de l’année", "Total", ["Nombre"], rows, format_compared_months(exact))


def make_bodies_table(exact: ExactYear) -> ExactTable:
    """Return the table of bodies. It compares two whole years, because distinct bodies are counted by year only."""
    cells = pair_cells(exact.now.bodies, exact.before.bodies if exact.before else ())
    labels = "Ayant déclaré un incident vérifié", "Avec une interruption ou une fuite"
    rows = [ExactRow(label, [cell]) for label, cell in zip(labels, cells, strict=True)]
    title, heading = "Collectivités, chacune comptée une fois", "Collectivités"
    return ExactTable("Collectivités", title, heading, ["Nombre"], rows, format_compared_year(exact))


def make_months_table(exact: ExactYear) -> ExactTable:
    """Return the table of the counts of each month that has begun, and of all these months together."""

    def list_month_cells(start: int, end: int) -> list[tuple[Value, Value]]:
        before = list_month_values(exact.before, start, end) if exact.before else ()
        return pair_cells(list_month_values(exact.now, start, end), before)

    last_month = exact.now.last
    rows = [
        ExactRow(upper_first(str(MONTHS[month])), list_month_cells(month, month)) for month in range(1, last_month + 1)
    ]
    rows.append(ExactRow("Ensemble", list_month_cells(1, last_month), is_total=True))
    before = str(exact.before.year) if exact.before else ""
    return ExactTable("Mois", "Mois par mois", "Mois", MEASURE_NAMES, rows, before)


def list_month_values(figures: YearFigures, start: int, end: int) -> Sequence[Value]:
    """Return the counts of these months together. Each is None, not zero, if the service began later."""
    if end < figures.first:
        return [None] * len(Totals._fields)
    return figures.sums.sum_months(start, end)


def make_regions_table(exact: ExactYear) -> ExactTable:
    """Return the table of the incidents of each région."""
    rows = []
    for region, value, value_before in exact.regions:
        cells = pair_cells([value], [value_before] if exact.compared_year else [])
        if region:
            rows.append(ExactRow(curl_apostrophes(region.name), cells, region_code=region.code))
        else:
            rows.append(ExactRow(upper_first(UNKNOWN_REGION), cells))
    title = "Incidents par région"
    return ExactTable("Régions", title, "Région", ["Nombre"], rows, format_compared_months(exact))


def make_rates_table(exact: ExactYear) -> ExactTable:
    """Return the table of the rates. It compares a rate with the year before only if both are computed on the same
    régions.
    """
    columns = ("Existantes", "Ayant déclaré un incident vérifié", "Taux", "Avec interruption ou fuite")
    before = {(rate.label, rate.regions): rate for rate in (exact.before.rates if exact.before else [])}
    rows = []
    for rate in exact.now.rates:
        rate_before = before.get((rate.label, rate.regions))
        rows.append(
            ExactRow(upper_first(rate.label), pair_cells(rate.values, rate_before.values if rate_before else ()))
        )
    title = "Taux de collectivités ayant déclaré un incident vérifié"
    return ExactTable("Taux", title, "Collectivités", columns, rows, format_compared_year(exact))


def pair_cells(values: Iterable[Value], before: Iterable[Value]) -> list[tuple[Value, Value]]:
    """Return each value with the value of the year before, which is None if `before` is shorter."""
    return list(zip_longest(values, before))


def format_compared_months(exact: ExactYear) -> str:
    """Return the name of the compared months of the year before, or "" if these months have no figures."""
    return exact.compared_year.label if exact.compared_year else ""


def format_compared_year(exact: ExactYear) -> str:
    """Return the name of the year before for a table of whole years, or "" if that year has no figures.

    The name is « 2025 », or « Toute l’année 2025 » beside the current year. If the service began during that year, the
    name is that of the months since then, such as « Février à décembre 2025 ».
    """
    if exact.before is None:
        return ""
    if exact.before.first > 1:
        return upper_first(format_months(exact.before.year, exact.before.first, 12))
    return f"Toute l’année {exact.before.year}" if exact.is_current_year else str(exact.before.year)


# One measure by band


def make_band_table(exact: ExactYear, breakdown: ExactBreakdown) -> BandTable:
    """Return the table of one measure by category."""
    rows = list_category_rows(exact, breakdown)
    is_of_time = breakdown.measure in TIME_MEASURES
    return BandTable(
        breakdown.sheet,
        upper_first(breakdown.title),
        breakdown.heading,
        ["Nombre"],
        rows,
        format_compared_months(exact),
        empty_text=breakdown.empty_text,
        quantiles=exact.quantiles.get(breakdown.measure),
        median_band=find_quantile_band(rows, 50) if is_of_time else "",
        ninth_decile_band=find_quantile_band(rows, 90) if is_of_time else "",
    )


def list_category_rows(exact: ExactYear, breakdown: ExactBreakdown) -> list[ExactRow]:
    """Return one row for each category of the breakdown."""
    now = breakdown.count_categories(exact.now.sums_by_band)
    before = breakdown.count_categories(exact.compared_year.sums_by_band) if exact.compared_year else Counter()
    categories = list(breakdown.labels)
    if breakdown.is_sorted:
        categories = [category for category in categories if now[category] or before[category]]
        categories.sort(key=lambda category: (category == breakdown.other, -now[category], -before[category]))
    rows = []
    for category in categories:
        cells = pair_cells([now[category]], [before[category]] if exact.compared_year else [])
        label = upper_first(breakdown.labels[category])
        rows.append(ExactRow(label, cells, is_other=category == breakdown.other))
    return rows


def find_quantile_band(rows: Sequence[ExactRow], percent: int) -> str:
    """Return the label of the band that contains the quantile at `percent` of the known values.

    Return "" if all bands are zero.
    """
    known_rows = [row for row in rows if not row.is_other]
    total, reached = sum(row.number for row in known_rows), 0
    for row in known_rows:
        reached += row.number
        if row.number and reached * 100 >= percent * total:
            return lower_first(row.label)
    return ""


# The chart


def make_months_charts(exact: ExactYear) -> dict[str, LineChart] | None:
    """Return the chart of verified incidents by month for two widths of screen, or None if there are no incidents.

    The line of this year stops at the last month that has begun. The line of the year before covers the whole year. No
    line has a point before the first month of the service.
    """
    now = Series(str(exact.year), list_monthly_incidents(exact.now, exact.now.last))
    before = None
    if exact.before:
        before = Series(str(exact.before.year), list_monthly_incidents(exact.before, 12))
    if not any(now.values) and not (before and any(before.values)):
        return None
    return make_line_charts(SHORT_MONTHS, now, before)


def list_monthly_incidents(figures: YearFigures, last_month: int) -> tuple[int | None, ...]:
    """Return the incidents of each of the twelve months. A month before the service or after `last_month` is None."""
    return tuple(
        figures.sums.sum_months(month, month).incidents if figures.first <= month <= last_month else None
        for month in range(1, 13)
    )
