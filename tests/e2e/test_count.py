"""What a declaration asks of a person, counted on the real pages: screens, answers, keys. By keyboard alone."""

import pytest
from playwright.sync_api import expect

from incidents.declare.choices import GROUPS, UNKNOWN
from incidents.models import Incident
from tests.browser import open_page, scroll_to_end
from tests.e2e.typist import GO_ON, Typist

TYPES = [choice.type for choice in (UNKNOWN, *(choice for group in GROUPS for choice in group.choices))]
MAX_SCREENS, MAX_ANSWERS = 5, 9
KEYS_A_MINUTE, MINUTES = 150, 3  # thirty words of five letters a minute
POSTAL_CODE = "29998"


@pytest.mark.parametrize("script", [True, False], ids=["script", "no script"])
@pytest.mark.proof
def test_it_works(live_site, browser, script):
    """Each type, on a telephone's width, each from a device and an address of its own."""
    for number, kind in enumerate(TYPES):
        device = {
            "java_script_enabled": script,
            "extra_http_headers": {"X-Forwarded-For": f"10.0.{script:d}.{number}"},
        }
        typist = Typist(open_page(browser, width=360, **device), live_site)
        typist.declare(kind, POSTAL_CODE)
        assert typist.screens <= MAX_SCREENS, kind
        assert typist.answers <= MAX_ANSWERS, kind
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
    typist.find_body(POSTAL_CODE)
    for leads_to in ("donnees", "rappel"):
        scroll_to_end(page)
        assert bar.get_by_role("link").first.bounding_box()["y"] <= 1  # the number; its words scroll away
        expect(bar).to_contain_text("0 800 200 008")
        expect(bar).to_contain_text("Débranchez, n’éteignez pas, ne payez pas.")
        typist.leave(GO_ON, f"**/declarer/{leads_to}/")


def test_enter_in_a_field_goes_on_and_never_back(live_site, browser):
    typist = Typist(open_page(browser, width=360), live_site)
    typist.choose("panne")
    typist.find_body(POSTAL_CODE)
    typist.page.goto(live_site + "/declarer/rappel/")
    typist.reach("#id_contact_phone")
    typist.type("0299000000")
    typist.press("Enter")
    typist.page.wait_for_url("**/declarer/envoyee/")
