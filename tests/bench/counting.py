"""Measures what figures cost: the SQL of their pages at two sizes, the same numbers counted from raw rows, and their
share of a declaration.

Runs as a child process. DATABASE_URL is the smaller database, to which declarations are added; BENCH_LARGER names the
other one.
"""

import os
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path
from statistics import median
from time import perf_counter, process_time
from typing import Any
from unittest import mock

import django

django.setup()

from django.conf import settings  # noqa: E402
from django.db import connection, connections  # noqa: E402
from django.test import Client  # noqa: E402
from django.test.utils import override_settings  # noqa: E402

from accounts.models import User  # noqa: E402
from collectivities.zones import PARIS, ZONES  # noqa: E402
from config.demo.accounts import DOMAIN  # noqa: E402
from incidents.models import Incident  # noqa: E402
from incidents.services.history import record  # noqa: E402
from stats.enums import Measure  # noqa: E402
from stats.models import Figure, Release  # noqa: E402
from stats.pages.freshness import page_cache  # noqa: E402
from tests.bench.figures import Figure as Measured  # noqa: E402
from tests.bench.figures import (  # noqa: E402
    divide_in_turn,
    judge_at_least,
    judge_at_most,
    print_figures,
    report_value,
)
from tests.bench.visits import get_rennes  # noqa: E402
from tests.cast import declare, signed_in  # noqa: E402

ROUNDS, DECLARATIONS, RAW_ROUNDS = 12, 300, 4
# The parts into which these declarations are dealt, for a spread of what the figures add to them.
PARTS = 6
WARMED_UP = DECLARATIONS // 10  # the first ones are left out
# A page of exact figures may cost as many queries as the page of one case.
MAX_EXACT, MAX_QUERIES, MAX_GROWTH, MAX_PERCENT = 20, 10, 1.2, 5
# Below a million cases the ratios are not judged: the raw rows are too few to be slow, or tables still become finer.
JUDGED_FROM, LEAST_TIMES, TIMES_FROM = 1_000_000, 1_000, 10_000_000
PAGES = {
    "public page of the nation": ("nobody", "/statistiques/"),
    "public page of a region": ("nobody", "/statistiques/?region=53"),
    "API of the last release": ("nobody", "/api/v1/stats/releases/latest/?region=53&table=incidents_by_region"),
    "exact figures of a lead": ("lead", "/statistiques/mon-centre/"),
    "exact figures of a region": ("national", "/statistiques/exacts/region/53/"),
    "exact figures of the nation": ("national", "/statistiques/exacts/france/"),
}
RAW = Path(__file__).with_name("raw_figures.sql")


class SqlClock:
    """Measures the time spent in the database."""

    def __init__(self) -> None:
        self.seconds, self.queries = 0.0, 0

    def __call__(self, execute: Callable[..., Any], *arguments: Any) -> Any:
        began = perf_counter()
        try:
            return execute(*arguments)
        finally:
            self.seconds += perf_counter() - began
            self.queries += 1


class Size:
    """One database, with a connection that stays open while the other one is measured."""

    def __init__(self, name: str) -> None:
        self.name = connections["default"].settings_dict["NAME"] = name
        self.wrapper = connections.create_connection("default")
        self.wrapper.settings_dict = self.wrapper.settings_dict | {"NAME": name}
        self.use_database()
        self.count = Incident.objects.count()
        self.clients = {who: Client(SERVER_NAME="localhost") for who in ["nobody", "lead", "national"]}
        for who in ["lead", "national"]:
            signed_in(self.clients[who], User.objects.get(email=f"{who}@{DOMAIN}"))

    def use_database(self) -> None:
        connections["default"] = self.wrapper
        connections["default"].settings_dict["NAME"] = self.name
        page_cache.clear()  # a page in the cache of the process would cost no SQL

    def measure_sql(self, who: str, path: str) -> tuple[float, int]:
        """Return the milliseconds of SQL and the number of queries of a page."""
        self.use_database()
        clock = SqlClock()
        with connection.execute_wrapper(clock):
            answer = self.clients[who].get(path)
        if answer.status_code != 200:
            raise SystemExit(f"{path}: {answer.status_code}")
        return clock.seconds * 1000, clock.queries


def compare(smaller: Size, larger: Size) -> Iterator[Measured]:
    for name, (who, path) in PAGES.items():
        pairs = [(smaller.measure_sql(who, path), larger.measure_sql(who, path)) for _ in range(ROUNDS)]
        small, large = ([pair[n][0] for pair in pairs] for n in (0, 1))
        growth = [late[0] / max(early[0], 0.001) for early, late in pairs]
        most = MAX_QUERIES if who == "nobody" else MAX_EXACT
        yield judge_at_most(f"{name}: queries", max(pair[1][1] for pair in pairs), most, "queries")
        yield report_value(f"{name}: SQL at {smaller.count}", small, "ms")
        yield report_value(f"{name}: SQL at {larger.count}", large, "ms")
        words = f"{name}: SQL at {larger.count} ÷ {smaller.count}"
        is_judged = larger.count >= JUDGED_FROM and "exact" not in name  # public pages, whose size is bounded
        yield judge_at_most(words, growth, MAX_GROWTH, "×") if is_judged else report_value(words, growth, "×")


def compare_with_raw_rows(size: Size) -> Iterator[Measured]:
    """Compare the page of the last published year with the same numbers counted from the cases."""
    size.use_database()
    if not Release.objects.exists():
        yield report_value(f"no release at {size.count}: nothing to hold against its raw rows", 0, "")
        return
    year = Release.objects.filter(quarter=0).latest("year").year
    page = median(size.measure_sql("nobody", f"/statistiques/?annee={year}")[0] for _ in range(ROUNDS))
    times, sums = zip(*[count_raw_figures(year) for _ in range(RAW_ROUNDS)], strict=True)
    for measure in (Measure.INCIDENTS, Measure.INTERRUPTIONS, Measure.LEAKS):
        printed = Figure.objects.get(release__year=year, release__quarter=0, table=measure).value
        raw = sums[0][measure]
        yield judge_at_most(f"{measure} of {year} at {size.count}: printed less raw", abs(printed - raw), 4, "units")
    yield report_value(f"figures of {year} from {size.count} raw rows", times, "ms")
    name, ratios = f"these ÷ SQL of their public page at {size.count}", [time / max(page, 0.001) for time in times]
    is_judged = size.count >= TIMES_FROM
    yield judge_at_least(name, ratios, LEAST_TIMES, "×") if is_judged else report_value(name, ratios, "×")


def count_raw_figures(year: int) -> tuple[float, Counter[str]]:
    """Return the milliseconds taken and the sum of each measure of that year, by local time."""
    zones = " ".join(f"WHEN '{code}' THEN '{zone}'" for code, zone in ZONES.items())
    zone = f"CASE region.code {zones} ELSE '{PARIS}' END"
    sums: Counter[str] = Counter()
    took = 0.0
    with connection.cursor() as cursor:
        for statement in RAW.read_text().replace("ZONE_OF_REGION", zone).split(";"):
            if not statement.strip():
                continue
            began = perf_counter()
            cursor.execute(statement, {"year": year})
            rows = cursor.fetchall()
            took += perf_counter() - began
            for measure, *_group, number in rows:
                sums[measure] += number
    return took * 1000, sums


def measure_share_of_a_declaration() -> Iterator[Measured]:
    """Declare with and without the row that queues a case for the figures, in turn. The worker counts the case
    later.
    """
    body = get_rennes()
    without = {name: task for name, task in settings.EVENT_CONSUMERS.items() if name != "stats"}
    consumers = {"with": settings.EVENT_CONSUMERS, "without": without}
    times: dict[str, list[float]] = {"with": [], "without": []}
    spent: dict[str, list[float]] = {"with": [], "without": []}
    with mock.patch.object(record, "_wakers", []):
        for number in range(DECLARATIONS):
            for kind in ["with", "without"] if number % 2 else ["without", "with"]:
                with override_settings(EVENT_CONSUMERS=consumers[kind]):
                    began, worked = perf_counter(), process_time()
                    declare(collectivity=body)
                    times[kind].append((perf_counter() - began) * 1000)
                    spent[kind].append((process_time() - worked) * 1000)
    yield judge_at_most("a declaration: what the figures add to it", compute_added_percents(times), MAX_PERCENT, "%")
    yield report_value("the same, CPU", compute_added_percents(spent), "%")
    yield report_value("a declaration, by its service", times["with"][WARMED_UP:], "ms")


def compute_added_percents(times: dict[str, list[float]]) -> list[float]:
    """Return by how many percent the medians « with » exceed those « without », for each of PARTS parts of them."""
    medians = {
        kind: [median(values[WARMED_UP + start :: PARTS]) for start in range(PARTS)] for kind, values in times.items()
    }
    return [100 * (ratio - 1) for ratio in divide_in_turn(medians["with"], medians["without"])]


def main() -> None:
    smaller = Size(connections["default"].settings_dict["NAME"])
    larger = Size(os.environ["BENCH_LARGER"])
    figures = [*compare(smaller, larger), *compare_with_raw_rows(larger)]
    smaller.use_database()
    print_figures([*figures, *([] if larger.count >= TIMES_FROM else measure_share_of_a_declaration())])


if __name__ == "__main__":
    main()
