"""The whole path, from a town hall's telephone to the figures of its centre, with a real worker and mails."""

import re

import pytest
from playwright.sync_api import expect

from incidents.models import DataLeak, Incident, ServiceInterruption
from incidents.reference import compact_code
from tests.browser import open_page, save_screenshot
from tests.cast import a_lead, a_responder
from tests.e2e import steps

CENTRE = "garde@breizh.example"
TOWN = "mairie@plouexemple.example"
SCREENS = [(360, False), (360, True), (1280, False), (1280, True)]


def find_link(message, path):
    return re.search(rf"http://localhost:\d+{path}\S+", message.get_content())[0]


@pytest.mark.parametrize(("width", "script"), [(360, False), pytest.param(1280, True, marks=pytest.mark.proof)])
def test_a_declared_case_reaches_its_centre_and_figures(live_site, worker, post, browser, wait_until, width, script):
    responder, lead = a_responder(), a_lead()
    screen = {"width": width, "java_script_enabled": script}
    declarant, elsewhere, office = (open_page(browser, **screen) for _ in range(3))
    telephone, desk = open_page(browser, width=360, java_script_enabled=script), open_page(browser, width=1280)

    reference, _secret = steps.declare(declarant, live_site, query="plouexemple" if script else "29998")
    alert, receipt = wait_until(lambda: post.list_mails_to(CENTRE))[0], wait_until(lambda: post.list_mails_to(TOWN))[0]
    assert reference in alert["Subject"]
    assert reference in receipt.get_content()

    take_on_the_telephone(telephone, find_link(alert, "/triage/"), responder)
    follow(elsewhere, find_link(receipt, "/suivi/acces/"), taken_by=responder)
    verify_and_close(desk, live_site, responder, reference)
    steps.reload(elsewhere)
    expect(elsewhere.locator("h1")).to_have_text("Votre dossier est clos")

    office.goto(live_site + "/statistiques/mon-centre/")
    steps.sign_in(office, lead)
    wait_until(lambda: read_total(office) == "1")
    save_screenshot(office, "own-statistics")
    assert [page.complaints for page in (declarant, elsewhere, office, telephone, desk)] == [[]] * 5


def take_on_the_telephone(page, link, responder):
    page.goto(link)
    steps.sign_in(page, responder)
    expect(page.locator("main")).to_contain_text("commune de Plouexemple (Finistère)")
    save_screenshot(page, "telephone")
    page.get_by_role("button", name="Prendre en charge").click()
    expect(page.locator(".pill--going")).to_contain_text("Pris en charge")


def follow(page, link, *, taken_by):
    page.goto(link)
    page.get_by_role("button", name="Ouvrir mon dossier").click()
    expect(page.locator("h1")).to_have_text("Breizh Cyber s’occupe de votre incident")
    expect(page.locator(".pill--going")).to_contain_text("Pris en charge")
    expect(page.locator("main")).to_contain_text(taken_by.display_name)
    save_screenshot(page, "follow-up-taken")


def verify_and_close(page, site, responder, reference):
    steps.open_admin(page, site, responder)
    page.get_by_role("searchbox").fill(reference)
    with page.expect_navigation():
        page.get_by_role("button", name="Chercher").click()
    page.get_by_label("Numéro trouvé où ?").select_option("directory")
    page.get_by_role("button", name="Marquer vérifiée par rappel").click()
    steps.expect_message(page, "elle comptera dans les chiffres")
    steps.open_acts(page)
    page.get_by_role("link", name="Confié à un autre service…").click()
    page.get_by_label("Confié à quel service").fill("la DSI")
    page.get_by_role("button", name="Clore le dossier").click()
    steps.expect_message(page, "Dossier clos")


def read_total(page):
    """Return the year's verified incidents, from the last line of the first table."""
    steps.reload(page)
    cells = page.locator("tr", has=page.locator("th", has_text="Ensemble")).first.locator("td").all_inner_texts()
    return cells[0] if cells else None


@pytest.mark.proof
@pytest.mark.parametrize(("width", "script"), SCREENS)
def test_the_confirmation_page_says_whom_to_call_and_how_to_come_back(live_site, browser, width, script):
    page = open_page(browser, width=width, java_script_enabled=script)

    reference, secret = steps.declare(page, live_site)

    incident = Incident.objects.get()
    assert compact_code(reference) == incident.reference
    assert ServiceInterruption.objects.get().service == "civil"
    assert DataLeak.objects.get().categories
    number = page.get_by_role("link", name="0 800 200 008")
    assert number.get_attribute("href") == "tel:0800200008"
    expect(page.locator(".call")).to_contain_text(reference)
    expect(page.locator(".call")).to_contain_text("Bretagne")
    save_screenshot(page, "answer")

    another = open_page(browser, width=width, java_script_enabled=script)
    another.goto(live_site + "/suivi/")
    another.locator("#id_reference").fill(reference)
    another.locator("#id_code").fill(secret)
    another.get_by_role("button", name="Ouvrir mon dossier").click()
    expect(another.locator("h1")).to_have_text("Breizh Cyber a reçu votre déclaration")
    assert page.complaints == another.complaints == []


@pytest.mark.proof
@pytest.mark.parametrize(("width", "script"), [(360, True), (360, False), (1280, True)])
def test_an_incident_is_declared_by_keyboard_alone(live_site, browser, width, script):
    """The declaration has details here; test_count declares each type."""
    page = open_page(browser, width=width, java_script_enabled=script)
    page.goto(live_site + "/declarer/")
    press(page, "button.choice[name=quoi]", "**/declarer/qui/**")
    tab_to(page, "#q")
    page.keyboard.type("plouexemple")
    page.keyboard.press("Enter")
    page.wait_for_url("**q=plouexemple")
    press(page, "button.choice", "**/declarer/services/")
    tab_to(page, "#id_service_stopped_0, [name=service_stopped]")
    page.keyboard.press("Space")
    tab_to(page, "#service-civil")
    page.keyboard.press("Space")
    press(page, "main form button.button--large", "**/declarer/donnees/")
    press(page, "[name=passer]", "**/declarer/rappel/")
    tab_to(page, "#id_contact_phone")
    page.keyboard.type("02 99 00 00 00")
    press(page, "main form button.button--large", "**/declarer/envoyee/")

    expect(page.locator("h1")).to_have_text("Votre déclaration est transmise à Breizh Cyber")
    assert Incident.objects.get().service_stopped == "yes"


def press(page, selector, leads_to):
    tab_to(page, selector)
    page.keyboard.press("Enter")
    page.wait_for_url(leads_to)


IS_VISIBLE = """() => {
  const one = document.activeElement, label = one.closest("label");
  const {left, top, width, height} = (label || one).getBoundingClientRect();
  const over = document.elementFromPoint(left + Math.min(width / 2, 40), top + height / 2);
  return one.contains(over) || (label !== null && label.contains(over));
}"""
HAS_OUTLINE = """() => document.activeElement.matches("[type=date], [type=time]") ||  // the browser marks the part
  [document.activeElement, document.activeElement.closest("label")].some(
    box => box && getComputedStyle(box).outlineStyle !== "none")"""


def tab_to(page, selector):
    """Press Tab up to this control. At each stop the focus is visible and nothing covers it."""
    for _ in range(120):
        page.keyboard.press("Tab")
        assert page.evaluate(HAS_OUTLINE), page.evaluate("document.activeElement.outerHTML")
        wait_until_seen(page)
        if page.locator(f":is({selector}):focus").count():
            return
    pytest.fail(f"no way to {selector} by keyboard")


def wait_until_seen(page):
    """Poll from the test, because nothing in the page can wait where scripts are off."""
    for _ in range(100):
        if page.evaluate(IS_VISIBLE):
            return
        page.wait_for_timeout(20)
    pytest.fail(f"something lies over {page.evaluate('document.activeElement.outerHTML')}")
