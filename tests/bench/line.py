"""Measures how long a telephone on a slow network waits for a usable page, and what the page weighs. Runs as a child
process.

The network is simulated by Chromium: 400 kbit/s each way, and 400 ms before each response. Every visit begins with an
empty cache. A page is usable when all of this is true, by the page's own clock, which starts with the request for its
address: its document is parsed (domInteractive); a part of it is painted, which Chromium does once its stylesheets
have loaded (first-contentful-paint); and its first control is visible, still, enabled and not covered.

The time does not include scripts, because no page needs one, nor what comes before the first byte on a real network
(DNS, TCP, TLS: three times 400 ms more, once). The network is so slow that the machine hardly matters, and these times
are judged.

The weight is that of all bytes that the page and its files take on the network, with the heads of the responses.

The minutes to a reference are those of one person alone, by the shortest path: every key pressed, the Tab key too, at
thirty words of five letters a minute; twenty seconds to read each page and decide; the waits on the network.
"""

import os
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from statistics import median

import django
from playwright.sync_api import Browser, Page

django.setup()

from config.demo.accounts import COMMUNE  # noqa: E402
from tests.bench.figures import Figure, judge_at_most, print_figures, report_value  # noqa: E402
from tests.bench.visits import Visit, begin_declaration, declare_as_visitor, get_rennes, make_client, make_visits  # noqa: E402
from tests.browser import open_page, run_browser  # noqa: E402
from tests.e2e.typist import Typist  # noqa: E402

BYTES_A_SECOND = 400_000 / 8
LINE = {
    "offline": False,
    "latency": 400,
    "downloadThroughput": BYTES_A_SECOND,
    "uploadThroughput": BYTES_A_SECOND,
}
ROUNDS = 3
MAX_SECONDS, MAX_KB, MAX_MINUTES = 3, 60, 3
MAX_SCREENS, MAX_ANSWERS = 5, 9
KEYS_A_MINUTE, SECONDS_A_PAGE = 150, 20
FIRST_SCREEN = "/declarer/"
SCREENS = [FIRST_SCREEN, *(f"/declarer/{name}/" for name in ["qui", "services", "donnees", "rappel", "envoyee"])]
FOUND = f"/declarer/qui/?q={COMMUNE}"
CONTROL = 'main :is(a[href], button, input, select, textarea, summary):not([tabindex="-1"]):visible'
NOW = "performance.now()"
PAINTED = """() => new Promise(resolve => new PerformanceObserver(
  list => list.getEntriesByName("first-contentful-paint").forEach(paint => resolve(paint.startTime))
).observe({type: "paint", buffered: true}))"""
READ = "performance.getEntriesByType('navigation')[0].domInteractive"


@dataclass(frozen=True)
class Measurement:
    seconds: float
    kilobytes: float
    requests: int


def measure_visit(browser: Browser, visit: Visit) -> Measurement:
    """Open a page with an empty cache and the cookies of the visit, and measure it."""
    page = open_page(browser)
    page.context.add_cookies(visit.cookies)  # type: ignore[arg-type]
    sizes = slow_down(page)
    page.goto(visit.address, wait_until="commit")
    page.locator(CONTROL).first.click(trial=True)
    answers = page.evaluate(NOW)
    page.wait_for_load_state("load")
    assert page.url == visit.address, page.url
    seconds = max(answers, page.evaluate(PAINTED), page.evaluate(READ)) / 1000
    page.context.close()
    fetched = list(filter(None, sizes))  # the browser's own pictures use no network
    return Measurement(seconds, sum(fetched) / 1000, len(fetched))


def slow_down(page: Page) -> list[float]:
    """Simulate the slow network. Return a list that collects the encoded size in bytes of each response."""
    sizes = []
    wire = page.context.new_cdp_session(page)
    wire.on("Network.loadingFinished", lambda answer: sizes.append(answer["encodedDataLength"]))
    wire.send("Network.enable")
    wire.send("Network.emulateNetworkConditions", LINE)
    return sizes


def list_visits() -> list[Visit]:
    """Return the pages of a declaration and the other public pages."""
    writing = make_client()
    begin_declaration(writing)
    declared, case = declare_as_visitor()
    around = ["/declarer/reprendre/", "/suivi/", "/reflexes/", "/reflexes/rancon/", "/annuaire/", "/secours/"]
    return [
        *make_visits(make_client(), ["/", FIRST_SCREEN]),
        *make_visits(writing, [*SCREENS[1:-1], FOUND]),
        *make_visits(declared, [SCREENS[-1], "/suivi/REF/"], REF=case.reference),
        *make_visits(make_client(), [*around, "/secours/BODY/"], BODY=get_rennes().uid),
    ]


def weigh(visit: Visit, measurements: list[Measurement]) -> Iterator[Figure]:
    waits = [measurement.seconds for measurement in measurements]
    heaviest = max(measurements, key=lambda measurement: measurement.kilobytes)
    yield judge_at_most(f"{visit.name} on a bad line, usable", median(waits), MAX_SECONDS, "s")
    yield judge_at_most(f"{visit.name} with all it fetches", heaviest.kilobytes, MAX_KB, "kB")
    yield report_value(f"{visit.name} with all it fetches", heaviest.requests, "requests")


def time_a_person(browser: Browser, waits: list[float]) -> Iterator[Figure]:
    """Compute the minutes of a declaration. `waits` are the seconds before each page; the last page shows the
    reference.
    """
    typist = Typist(open_page(browser), os.environ["BENCH_SITE"])
    typist.declare("rancon", COMMUNE)
    typist.page.context.close()
    looking = (len(waits) - 1) * SECONDS_A_PAGE
    minutes = typist.keys / KEYS_A_MINUTE + (looking + sum(waits)) / 60
    yield judge_at_most("a declaration, by keyboard alone", typist.screens, MAX_SCREENS, "screens")
    yield judge_at_most("a declaration, by keyboard alone", typist.answers, MAX_ANSWERS, "answers")
    yield report_value("a declaration, by keyboard alone", typist.keys, "keys")
    yield report_value("a declaration, waits on a bad line", sum(waits), "s")
    yield judge_at_most("a declaration, to its reference", minutes, MAX_MINUTES, "minutes")


def main() -> None:
    visited = list_visits()  # before the browser starts, whose event loop forbids queries
    with run_browser() as browser:
        measurements = {visit.name: [measure_visit(browser, visit) for _ in range(ROUNDS)] for visit in visited}
        sys.stderr.write("every page opened on a bad line\n")
        waits = [median(measured.seconds for measured in measurements[name]) for name in [*SCREENS, FOUND]]
        person = list(time_a_person(browser, waits))
    print_figures([*(figure for visit in visited for figure in weigh(visit, measurements[visit.name])), *person])


if __name__ == "__main__":
    main()
