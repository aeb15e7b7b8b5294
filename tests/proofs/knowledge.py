"""The statements of printed releases and public knowledge, as linear relations between unknown numbers.

An unknown is the number of units of one cell in one book. A reader who is sure that nothing changed between the
releases of a year reads them as one book. A reader who is not sure keeps one book for each release, and knows that
cases were only added, so that each later number is an earlier one plus a change.
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import product
from typing import Any, NamedTuple

from tests.proofs.countries import BODIES, STRATA, Case

QUARTERS = ("T1", "T2", "T3", "T4")
MONTHS = tuple(f"{number:02}" for number in range(1, 13))
DELAYS = ("0-1h", "1-4h", "4-24h", "1-3d", "3-7d", "7-30d")
# The units whose cells do not add up to a printed total.
NOT_SUMMED = ("bodies", "leak_categories")
CHANGE = " > "
# A quarter's total is printed from 40 on.
SMALL_TOTAL = 39

type At = tuple[tuple[str, str], ...]


class Unknown(NamedTuple):
    """The number of units of one cell. `at` has the category of each classification, and is empty for a total.

    `counts` is the unit. It may also name units of a total that are in none of its parts: « no_leak », « neither », «
    repeats », « leaks_without ».
    """

    book: str
    counts: str
    at: At = ()


class Row(NamedTuple):
    """The relation that Σ sign · unknown lies between `least` and `most`."""

    signs: dict[Unknown, int]
    least: float = 0
    most: float = 0


class Partition(NamedTuple):
    whole: Unknown
    parts: tuple[Unknown, ...]


@dataclass(frozen=True)
class Edition:
    """A release as printed, and for the judge the true cases from which it was drawn. `late` are the incidents of
    earlier years that it counts.
    """

    printed: dict[str, Any]
    cases: Sequence[Case]
    late: Sequence[Case] = ()

    @property
    def year(self) -> str:
        return self.printed["period"][:4]

    @property
    def quarter(self) -> str:
        return self.printed["period"][5:]

    @property
    def label(self) -> str:
        return f"{self.printed['period']} no {self.printed['number']}"


@dataclass
class Book:
    """The releases that a reader reads as one. `dims` maps a unit to the classifications by which it is printed.
    `quarter` is empty for the book of a year. `began` is the quarter of that year in which the service began, and the
    first quarter if it existed before.
    """

    name: str
    year: str
    quarter: str
    editions: list[Edition]
    began: str = QUARTERS[0]
    dims: dict[str, set[tuple[str, ...]]] = field(default_factory=lambda: defaultdict(set))
    codes: dict[str, tuple[str, ...]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        months = MONTHS[3 * int(self.quarter[1]) - 3 :][:3] if self.quarter else MONTHS[3 * int(self.began[1]) - 3 :]
        quarters = (self.quarter,) if self.quarter else QUARTERS[QUARTERS.index(self.began) :]
        self.codes |= {"month": months, "quarter": quarters}
        for edition in self.editions:
            self.read_tables(edition)

    def read_tables(self, edition: Edition) -> None:
        """Add the classifications and their categories from the printed tables of an edition."""
        for table in edition.printed["tables"]:
            if table["is_open"]:
                by = tuple(table["by"])
                self.dims[table["counts"]] |= {by or (("quarter",) if edition.quarter else ())}
                self.dims[table["counts"]] |= {("quarter",)} if {"quarter", "month"} & {*by} else set()
                if len(by) == 1 and by != ("month",):
                    self.codes[by[0]] = tuple(cell[0] for cell, _value in table["cells"])

    def unknowns(self, counts: str, by: tuple[str, ...]) -> list[Unknown]:
        codes = product(*(self.codes[name] for name in by))
        return [Unknown(self.name, counts, tuple(zip(by, code, strict=True))) for code in codes]

    def has(self, counts: str, by: tuple[str, ...] = ()) -> bool:
        return by in self.dims.get(counts, ())


def write_books(editions: Sequence[Edition], *, is_sure: bool) -> list[Book]:
    if not is_sure:
        books = [
            Book(edition.label, edition.year, edition.quarter, [edition], find_beginning(editions, edition.year))
            for edition in editions
        ]
        for earlier, later in list_links(books):
            for counts, dims in earlier.dims.items():
                later.dims[counts] |= dims
            later.codes = {**earlier.codes, **later.codes}
        return books
    by_year = defaultdict(list)
    for edition in editions:
        by_year[edition.year].append(edition)
    return [Book(year, year, "", of_year, find_beginning(editions, year)) for year, of_year in by_year.items()]


def find_beginning(editions: Sequence[Edition], year: str) -> str:
    """Return the first quarter of this year with an edition, or the first quarter if none has one. Every later quarter
    is assumed to have one.
    """
    quarters = [edition.quarter for edition in editions if edition.year == year and edition.quarter]
    return min(quarters, default=QUARTERS[0])


def list_links(books: Sequence[Book]) -> Iterator[tuple[Book, Book]]:
    """Yield each book with each later book that covers its period."""
    for number, later in enumerate(books):
        for earlier in books[:number]:
            if later.year == earlier.year and later.quarter in ("", earlier.quarter):
                yield earlier, later


class Knowledge:
    """All relations that a reader knows. `values` maps an unknown to the numbers printed of it, None for a dash.
    `partitions` are the sums about which the attacker asks.
    """

    def __init__(self, editions: Sequence[Edition], *, is_sure: bool = True) -> None:
        self.books = write_books(editions, is_sure=is_sure)
        self.rule = editions[-1].printed["rule"]
        self.values: dict[Unknown, list[int | None]] = defaultdict(list)
        self.partitions: list[Partition] = []
        self.rows: list[Row] = []
        for book in self.books:
            self.read_values(book)
            self.add_partitions(book)
            self.add_inclusions(book)
            self.add_delays(book)
        for earlier, later in list_links(self.books):
            self.add_changes(earlier, later)
        self.unknowns = list(dict.fromkeys([*self.values, *(cell for row in self.rows for cell in row.signs)]))

    def read_values(self, book: Book) -> None:
        for edition in book.editions:
            when = (("quarter", edition.quarter),) if edition.quarter else ()
            for table in edition.printed["tables"]:
                for codes, value in table["cells"]:
                    at = tuple(zip(table["by"], codes, strict=True)) or when
                    self.values[Unknown(book.name, table["counts"], at)].append(value)
                if when and not (table["by"] or table["cells"]):  # a total that is not printed is small
                    self.rows.append(Row({Unknown(book.name, table["counts"], when): 1}, most=SMALL_TOTAL))

    def add_partitions(self, book: Book) -> None:
        for counts, by in [(counts, by) for counts, dims in book.dims.items() for by in sorted(dims)]:
            if counts in NOT_SUMMED or not by:
                continue
            if by == ("month",):
                self.add_months(book, counts)
            elif len(by) == 2:
                self.add_crossing(book, counts, by)
            elif not (by == ("quarter",) and book.quarter):
                self.add_partition(Unknown(book.name, counts), book.unknowns(counts, by))

    def add_partition(self, whole: Unknown, parts: Iterable[Unknown]) -> None:
        parts = tuple(parts)
        self.partitions.append(Partition(whole, parts))
        self.rows.append(Row({whole: -1, **dict.fromkeys(parts, 1)}))

    def add_months(self, book: Book, counts: str) -> None:
        months = book.unknowns(counts, ("month",))
        for quarter in book.unknowns(counts, ("quarter",)):
            number = QUARTERS.index(quarter.at[0][1])
            inside = [cell for cell in months if (int(cell.at[0][1]) - 1) // 3 == number]
            self.add_partition(quarter, inside)

    def add_crossing(self, book: Book, counts: str, by: tuple[str, ...]) -> None:
        cells = book.unknowns(counts, by)
        for place in (0, 1):
            for whole in book.unknowns(counts, (by[1 - place],)):
                self.add_partition(whole, [cell for cell in cells if cell.at[1 - place] == whole.at[0]])

    def add_inclusions(self, book: Book) -> None:
        """Add the relations between units. An incident has at most one leak, founded or not; a leak has at least one
        category, each at most once; a body is in one stratum and has at least one incident.
        """
        for by in ((), ("quarter",)):
            if book.has("incidents", by) and book.has("leaks", by):
                for whole in book.unknowns("incidents", by):
                    leaks, rest = whole._replace(counts="leaks"), whole._replace(counts="no_leak")
                    self.add_sum(whole, [leaks, rest])
                    if not by and book.has("unfounded"):
                        unfounded, neither = whole._replace(counts="unfounded"), whole._replace(counts="neither")
                        self.add_sum(rest, [unfounded, neither])
        whole = Unknown(book.name, "leaks")
        if book.has("leak_categories", ("category",)):
            categories = book.unknowns("leak_categories", ("category",))
            self.rows.append(Row({whole: 1, **dict.fromkeys(categories, -1)}, least=float("-inf")))
            for category in categories:
                self.add_sum(whole, [category, category._replace(counts="leaks_without")])
        if book.has("bodies", ("stratum",)):
            strata, repeats = book.unknowns("bodies", ("stratum",)), Unknown(book.name, "repeats")
            self.add_sum(Unknown(book.name, "incidents"), [*strata, repeats])
            self.add_homes(book, strata)

    def add_homes(self, book: Book, strata: list[Unknown]) -> None:
        """Add that bodies beyond those that exist in the regions with a number have their incidents in the other
        regions.
        """
        if not book.has("incidents", ("region",)):
            return
        regions = book.unknowns("incidents", ("region",))
        dashes = [region for region in regions if not self.has_number(region)]
        numbered_regions = [BODIES[region.at[0][1]] for region in regions if region.at[0][1] and region not in dashes]
        numbers = {code: sum(row[at] for row in numbered_regions) for at, code in enumerate(STRATA)}
        for group in [*([stratum] for stratum in strata), strata]:
            most = sum(numbers[stratum.at[0][1]] for stratum in group)
            self.rows.append(
                Row({**dict.fromkeys(group, 1), **dict.fromkeys(dashes, -1)}, least=float("-inf"), most=most)
            )

    def has_number(self, unknown: Unknown) -> bool:
        return any(value is not None for value in self.values.get(unknown, ()))

    def add_sum(self, whole: Unknown, parts: Iterable[Unknown]) -> None:
        """Add that the parts, which are not all printed, add up to the whole."""
        self.rows.append(Row({whole: -1, **dict.fromkeys(parts, 1)}))

    def add_delays(self, book: Book) -> None:
        """Add that each case closed within some time had help within that time, unless the time of its help is
        unknown.
        """
        if not (book.has("incidents", ("help",)) and book.has("incidents", ("closing",))):
            return
        bands = {name: book.unknowns("incidents", (name,)) for name in ("help", "closing")}
        for number in range(1, len(DELAYS) + 1):
            closed, helped = (
                [cell for cell in bands[name] if cell.at[0][1] in (*DELAYS[:number], *unknown)]
                for name, unknown in (("closing", ()), ("help", ("unknown",)))
            )
            self.rows.append(Row({**dict.fromkeys(closed, 1), **dict.fromkeys(helped, -1)}, least=float("-inf")))

    def add_changes(self, earlier: Book, later: Book) -> None:
        """Add that each number of the later book is that of the earlier one plus a change that is not negative."""
        name = f"{earlier.name}{CHANGE}{later.name}"
        for counts, dims in earlier.dims.items():
            for by in dims:
                for cell in earlier.unknowns(counts, by):
                    self.add_sum(cell._replace(book=later.name), [cell, cell._replace(book=name)])
        for whole, parts in [*self.partitions]:
            if whole.book == earlier.name:
                self.add_partition(whole._replace(book=name), [cell._replace(book=name) for cell in parts])
