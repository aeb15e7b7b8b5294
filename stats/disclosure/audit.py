"""What a reader can prove of few bodies from printed figures, by linear programming. It reads nothing but the figures.

A release is printed only if this audit finds nothing; because it looks at no secret, that it passed tells no more than
the figures themselves, and anybody may run it again. This file is also the program `verify.py` of each published
package: it needs Python 3.12, `highspy` (the solver) and `PyNaCl` (the signature), and no network.

    python -m pip install highspy PyNaCl
    python verify.py            # in the folder of the unpacked archive

A printed cell is a multiple of `BASE`, whose true number of units lies within `BASE - 1` of it, or a dash: fewer than
`THRESHOLD` bodies, however many units they have. The audit asks three things of all figures together:

1. one country fits in which every dash is zero. No dash, sum of dashes or complement is then proved not empty,
   whatever a reader believes of the number of units behind a dash;
2. each dash may also hold `THRESHOLD - 1` units, even for a reader who believes that none holds more;
3. what a total holds beside a part of it (incidents without leak, leaks without a category, incidents beyond the
   number of bodies) is not proved to be between 1 and `2 * (THRESHOLD - 1)`.

A yearly release is audited alone, for a reader who knows that cases were corrected since the quarters were printed,
and with the quarterly releases of its year, for a reader who is sure that none was.
"""

import csv
import hashlib
import json
import os
import sys
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import highspy
from nacl.exceptions import BadSignatureError
from nacl.signing import VerifyKey

THRESHOLD = 5  # distinct bodies
BASE = 5
MANY = 1e7  # units in a cell that is not printed
EPSILON = 1e-6
TOTAL: tuple[str, ...] = ()
QUARTERS = ("T1", "T2", "T3", "T4")

type Printed = Mapping[str, Any]
# Period, unit, classification, categories: « 2025 », « incidents », ("region",), ("53",)
type Cell = tuple[str, str, tuple[str, ...], tuple[str, ...]]


def failing_tables(printed: Printed, earlier: Sequence[Printed] = ()) -> set[str]:
    """Return the codes of the tables of `printed` in which a reader proves something; empty if the audit passes.

    `printed` holds « period » and « tables »; `earlier` are the quarterly releases of the same year.
    """
    failing = audit(Figures([printed]), printed)
    if not failing and earlier:
        failing = audit(Figures([*earlier, printed]), printed)
    return failing


def audit(figures: "Figures", printed: Printed) -> set[str]:
    """Return the tables of `printed` that fail. Figures that no country fits prove nothing: their reader was wrong."""
    country = Country(figures)
    least = country.solve(dict.fromkeys(figures.dashes, 1.0))
    if least is None:
        return set()
    failing = {cell for cell in figures.dashes if least[cell] > EPSILON}
    if not failing:
        country.limit_dashes()
        failing = {*cells_proved_low(country, figures)} or {*rests_proved_small(country, figures)}
    return {figures.table_to_close(cell, printed) for cell in failing}


def cells_proved_low(country: "Country", figures: "Figures") -> Iterator[Cell]:
    """Yield the dashes that cannot hold as much as a dash may. Each country that is found settles several of them."""
    left = list(figures.dashes)
    while left:
        most = country.find(dict.fromkeys(left, -1.0))
        full = {cell for cell in left if most[cell] > THRESHOLD - 1 - EPSILON}
        if not full:
            cell = left[0]
            full = {cell}
            if country.find({cell: -1.0})[cell] < THRESHOLD - 1 - EPSILON:
                yield cell
        left = [cell for cell in left if cell not in full]


def rests_proved_small(country: "Country", figures: "Figures") -> Iterator[Cell]:
    """Yield a part of each total that is proved to leave a few units beside its parts, but not none."""
    for total, parts in figures.inclusions():
        least = country.find({total: 1.0} | dict.fromkeys(parts, -1.0))
        rest = least[total] - sum(least[part] for part in parts)
        if EPSILON < rest <= 2 * (THRESHOLD - 1):
            yield parts[0]


@dataclass
class Figures:
    """The cells of some releases, and what everybody knows of them."""

    releases: Sequence[Printed]
    # Cell → the least and the most units that it may hold.
    bounds: dict[Cell, tuple[float, float]] = field(default_factory=dict)
    dashes: list[Cell] = field(default_factory=list)

    def __post_init__(self) -> None:
        for release in self.releases:
            for table in release["tables"]:
                for categories, value in table["cells"]:
                    self.add(cell_of(release, table, categories), value)

    def add(self, cell: Cell, value: int | None) -> None:
        if value is None:
            self.bounds[cell] = (0, MANY)
            self.dashes.append(cell)
        else:
            self.bounds[cell] = (max(THRESHOLD, value - BASE + 1), value + BASE - 1)

    def get(self, period: str, counts: str) -> Cell | None:
        """Return the total of that unit if it is printed."""
        cell = (period, counts, TOTAL, TOTAL)
        return cell if cell in self.bounds else None

    def of(self, period: str, counts: str) -> list[Cell]:
        """Return the cells of the classifications of that unit."""
        return [cell for cell in self.bounds if cell[:2] == (period, counts) and cell[2]]

    def table_to_close(self, cell: Cell, printed: Printed) -> str:
        """Return the code of the cell's table. Of a quarter that is printed already, the finest table of the year that
        bears on it.
        """
        period, counts, by, _categories = cell
        open_tables = {
            (table["counts"], tuple(table["by"])): table["code"] for table in printed["tables"] if table["cells"]
        }
        if period == printed["period"]:
            return str(open_tables[counts, by])
        bearing = [
            ("incidents", ("region", "quarter")),
            ("incidents", ("month",)),
            (counts, TOTAL),
            ("incidents", TOTAL),
        ]
        return next(str(open_tables[key]) for key in bearing if key in open_tables)

    # What everybody knows

    def sums(self) -> Iterator[tuple[Cell, list[Cell], bool]]:
        """Yield each total with its parts, and whether these are all of it: others may be without a figure."""
        for release in self.releases:
            yield from self.sums_of_tables(release)
        yield from self.sums_over_time()

    def sums_of_tables(self, release: Printed) -> Iterator[tuple[Cell, list[Cell], bool]]:
        sizes = {tuple(table["by"]): len(table["cells"]) for table in release["tables"]} | {("quarter",): 4}
        for table in release["tables"]:
            by = tuple(table["by"])
            for at in range(len(by)):
                parts: dict[Cell, list[Cell]] = defaultdict(list)
                for categories, _value in table["cells"]:
                    cell = cell_of(release, table, categories)
                    total = (*cell[:2], by[:at] + by[at + 1 :], cell[3][:at] + cell[3][at + 1 :])
                    parts[total].append(cell)
                for total, inner in parts.items():
                    if total in self.bounds and by != ("month",):
                        yield total, inner, len(inner) == sizes.get((by[at],), len(inner))

    def sums_over_time(self) -> Iterator[tuple[Cell, list[Cell], bool]]:
        """Months make a quarter, quarters a year; months may stand in the release of either."""
        periods = [release["period"] for release in self.releases]
        months = [cell for cell in self.bounds if cell[2] == ("month",)]
        for total in [cell for cell in self.bounds if cell[2] == TOTAL]:
            period, counts = total[:2]
            inner = [cell for cell in months if cell[1] == counts and is_month_of(cell[3][0], period)]
            if inner:
                yield total, inner, len(inner) == (3 if "-" in period else 12)
            quarters = [self.get(f"{period}-{quarter}", counts) for quarter in QUARTERS]
            known = [cell for cell in quarters if cell]
            if known and period in periods:
                yield total, known, len(known) == len(QUARTERS)
        yield from self.sums_of_quarters()

    def sums_of_quarters(self) -> Iterator[tuple[Cell, list[Cell], bool]]:
        """The regions' figures of a quarter lie within the nation's."""
        parts: dict[Cell, list[Cell]] = defaultdict(list)
        for cell in self.bounds:
            if cell[2] == ("region", "quarter"):
                parts[f"{cell[0]}-{cell[3][1]}", cell[1], TOTAL, TOTAL].append(cell)
        yield from ((total, inner, False) for total, inner in parts.items() if total in self.bounds)

    def inclusions(self) -> Iterator[tuple[Cell, list[Cell]]]:
        """Yield each total with parts that lie within it together."""
        for release in self.releases:
            period = release["period"]
            incidents, leaks = self.get(period, "incidents"), self.get(period, "leaks")
            unfounded, bodies = self.get(period, "unfounded"), self.of(period, "bodies")
            if incidents and leaks:
                yield incidents, [leaks]
            if incidents and leaks and unfounded:
                yield incidents, [leaks, unfounded]
            if incidents and bodies:
                yield incidents, bodies
            if leaks:
                yield from ((leaks, [category]) for category in self.of(period, "leak_categories"))

    def orders(self) -> Iterator[tuple[list[Cell], list[Cell]]]:
        """Yield cells that hold no more than others do: a case that was closed within a delay had been taken charge of
        within it, or nobody knows when. Delays are printed from the shortest on, « not known » last.
        """
        for release in self.releases:
            of_incidents = self.of(release["period"], "incidents")
            closings, helps = ([cell for cell in of_incidents if cell[2] == (by,)] for by in ("closing", "help"))
            for number in range(1, len(closings) if len(closings) == len(helps) else 0):
                yield closings[:number], [*helps[:number], helps[-1]]

    def covers(self) -> Iterator[tuple[Cell, list[Cell]]]:
        """Yield each number of leaks with their categories: a leak has a category at least."""
        for release in self.releases:
            leaks, categories = self.get(release["period"], "leaks"), self.of(release["period"], "leak_categories")
            if leaks and categories:
                yield leaks, categories


def cell_of(release: Printed, table: Printed, categories: Iterable[str]) -> Cell:
    return release["period"], table["counts"], tuple(table["by"]), tuple(categories)


def is_month_of(month: str, period: str) -> bool:
    _year, dash, quarter = period.partition("-T")
    return not dash or (int(month) + 2) // 3 == int(quarter)


def start_solver() -> Any:
    """Return a silent solver. Its constructor writes a banner to the file descriptor itself, which is put aside."""
    kept = os.dup(1)
    try:
        with Path(os.devnull).open("wb") as nowhere:
            os.dup2(nowhere.fileno(), 1)
            solver = highspy.Highs()  # type: ignore[no-untyped-call]  # its sources carry no types
    finally:
        os.dup2(kept, 1)
        os.close(kept)
    solver.silent()
    solver.setOptionValue("threads", 1)
    return solver


class Country:
    """Every country that fits the figures, as a linear program."""

    def __init__(self, figures: Figures) -> None:
        self.cells, self.dashes = list(figures.bounds), figures.dashes
        self.columns = {cell: number for number, cell in enumerate(self.cells)}
        self.solver = start_solver()
        for low, high in figures.bounds.values():
            self.solver.addVar(low, high)
        for total, parts, is_whole in figures.sums():
            self.add_row(total, parts, low=0 if is_whole else -MANY, high=0)
        for total, parts in figures.inclusions():
            self.add_row(total, parts, low=-MANY, high=0)
        for total, parts in figures.covers():
            self.add_row(total, parts, low=0, high=MANY)
        for cells, others in figures.orders():
            self.add_order(cells, others)

    def add_order(self, cells: Iterable[Cell], others: Iterable[Cell]) -> None:
        """These cells together hold no more than the others."""
        weights = {self.columns[cell]: 1.0 for cell in cells} | {self.columns[cell]: -1.0 for cell in others}
        self.solver.addRow(-MANY, 0, len(weights), [*weights], [*weights.values()])

    def add_row(self, total: Cell, parts: Iterable[Cell], *, low: float, high: float) -> None:
        """The parts less their total lie between `low` and `high`."""
        weights = {self.columns[part]: 1.0 for part in parts} | {self.columns[total]: -1.0}
        self.solver.addRow(low, high, len(weights), [*weights], [*weights.values()])

    def limit_dashes(self) -> None:
        """From now on, no dash holds `THRESHOLD` units or more. The country in which all are zero still fits."""
        for cell in self.dashes:
            self.solver.changeColBounds(self.columns[cell], 0, THRESHOLD - 1)

    def solve(self, weights: Mapping[Cell, float]) -> dict[Cell, float] | None:
        """Return a country in which the weighted sum of these cells is least; None if no country fits."""
        columns = list(range(len(self.cells)))
        self.solver.changeColsCost(len(columns), columns, [weights.get(cell, 0.0) for cell in self.cells])
        self.solver.run()
        status = self.solver.getModelStatus()
        if status == highspy.HighsModelStatus.kOptimal:
            return dict(zip(self.cells, self.solver.getSolution().col_value, strict=True))
        if status in (highspy.HighsModelStatus.kInfeasible, highspy.HighsModelStatus.kUnboundedOrInfeasible):
            return None
        raise ArithmeticError(f"the solver gave no answer: {status}")

    def find(self, weights: Mapping[Cell, float]) -> dict[Cell, float]:
        """Return such a country where one is known to fit."""
        country = self.solve(weights)
        if country is None:
            raise ArithmeticError("the solver lost a country that fits")
        return country


# The program of a published package


class WrongCopyError(Exception):
    """A file of the package is not what was published."""


def main(folder: Path) -> int:
    """Check the seal and the tables of an unpacked package, and run the audit again. Return 0 if all hold."""
    try:
        verdict, failing = verify(folder)
    except WrongCopyError as error:
        verdict, failing = f"REFUSÉ. {error} Téléchargez de nouveau l’archive, depuis la page de la publication.", True
    sys.stdout.write(f"{verdict}\n")
    return 1 if failing else 0


def verify(folder: Path) -> tuple[str, bool]:
    """Return what to tell the reader, and whether the audit fails. Raises WrongCopyError."""
    printed, seal = read_sealed(folder)
    earlier = [read_earlier(folder, number, digest) for number, digest in sorted(printed["earlier"].items())]
    check_tables(folder, [*earlier, printed])
    failing = sorted(failing_tables(printed, earlier))
    secret = (
        f"Secret : CES TABLEAUX EN DISENT TROP : {', '.join(failing)}."
        if failing
        else "Secret : aucun nombre n’en dit trop. Tous les tirets peuvent valoir zéro, et chacun peut valoir quatre."
    )
    lines = (
        f"Publication no {printed['number']}, {printed['period']}, parue le {printed['published_on']}.",
        f"Signature : intacte. Clé, à comparer à celle de la page : {seal['verify_key']}",
        "Tableaux CSV : les nombres signés, et eux seuls.",
        secret,
        "REFUSÉ." if failing else "CONFORME.",
    )
    return "\n".join(lines), bool(failing)


def read_sealed(folder: Path) -> tuple[Printed, Mapping[str, str]]:
    """Return the printed form and its seal."""
    body = read_file(folder, "canonical.json")
    try:
        seal = json.loads(read_file(folder, "datapackage.json"))["seal"]
        is_digest_right = hashlib.sha256(body).hexdigest() == seal["sha256"]
        VerifyKey(bytes.fromhex(seal["verify_key"])).verify(body, bytes.fromhex(seal["signature"]))
    except (BadSignatureError, KeyError, TypeError, ValueError):
        raise WrongCopyError("La signature n’est pas celle de canonical.json : l’un des deux a changé.") from None
    if not is_digest_right:
        raise WrongCopyError("L’empreinte annoncée n’est pas celle de canonical.json.")
    return json.loads(body), seal


def read_earlier(folder: Path, number: str, digest: str) -> Printed:
    name = f"canonical-{number}.json"
    body = read_file(folder, name)
    if hashlib.sha256(body).hexdigest() != digest:
        raise WrongCopyError(f"{name} n’est pas la publication no {number}, dont celle-ci dépend.")
    printed: Printed = json.loads(body)
    return printed


def read_file(folder: Path, name: str) -> bytes:
    try:
        return (folder / name).read_bytes()
    except OSError:
        raise WrongCopyError(f"Le fichier {name} manque.") from None


def check_tables(folder: Path, releases: Sequence[Printed]) -> None:
    """Raise WrongCopyError if the figures of the CSV files are not those that are signed."""
    signed = dict(item for release in releases for item in list_signed(release))
    found = {}
    for path in sorted(folder.glob("*.csv")):
        with path.open(encoding="utf-8", newline="") as file:
            for row in csv.DictReader(file):
                if row.get("table_closed") == "false":
                    key = row["release"], row["table"], *(row[name] for name in ("region", "category") if name in row)
                    found[key] = row["value"]
                    if signed.get(key) != row["value"]:
                        raise WrongCopyError(f"{path.name} ne dit pas ce qui est signé : {', '.join(key)}.")
    if missing := dict(list_signed(releases[-1])).keys() - found.keys():
        raise WrongCopyError(f"Des cases signées manquent dans les CSV : {', '.join(min(missing))}.")


def list_signed(release: Printed) -> Iterator[tuple[tuple[str, ...], str]]:
    """Yield each printed cell as its row in a CSV file."""
    for table in release["tables"]:
        for categories, value in table["cells"]:
            yield (str(release["number"]), table["code"], *categories), "" if value is None else str(value)


if __name__ == "__main__":
    sys.exit(main(Path(__file__).parent))
