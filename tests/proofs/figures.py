"""Measure what the publication rule prints and costs on invented countries (`python -m tests.proofs.figures`)."""

import sys
import time
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any

from stats.disclosure.draw import DrawResult, draw_release
from stats.disclosure.tables import Period
from tests.proofs.countries import Case, draw_country
from tests.proofs.knowledge import Edition
from tests.proofs.tally import Cells, tally_cases

SECRETS = 10
SIZES = (84, 317, 640, 5000)
SMALL_SIZES = (20, 40)
LARGE_SIZE = 400_000
YEAR = 2025


@dataclass
class Measured:
    """Sums over some releases. By table, `published` counts the units in cells with a figure, and `units` all units.
    `errors` has printed less true for each figure. `closed` counts how often the audit closed each table.
    """

    published: Counter[str] = field(default_factory=Counter)
    units: Counter[str] = field(default_factory=Counter)
    errors: list[int] = field(default_factory=list)
    draws: list[int] = field(default_factory=list)
    closed: Counter[str] = field(default_factory=Counter)
    seconds: list[float] = field(default_factory=list)

    def add(
        self, tables: Iterable[dict[str, Any]], counts: dict[str, Cells], *, draws: int, closed: Iterable[str]
    ) -> None:
        for table in tables:
            cells = counts.get(table["code"], {})
            values = {tuple(cell): value for cell, value in table["cells"]}
            self.units[table["code"]] += sum(count.units for count in cells.values())
            for cell, value in values.items():
                if value is not None:
                    self.published[table["code"]] += cells[cell].units
                    self.errors.append(value - cells[cell].units)
        self.draws.append(draws)
        self.closed.update(closed)

    def coverage(self, code: str) -> float | None:
        """Return the percentage of the units of a table that lie in cells with a figure; None for a table without
        units.
        """
        return 100 * self.published[code] / self.units[code] if self.units[code] else None

    def describe_draws(self) -> str:
        draws = sorted(self.draws)
        errors = [abs(error) for error in self.errors] or [0]
        mean = sum(self.errors) / max(len(self.errors), 1)
        return (
            f"draws median {draws[len(draws) // 2]} max {draws[-1]}; error mean {mean:+.3f}, absolute "
            f"{sum(errors) / len(errors):.2f}, max {max(errors)}; closed by the audit {dict(self.closed) or 'none'}"
        )


def measure_year(cases: Sequence[Case], keys: Iterable[bytes], *, measured: Measured | None = None) -> Measured:
    """Draw the release of the year with each key, and add it to the sums."""
    measured = measured or Measured()
    counts = tally_cases(cases, year=YEAR)
    for key in keys:
        began = time.process_time()
        drawn = draw_release(counts, period=Period(YEAR), earlier=(), key=key)
        measured.seconds.append(time.process_time() - began)
        measured.add(drawn.tables, counts, draws=drawn.draws, closed=drawn.closed)
    return measured


def measure_editions(editions: Iterable[tuple[Edition, DrawResult]], *, measured: Measured) -> None:
    """Add releases that were drawn already to the sums."""
    for edition, drawn in editions:
        counts = tally_cases(edition.cases, year=int(edition.year), quarter=int(edition.quarter[1:] or 0))
        measured.add(drawn.tables, counts, draws=drawn.draws, closed=drawn.closed)


def tabulate_coverage(columns: dict[str, Measured]) -> list[str]:
    """Return the lines of a text table: the percentage of units published, by table and by column."""
    codes: defaultdict[str, dict[str, float | None]] = defaultdict(dict)
    for name, measured in columns.items():
        for code in measured.units:
            codes[code][name] = measured.coverage(code)
    lines = ["% of units in cells that are told".ljust(34) + "".join(name.rjust(9) for name in columns)]
    for code, shares in codes.items():
        figures = (shares.get(name) for name in columns)
        lines.append(code.ljust(34) + "".join("      –  " if share is None else f"{share:9.1f}" for share in figures))
    return lines


def list_keys(number: int) -> list[bytes]:
    return [f"secret {index}".encode() for index in range(number)]


def main(write: Callable[[str], object] = sys.stdout.write) -> None:
    columns = {str(number): measure_year(draw_country(number), list_keys(SECRETS)) for number in SIZES}
    write("\n".join(tabulate_coverage(columns)) + "\n\n")
    for number in SMALL_SIZES:
        columns[str(number)] = measure_year(draw_country(number), list_keys(SECRETS))
    columns[str(LARGE_SIZE)] = measure_year(draw_country(LARGE_SIZE), list_keys(1))
    for name, measured in columns.items():
        seconds = sum(measured.seconds) / len(measured.seconds)
        write(f"{name} a year: {measured.describe_draws()}; {seconds:.2f} s of CPU a release\n")


if __name__ == "__main__":
    main()
