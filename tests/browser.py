"""A real browser, and the checks that every page must pass in it."""

import os
import shutil
from collections.abc import Collection, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Literal, cast

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, ConsoleMessage, Page, Response, expect, sync_playwright

# The first of these draws no window, and uses a third of the processor time of the second.
NAMES = ["chromium-headless-shell", "chromium", "chromium-browser", "google-chrome"]
QUIET = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
AXE = Axe()
# The timeout is long for a busy machine. An element that is on the page is found at once all the same.
expect.set_options(timeout=15_000)
SCREENSHOTS = Path(__file__).resolve().parents[1] / ".local" / "screenshots"


class WatchedPage(Page):
    """A page with the errors that its browser reports and the hosts that it requests."""

    complaints: list[str]
    hosts: set[str]


def find_chromium() -> str:
    """Return the path of a browser. Without one, skip the test, or fail it in CI."""
    path = next(filter(None, map(shutil.which, NAMES)), None)
    if path is None:
        leave = pytest.fail if os.environ.get("CI") else pytest.skip
        leave("no chromium on the PATH: install Debian's `chromium-headless-shell` to run the tests of the pages")
    return path


@contextmanager
def run_browser() -> Iterator[Browser]:
    path = find_chromium()
    with sync_playwright() as playwright:
        chromium = playwright.chromium.launch(executable_path=path, args=QUIET)
        yield chromium
        chromium.close()


def open_page(
    browser: Browser, *, width: int = 360, scheme: Literal["light", "dark"] = "light", **options: Any
) -> WatchedPage:
    """Open a page without cookies. Its `complaints` collect the errors that the browser reports."""
    context = browser.new_context(
        viewport={"width": width, "height": 760}, color_scheme=scheme, locale="fr-FR", **options
    )
    page = cast("WatchedPage", context.new_page())
    page.set_default_timeout(10_000)
    page.complaints = []
    page.hosts = set()
    page.on("console", lambda message: collect_message(page, message))
    page.on("pageerror", lambda error: page.complaints.append(str(error)))
    page.on("request", lambda request: page.hosts.add(find_host(request.url)))
    page.on("response", lambda response: collect_failure(page, response))
    return page


def collect_message(page: WatchedPage, message: ConsoleMessage) -> None:
    """Collect errors and policy violations. A missing file is reported once, by `collect_failure`."""
    if (message.type == "error" or "Policy" in message.text) and "Failed to load resource" not in message.text:
        page.complaints.append(f"{message.text} {message.location}")


def collect_failure(page: WatchedPage, response: Response) -> None:
    if response.status >= 400 and response.request.resource_type != "document":
        page.complaints.append(f"{response.status} {response.url}")


def find_host(url: str) -> str:
    return url.split("/")[2] if "://" in url else url.partition(":")[0]


def find_violations(page: Page, *impacts: str, rules: Collection[str] = ()) -> list[tuple[str, str, int]]:
    """Return what axe finds by `rules`, or by all its rules, as (rule, first element, number of elements). Axe does
    not fetch the stylesheets again.
    """
    if not page.evaluate("'axe' in window"):
        page.evaluate(AXE.axe_script)
    options = {"preload": False, "resultTypes": ["violations"]} | ({"runOnly": [*rules]} if rules else {})
    results = page.evaluate("options => axe.run(options)", options)
    return [
        (rule["id"], rule["nodes"][0]["html"][:200], len(rule["nodes"]))
        for rule in results["violations"]
        if not impacts or rule["impact"] in impacts
    ]


def wait_for_transitions(page: Page) -> None:
    """Wait until the transitions under way have ended, such as a change of colours. Wait half a second at most,
    because some animations never end.
    """
    page.evaluate("""() => Promise.race([
        Promise.allSettled(document.getAnimations().map(each => each.finished)),
        new Promise(done => setTimeout(done, 500)),
    ])""")


def scroll_to_end(page: Page) -> None:
    """Turn the wheel until the end of the page is visible."""
    page.mouse.wheel(0, 10_000)
    page.wait_for_function("() => scrollY + innerHeight >= document.documentElement.scrollHeight - 1")


def measure_overflow(page: Page) -> int:
    return page.evaluate("document.documentElement.scrollWidth - window.innerWidth")


def save_screenshot(page: Page, name: str) -> None:
    """Save a picture of the page, if SCREENSHOTS is set."""
    if os.environ.get("SCREENSHOTS"):
        SCREENSHOTS.mkdir(parents=True, exist_ok=True)
        page.screenshot(path=SCREENSHOTS / f"{name}-{page.viewport_size['width']}.png", full_page=True)
