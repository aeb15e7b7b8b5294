"""A visitor who goes through the public pages."""

from tests.browser import host_of, open_page, overflow, shoot, violations
from tests.e2e import steps

LIGHT, DARK = (320, "light"), (1280, "dark")


class Visitor:
    """Goes from state to state and holds each one to the same rules, on both screens."""

    def __init__(self, browser, site):
        self.site = site
        self.page = open_page(browser, reduced_motion="reduce")
        self.found = []

    def check(self):
        assert not self.found, "\n".join(map(str, self.found))

    def goto(self, path):
        self.page.goto(self.site + path)

    def look(self, name):
        page = self.page
        page.wait_for_load_state("load")
        self.found += [(name, complaint) for complaint in page.complaints]
        self.found += [(name, host) for host in page.hosts if host != host_of(self.site)]
        if page.locator("h1").count() != 1:
            self.found.append((name, "titles", page.locator("h1").count()))
        for width, scheme in (LIGHT, DARK):
            page.set_viewport_size({"width": width, "height": 760})
            page.emulate_media(color_scheme=scheme)
            self.found += [(name, scheme, *violation) for violation in violations(page)]
            if (beyond := overflow(page)) > 0:
                self.found.append((name, width, "overflow", beyond))
            shoot(page, name)
        page.complaints.clear()

    def fill_in(self, query="plouexemple"):
        """To the third screen, for the first body that answers."""
        steps.begin(self.page, self.site, query=query, name="")

    def send(self):
        """From there to the answer, by the shortest way."""
        steps.describe_nothing(self.page)
        steps.say_who_to_call(self.page)
        steps.send(self.page)
