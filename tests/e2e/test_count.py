"""What a declaration asks of a person, counted on the real pages: screens, answers, keys. By keyboard alone."""

import pytest
from playwright.sync_api import expect

from incidents.declare.choices import GROUPS, UNKNOWN
from incidents.models import Incident
from tests.browser import open_page, overflow

TYPES = [choice.type for choice in (UNKNOWN, *(choice for group in GROUPS for choice in group.choices))]
MOST_SCREENS, MOST_ANSWERS = 5, 9
KEYS_A_MINUTE, MINUTES = 150, 3  # thirty words of five letters a minute
GO_ON = "main form .button--large"


class Typist:
    """Counts the pages seen, the answers given and every key, that of the Tab key too."""

    def __init__(self, page, site):
        self.page = page
        self.screens = self.answers = self.keys = 0
        page.goto(site + "/declarer/")

    def press(self, key, times=1):
        for _ in range(times):
            self.page.keyboard.press(key)
        self.keys += times

    def type(self, text):
        self.page.keyboard.type(text)
        self.keys += len(text)

    def reach(self, selector):
        for _ in range(60):
            self.press("Tab")
            if self.page.locator(f":is({selector}):focus").count():
                return
        pytest.fail(f"no way to {selector} by keyboard")

    def leave(self, selector, leads_to):
        """Press the button: one screen is done, and nothing of it scrolled sideways."""
        assert overflow(self.page) <= 0
        self.reach(selector)
        self.press("Enter")
        self.page.wait_for_url(leads_to)
        self.screens += 1

    def choose(self, kind):
        self.reach("input[name=quoi]")
        place = TYPES.index(kind)
        self.press("ArrowDown", place) if place else self.press("Space")
        assert self.page.locator("input[name=quoi]:checked").get_attribute("value") == kind
        self.answers += 1
        self.leave(GO_ON, "**/declarer/qui/**")

    def find_body(self):
        self.reach("#q")
        self.type("29998")
        self.press("Enter")
        self.page.wait_for_url("**q=29998")
        self.answers += 1
        self.leave("button.choice", "**/declarer/services/")

    def declare(self, kind):
        self.choose(kind)
        self.find_body()
        self.leave(GO_ON, "**/declarer/donnees/")
        self.leave(GO_ON, "**/declarer/rappel/")
        self.reach("#id_contact_phone")
        self.type("0299000000")
        self.answers += 1
        self.leave(GO_ON, "**/declarer/envoyee/")
        expect(self.page.locator("dd.code").first).to_be_visible()


@pytest.mark.parametrize("script", [True, False], ids=["script", "no script"])
def test_it_works(live_site, browser, script):
    """Each type, on a telephone's width, each from a device and an address of its own."""
    for number, kind in enumerate(TYPES):
        device = {
            "java_script_enabled": script,
            "extra_http_headers": {"X-Forwarded-For": f"10.0.{script:d}.{number}"},
        }
        typist = Typist(open_page(browser, width=360, **device), live_site)
        typist.declare(kind)
        assert typist.screens <= MOST_SCREENS, kind
        assert typist.answers <= MOST_ANSWERS, kind
        assert typist.keys < KEYS_A_MINUTE * MINUTES, (kind, typist.keys)
        assert typist.page.complaints == []
        typist.page.context.close()
    assert set(Incident.objects.values_list("type", flat=True)) == set(TYPES)


def test_what_matters_stays_in_sight(live_site, browser):
    """From the type on the reflexes, from the body on the number: at the top, however far the page has scrolled."""
    page = open_page(browser, width=360)
    typist = Typist(page, live_site)
    typist.choose("rancon")
    bar = page.locator(".callbar")
    expect(bar).to_contain_text("Débranchez, n’éteignez pas, ne payez pas.")
    expect(bar).to_contain_text("17Cyber")
    typist.find_body()
    for leads_to in ("donnees", "rappel"):
        page.mouse.wheel(0, 5_000)
        page.wait_for_timeout(100)
        assert bar.bounding_box()["y"] <= 1
        expect(bar).to_contain_text("0 800 200 008")
        expect(bar).to_contain_text("Débranchez, n’éteignez pas, ne payez pas.")
        typist.leave(GO_ON, f"**/declarer/{leads_to}/")


def test_enter_in_a_field_goes_on_and_never_back(live_site, browser):
    typist = Typist(open_page(browser, width=360), live_site)
    typist.choose("panne")
    typist.find_body()
    typist.page.goto(live_site + "/declarer/rappel/")
    typist.reach("#id_contact_phone")
    typist.type("0299000000")
    typist.press("Enter")
    typist.page.wait_for_url("**/declarer/envoyee/")
