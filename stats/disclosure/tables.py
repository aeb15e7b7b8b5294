"""The fixed list of published tables, which does not depend on the counts.

A table counts one kind of unit by one classification, or by two of them (a crossing). A table is open, which means
that its cells are printed, once the printed totals on which it depends reach fixed numbers. Whether it is open
therefore reveals nothing beyond these totals.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from typing import NamedTuple

from incidents.enums import Cause, DataCategory, IncidentType, PersonsBand, PublicService
from stats.disclosure.figures import OPENS_FROM
from stats.enums import CAUSE_NOT_STATED, LEAK_STATUSES, DelayBand, HoursBand, ServiceFamily, Stratum

# The printed totals from which a table opens; for most tables it is OPENS_FROM. A crossing opens région by région, for
# the categories that are not rare in the nation, because beside a small total, one dash in a région would prove that
# the other categories are not empty.
LONG_LIST_OPENS_FROM = 100
CROSSING_OPENS_FROM = 100

# The category of territories that are unknown or have a handful of bodies (975, 977, 978, 986). If each had a cell of
# its own, it would always be a dash, with many incidents in a large year, and the audit would close the table.
OTHER_REGION = ""
REGIONS = (
    *("11", "24", "27", "28", "32", "44", "52", "53", "75", "76", "84", "93", "94"),
    *("01", "02", "03", "04", "06", "987", "988", OTHER_REGION),
)
MONTHS = tuple(f"{number:02}" for number in range(1, 13))
QUARTERS = ("T1", "T2", "T3", "T4")

# Classification → its categories, in reading order.
CATEGORIES: dict[str, tuple[str, ...]] = {
    "region": REGIONS,
    "month": MONTHS,
    "quarter": QUARTERS,
    "type": tuple(IncidentType.values),
    "cause": (*Cause.values, CAUSE_NOT_STATED),
    "discovery": tuple(DelayBand.values),
    "help": tuple(DelayBand.values),
    "closing": tuple(DelayBand.values),
    "persons": tuple(PersonsBand.values),
    "status": tuple(status.value for status in LEAK_STATUSES),
    "category": tuple(DataCategory.values),
    "hours": tuple(HoursBand.values),
    "service": tuple(PublicService.values),
    "family": tuple(ServiceFamily.values),
    "stratum": tuple(Stratum.values),
}


class Period(NamedTuple):
    """The period of one release: a year if `quarter` is 0, otherwise that quarter of the year."""

    year: int
    quarter: int = 0

    def __str__(self) -> str:
        return f"{self.year}-T{self.quarter}" if self.quarter else str(self.year)

    @property
    def starts_on(self) -> date:
        """The first day of the period."""
        return date(self.year, 3 * self.quarter - 2 if self.quarter else 1, 1)

    @property
    def last_month(self) -> date:
        """The first day of the last month of the period."""
        return date(self.year, 3 * self.quarter or 12, 1)

    @property
    def months(self) -> tuple[str, ...]:
        """The months of the period, from « 01 » to « 12 »."""
        return MONTHS[3 * self.quarter - 3 : 3 * self.quarter] if self.quarter else MONTHS


@dataclass(frozen=True)
class Table:
    """One table of the fixed list. `counts` is the kind of unit that it counts, and `by` are its classifications.

    The table opens when the printed total of the table `opened_by` reaches `opens_from`. For a crossing, the total is
    the cell of the région. `opened_by` may be the table itself, and is "" for a table that is always open. In a
    crossing, a category must also reach `OPENS_FROM` in the table `categories_opened_by`.
    """

    code: str
    counts: str
    by: tuple[str, ...] = ()
    opened_by: str = ""
    opens_from: int = 0
    categories_opened_by: str = ""

    def list_cells(self) -> Iterator[tuple[str, ...]]:
        """Yield the categories of every cell, including cells without units."""
        if not self.by:
            yield ()
        elif len(self.by) == 1:
            yield from ((code,) for code in CATEGORIES[self.by[0]])
        else:
            first, second = self.by
            yield from ((category, crossed) for category in CATEGORIES[first] for crossed in CATEGORIES[second])


def make_table(counts: str, by: str, *, opened_by: str, opens_from: int = OPENS_FROM, unit: str = "") -> Table:
    """Return a table with one classification. `unit` replaces `counts` if the table counts another kind of unit."""
    return Table(f"{counts}_by_{by}", unit or counts, (by,), opened_by, opens_from)


def make_crossing(by: str) -> Table:
    """Return the table that crosses the régions with the classification `by`."""
    code = f"incidents_by_region_and_{by}"
    categories = "" if by == "quarter" else f"incidents_by_{by}"
    return Table(code, "incidents", ("region", by), "incidents_by_region", CROSSING_OPENS_FROM, categories)


BY_MONTH = make_table("incidents", "month", opened_by="incidents")
# Each table comes after the tables that open it.
TABLES_OF_A_YEAR = (
    *(Table(code, code) for code in ("incidents", "reports", "interruptions", "leaks", "unfounded", "late")),
    *(
        make_table("incidents", by, opened_by="incidents")
        for by in ("region", "type", "cause", "discovery", "help", "closing")
    ),
    BY_MONTH,
    make_table("leaks", "persons", opened_by="leaks"),
    make_table("leaks", "status", opened_by="leaks"),
    make_table("leaks", "category", opened_by="leaks", unit="leak_categories"),
    make_table("interruptions", "hours", opened_by="interruptions"),
    make_table("interruptions", "service", opened_by="interruptions", opens_from=LONG_LIST_OPENS_FROM),
    make_table("interruptions", "family", opened_by="interruptions"),
    make_table("bodies", "stratum", opened_by="incidents"),
    *(make_crossing(by) for by in ("quarter", "type", "cause")),
)
# A small total of a quarter is not printed at all, because beside the year's total a dash would reveal too much.
TABLES_OF_A_QUARTER = (
    *(Table(code, code, (), code, OPENS_FROM) for code in ("incidents", "reports", "interruptions", "leaks")),
    BY_MONTH,
)
TABLES = {table.code: table for table in TABLES_OF_A_YEAR}
# Long list → short list of the same units. Only one of both is printed: the long list if it opens.
SHORT_LIST_OF = {"interruptions_by_service": "interruptions_by_family"}


def list_tables(period: Period) -> tuple[Table, ...]:
    """Return the tables that a release of this period may print."""
    return TABLES_OF_A_QUARTER if period.quarter else TABLES_OF_A_YEAR
