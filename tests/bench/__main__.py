"""`make bench`: measures every figure that the project promises against its aim, in one run of about
eleven minutes on an idle machine.

    python -m tests.bench [--large] [pages counting millions bulk printing searching share mail urgent import start …]

Ratios and counts are judged. Absolute times are not, except those of a release and of a simulated network. The table
is printed on the screen, the list is written to .local/bench.json.

`--large` counts and publishes a million incidents. Public pages are then measured with ten million incidents in the
same database.
"""

import argparse
import sys
from collections.abc import Iterator

from tests.backend import ROOT
from tests.bench.browsing import measure_in_browser
from tests.bench.databases import BenchDatabases, open_bench_databases, refuse_full_disk
from tests.bench.declaring import measure_mail, measure_share
from tests.bench.figures import Figure, format_table, log_progress, write_figures
from tests.bench.freshness import measure_freshness
from tests.bench.lighthouse.install import measure_lighthouse
from tests.bench.loading import measure_import
from tests.bench.printing import measure_printing
from tests.bench.purging import measure_purging
from tests.bench.starting import measure_start
from tests.bench.urgency import measure_urgency

SMALL, USUAL, LARGE, LARGEST = 10_000, 100_000, 1_000_000, 10_000_000
# The number of cases of the bulk action. A wave of twice as many is invented for it.
ACTED_ON = 1_000
# Declarations a year of the whole country: the real volume, and what it may become.
VOLUMES, LARGE_VOLUMES = [640, 5_000], [640, 5_000, 400_000]
PARTS = [
    *["start", "searching", "share", "mail", "urgent", "printing", "bulk", "import", "line", "lighthouse", "pages"],
    *["counting", "freshness", "publishing"],
]
# The parts that write to a copy of the small database as published. `urgent` writes too, to a copy made before its
# first release.
WRITING_AFTER_RELEASE = {"share", "mail", "bulk", "line", "lighthouse", "counting", "freshness"}
# The parts whose network is simulated or whose time is not judged. The largest database is filled meanwhile, for the
# parts that need it.
UNHURRIED, OF_THE_LARGEST = {"import", "line", "lighthouse"}, {"pages", "counting"}
LARGE_PARTS = ["pages", "counting", "publishing", "millions"]


def main() -> None:
    options = parse_arguments()
    larger = LARGE if options.large else USUAL
    parts = options.parts or (LARGE_PARTS if options.large else PARTS)
    refuse_full_disk(SMALL + larger, buried=LARGEST if "millions" in parts else 0)
    path = ROOT / ".local" / ("bench-large.json" if options.large else "bench.json")
    figures: list[Figure] = []
    with open_bench_databases() as databases:
        for more in measure(databases, larger, parts):
            figures += more
            write_figures(figures, path)
    sys.stdout.write(f"\n{format_table(figures)}\n")


def parse_arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tests.bench")
    parser.add_argument(
        "--large",
        action="store_true",
        help="a million incidents and ten; the pages and the figures only",
    )
    parser.add_argument("parts", nargs="*", choices=[*PARTS, "purging", "millions", []], help="these parts only")
    return parser.parse_args()


def prepare_databases(databases: BenchDatabases, parts: set[str]) -> None:
    """Create the databases of these parts. The databases that a part writes to are copies."""
    log_progress("servers are up")
    if "urgent" in parts:  # it measures the first release, so it is copied before that
        databases.create("bench_urgent", template=databases.get_invented(SMALL))
    if (WRITING_AFTER_RELEASE | {"pages"}) & parts:
        small = databases.get_filled(SMALL)
        for part in WRITING_AFTER_RELEASE & parts:
            databases.create(f"bench_{part}", template=small)
    for part in {"bulk", "urgent"} & parts:
        # Two thirds of a wave are not acknowledged yet.
        databases.manage(f"bench_{part}", "simulate_incidents", "--region=53", f"--campaign={2 * ACTED_ON}")


def measure(databases: BenchDatabases, larger: int, parts: list[str]) -> Iterator[list[Figure]]:
    """Yield the figures of each part. A part that fails is reported as a figure, and the others are still measured."""
    prepare_databases(databases, set(parts))
    works = {
        "start": lambda: measure_start(databases),
        "import": lambda: measure_import(databases),
        "searching": lambda: databases.run_measurement("tests.bench.searching", "test_tocsin"),
        "printing": lambda: measure_printing(databases),
        "share": lambda: measure_share(databases, "bench_share"),
        "mail": lambda: measure_mail(databases, "bench_mail"),
        "urgent": lambda: measure_urgency(databases, "bench_urgent"),
        "bulk": lambda: databases.run_measurement("tests.bench.bulk", "bench_bulk"),
        "line": lambda: measure_in_browser(databases, "tests.bench.line", "bench_line"),
        "lighthouse": lambda: measure_lighthouse(databases, "bench_lighthouse"),
        "pages": lambda: databases.run_measurement(
            "tests.bench.pages", databases.get_filled(SMALL), BENCH_LARGER=databases.get_filled(larger)
        ),
        "counting": lambda: measure_counting(databases, larger),
        "freshness": lambda: measure_freshness(databases, "bench_freshness"),
        "publishing": lambda: measure_publishing(databases, LARGE_VOLUMES if larger > USUAL else VOLUMES),
        "purging": lambda: measure_purging(databases, (SMALL, USUAL)),
        "millions": lambda: databases.run_measurement(
            "tests.bench.counting", databases.get_filled(USUAL), BENCH_LARGER=databases.get_enlarged(LARGE, LARGEST)
        ),
    }
    for part in parts:
        if part in UNHURRIED and OF_THE_LARGEST & set(parts):
            databases.start_filling(larger)
        try:
            yield works[part]()
        except (SystemExit, Exception) as problem:  # noqa: BLE001 (whatever fails, the other parts can still be measured)
            yield [Figure(f"{part} could not be measured: {problem!r}"[:200], 0, "", "", ok=False)]


def measure_counting(databases: BenchDatabases, larger: int) -> list[Figure]:
    """Measure the pages of figures. Growth is measured from 100 000 incidents on, because the tables no longer become
    finer from there.
    """
    smaller = databases.get_filled(USUAL) if larger > USUAL else "bench_counting"
    figures = databases.run_measurement("tests.bench.counting", smaller, BENCH_LARGER=databases.get_filled(larger))
    log_progress("pages of figures compared")
    return figures


def measure_publishing(databases: BenchDatabases, volumes: list[int]) -> list[Figure]:
    """Measure a published year for each number of declarations a year."""
    figures: list[Figure] = []
    for per_year in volumes:
        figures += databases.run_measurement(
            "tests.bench.publishing", databases.create_country(per_year), BENCH_PER_YEAR=str(per_year)
        )
        log_progress(f"a year of {per_year} declarations published")
    return figures


if __name__ == "__main__":
    main()
