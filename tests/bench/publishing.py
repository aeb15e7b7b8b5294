"""Measures how a year of a country is counted and published: the time of each release, and the share of its units that
it prints.

Runs as a child process. BENCH_PER_YEAR is the number of declarations in that year.
"""

import os
from collections import Counter
from collections.abc import Iterator
from time import monotonic, process_time

import django

django.setup()

from django.db import connection, transaction  # noqa: E402

from stats.counting.rollups import fold_pending_events  # noqa: E402
from stats.counting.strata import count_existing_bodies  # noqa: E402
from stats.disclosure.draw import EMPTY_COUNT, CountsByTable  # noqa: E402
from stats.disclosure.tables import TABLES  # noqa: E402
from stats.models import Attempt, Figure, Release  # noqa: E402
from stats.releases.tally import count_cells  # noqa: E402
from stats.services import publish_due_periods  # noqa: E402
from tests.bench.figures import Figure as Measured  # noqa: E402
from tests.bench.figures import judge_at_most, print_figures, report_value  # noqa: E402

# The seconds that a release may take, by the number of declarations of its year.
MAX_SECONDS = {640: 2, 5_000: 3, 400_000: 10}


def main() -> None:
    per_year = int(os.environ["BENCH_PER_YEAR"])
    year = f"{per_year} declarations a year"
    print_figures([*measure_counting(year), *measure_publishing(year, per_year), *measure_coverage(year)])


def measure_counting(year: str) -> Iterator[Measured]:
    began, worked = monotonic(), process_time()
    facts = fold_pending_events()
    yield report_value(f"{year}: facts counted", facts / max(monotonic() - began, 0.001), "facts/s")
    yield report_value(f"{year}: the same, CPU", process_time() - worked, "s")


def measure_publishing(year: str, per_year: int) -> Iterator[Measured]:
    worked = process_time()
    publish_due_periods()
    spent = process_time() - worked
    attempt = Attempt.objects.filter(release__quarter=0).latest("pk")
    most = next((seconds for size, seconds in sorted(MAX_SECONDS.items()) if per_year <= size), None)
    name = f"{year}: a yearly release counted, drawn, audited, saved ({attempt.draws} draws)"
    yield judge_at_most(name, attempt.seconds, most, "s") if most else report_value(name, attempt.seconds, "s")
    yield report_value(f"{year}: all its releases, CPU", spent, "s")
    yield report_value(f"{year}: tables closed by the audit", len(attempt.closed), "tables")


def measure_coverage(year: str) -> Iterator[Measured]:
    """Measure the share of the units of each table that lie in a printed cell, and the errors of these cells."""
    release = Release.objects.filter(quarter=0).latest("year")
    with transaction.atomic():
        counts = count_again(release)
    shown_units: Counter[str] = Counter()
    errors: list[int] = []
    for figure in Figure.objects.filter(release=release).exclude(value=None):
        # « Other region » is an empty code.
        cell = (figure.first, figure.second)[: len(TABLES[figure.table].by)]
        units = counts[figure.table].get(cell, EMPTY_COUNT).units
        shown_units[figure.table] += units
        errors.append(figure.value - units)  # type: ignore[operator]  # dashes are left out
    for table, cells in counts.items():
        every = sum(count.units for count in cells.values())
        yield report_value(f"{year}: {table}, told", 100 * shown_units[table] / every if every else 0, "%")
    yield report_value(f"{year}: mean error of a number", sum(errors) / len(errors), "")
    yield judge_at_most(f"{year}: largest error of a number", max(map(abs, errors)), 4, "")


def count_again(release: Release) -> CountsByTable:
    """Return the exact counts of a release, from the cases that it counted."""
    with connection.cursor() as cursor:
        cursor.execute(
            "CREATE TEMPORARY TABLE frozen_case ON COMMIT DROP AS "
            "SELECT * FROM stats_countedcase WHERE release_id = %s",
            [release.pk],
        )
    return count_cells(release.period, count_existing_bodies(release.year))


if __name__ == "__main__":
    main()
