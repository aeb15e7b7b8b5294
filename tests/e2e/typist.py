"""A person who declares by keyboard alone."""

from playwright.sync_api import Page

from tests.browser import measure_overflow

GO_ON = "main form .button--large"
MAX_TABS = 60


class Typist:
    """Counts the screens, the answers and every key, the Tab key too."""

    def __init__(self, page: Page, site: str) -> None:
        self.page = page
        self.screens = self.answers = self.keys = 0
        page.goto(site + "/declarer/")

    def press(self, key: str, times: int = 1) -> None:
        for _ in range(times):
            self.page.keyboard.press(key)
        self.keys += times

    def type(self, text: str) -> None:
        self.page.keyboard.type(text)
        self.keys += len(text)

    def reach(self, selector: str) -> None:
        """Press Tab until this control has the focus."""
        for _ in range(MAX_TABS):
            self.press("Tab")
            if self.page.locator(f":is({selector}):focus").count():
                return
        raise AssertionError(f"no way to {selector} by keyboard")

    def leave(self, selector: str, leads_to: str) -> None:
        """Press this button of a screen, and check that the screen does not scroll sideways."""
        assert measure_overflow(self.page) <= 0
        self.reach(selector)
        self.press("Enter")
        self.page.wait_for_url(leads_to)
        self.screens += 1

    def choose(self, kind: str) -> None:
        self.answers += 1
        self.leave(f'button.choice[name=quoi][value="{kind}"]', "**/declarer/qui/**")

    def find_body(self, query: str) -> None:
        self.reach("#q")
        self.type(query)
        self.press("Enter")
        self.page.wait_for_url(f"**q={query}")
        self.answers += 1
        self.leave("button.choice", "**/declarer/services/")

    def declare(self, kind: str, query: str) -> None:
        self.choose(kind)
        self.find_body(query)
        self.leave(GO_ON, "**/declarer/donnees/")
        self.leave(GO_ON, "**/declarer/rappel/")
        self.reach("#id_contact_phone")
        self.type("0299000000")
        self.answers += 1
        self.leave(GO_ON, "**/declarer/envoyee/")
        self.page.locator("dd.code").first.wait_for()
