"""The screens, answers and keys that a declaration takes, counted on the real pages by keyboard alone."""

import pytest
from playwright.sync_api import expect

from incidents.declare.choices import CHOICE_GROUPS, UNKNOWN_CHOICE
from incidents.enums import IncidentType
from incidents.models import Incident
from tests.browser import open_page, scroll_to_end
from tests.e2e.typist import GO_ON, Typist

TYPES = [choice.type for choice in (UNKNOWN_CHOICE, *(choice for group in CHOICE_GROUPS for choice in group.choices))]
# The first button, the last one, which takes the most keys, and a type for which the mailbox is in doubt.
TYPES_WITHOUT_SCRIPT = [IncidentType.UNKNOWN, IncidentType.FLAW, IncidentType.MAILBOX]
MAX_SCREENS, MAX_ANSWERS = 5, 9
KEYS_A_MINUTE, MINUTES = 150, 3  # thirty words of five letters a minute
POSTAL_CODE = "29998"


@pytest.mark.parametrize(
    ("script", "types"), [(True, TYPES), (False, TYPES_WITHOUT_SCRIPT)], ids=["script", "no script"]
)
@pytest.mark.proof
def test_declaring_each_type_takes_few_screens_answers_and_keys(live_site, browser, script, types):
    """Each type is declared on a telephone's width, from a device and an address of its own. The type changes the
    place of its button and words of the screens, and a box that follows the last field is left out where the mailbox
    is in doubt. Each type takes as many keys without a script: three show that the journey needs none.
    """
    for number, kind in enumerate(types):
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
    assert set(Incident.objects.values_list("type", flat=True)) == set(types)


def test_the_reflexes_and_the_number_stay_visible(live_site, browser):
    """Once the type is chosen the reflexes stay at the top of the page, and once the body is, the number."""
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


def test_enter_in_a_field_goes_to_the_next_screen(live_site, browser):
    typist = Typist(open_page(browser, width=360), live_site)
    typist.choose("panne")
    typist.find_body(POSTAL_CODE)
    typist.page.goto(live_site + "/declarer/rappel/")
    typist.reach("#id_contact_phone")
    typist.type("0299000000")
    typist.press("Enter")
    typist.page.wait_for_url("**/declarer/envoyee/")
