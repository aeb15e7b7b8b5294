"""A person at a desk, who opens the pages of the administration and collects their defects."""

from typing import Any, Literal

from playwright.sync_api import Browser

from accounts.models import User
from tests.browser import find_violations, measure_overflow, open_page, save_screenshot, wait_for_transitions
from tests.e2e import steps

# The admin's scripts change lists in jQuery's ready callbacks; ours is the last of these.
WAIT_FOR_SCRIPTS = "() => window.django?.jQuery && new Promise(done => django.jQuery(() => done()))"


class Desk:
    def __init__(self, browser: Browser, site: str) -> None:
        self.site = site
        self.page = open_page(browser, width=1280, reduced_motion="reduce")
        self.problems: list[tuple[Any, ...]] = []

    def sign_in(self, person: User) -> None:
        steps.open_admin(self.page, self.site, person)

    def inspect(self, name: str) -> None:
        """Collect what is wrong with the page in both colour schemes, and whether it scrolls sideways on a narrow
        screen.
        """
        self.page.wait_for_load_state("load")
        self.page.evaluate(WAIT_FOR_SCRIPTS)
        self.problems += [(name, complaint) for complaint in self.page.complaints]
        schemes: dict[Literal["light", "dark"], tuple[str, ...]] = {"light": (), "dark": ("color-contrast",)}
        for scheme, rules in schemes.items():
            self.page.emulate_media(color_scheme=scheme)
            wait_for_transitions(self.page)
            serious = find_violations(self.page, "serious", "critical", rules=rules)
            self.problems += [(name, scheme, *violation) for violation in serious]
            save_screenshot(self.page, f"admin-{name}-{scheme}")
        self.page.set_viewport_size({"width": 360, "height": 760})
        if (overflow := measure_overflow(self.page)) > 0:
            self.problems.append((name, "overflow", overflow))
        save_screenshot(self.page, f"admin-{name}")
        self.page.set_viewport_size({"width": 1280, "height": 760})
        self.page.complaints.clear()  # axe's own complaints are not those of the page

    def check(self) -> None:
        assert not self.problems, "\n".join(map(str, self.problems))

    def visit(self, pages: dict[str, str]) -> None:
        for name, path in pages.items():
            answer = self.page.goto(f"{self.site}/admin/{path}")
            assert answer.status == 200, path
            self.inspect(name)
