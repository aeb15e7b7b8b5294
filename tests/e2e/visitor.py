"""A visitor who opens the public pages."""

from typing import Any, Literal

from playwright.sync_api import Browser

from tests.browser import find_host, find_violations, measure_overflow, open_page, save_screenshot
from tests.e2e import steps

type Screen = tuple[int, Literal["light", "dark"]]  # its width and its colours
LIGHT: Screen = (320, "light")
DARK: Screen = (1280, "dark")


class Visitor:
    """Goes from page to page and checks each by the same rules, on a narrow light screen and on a wide dark one."""

    def __init__(self, browser: Browser, site: str) -> None:
        self.site = site
        self.page = open_page(browser, reduced_motion="reduce")
        self.problems: list[tuple[Any, ...]] = []

    def check(self) -> None:
        assert not self.problems, "\n".join(map(str, self.problems))

    def goto(self, path: str) -> None:
        self.page.goto(self.site + path)

    def inspect(self, name: str) -> None:
        """Collect what is wrong with the page on both screens."""
        page = self.page
        page.wait_for_load_state("load")
        self.problems += [(name, complaint) for complaint in page.complaints]
        self.problems += [(name, host) for host in page.hosts if host != find_host(self.site)]
        if page.locator("h1").count() != 1:
            self.problems.append((name, "titles", page.locator("h1").count()))
        for width, scheme in (LIGHT, DARK):
            page.set_viewport_size({"width": width, "height": 760})
            page.emulate_media(color_scheme=scheme)
            self.problems += [(name, scheme, *violation) for violation in find_violations(page)]
            if (overflow := measure_overflow(page)) > 0:
                self.problems.append((name, width, "overflow", overflow))
            save_screenshot(page, name)
        page.complaints.clear()

    def fill_in(self, query: str = "plouexemple") -> None:
        """Go to the third screen of a declaration, for the first body found."""
        steps.begin(self.page, self.site, query=query, name="")

    def send(self) -> None:
        """Go from the third screen to the confirmation, by the shortest path."""
        steps.describe_nothing(self.page)
        steps.fill_caller(self.page)
        steps.send(self.page)
