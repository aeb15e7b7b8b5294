"""Asking for a call: on a narrow telephone without JavaScript, by keyboard alone, and the form of the call."""

import pytest

from incidents.models import Incident
from tests.browser import measure_overflow, open_page
from tests.cast import a_responder
from tests.e2e import steps
from tests.e2e.desk import Desk
from tests.e2e.visitor import Visitor

URL = "/declarer/rappelez-moi/"


def tab_to(page, selector, *, most=40):
    """Tab until this control has the focus."""
    for _press in range(most):
        page.keyboard.press("Tab")
        if page.evaluate("selector => document.activeElement.matches(selector)", selector):
            return
    pytest.fail(f"no way to {selector}")


def test_a_call_is_asked_for_on_two_pages_without_script(live_site, browser):
    """Go from the home page to the reference at 320 px, without script or mouse."""
    page = open_page(browser, width=320, java_script_enabled=False)
    page.goto(live_site)
    page.get_by_role("link", name="Demandez qu’on vous rappelle").press("Enter")
    page.wait_for_url(f"**{URL}")
    page.get_by_label("Votre collectivité").press_sequentially("plouexemple")
    page.keyboard.press("Tab")
    page.keyboard.type("02 99 00 00 00")
    page.get_by_label("Que se passe-t-il").select_option("rancon")
    page.get_by_role("button", name="Continuer").press("Enter")
    assert page.get_by_label("Plouexemple").is_checked()
    page.get_by_role("button", name="Être rappelé").press("Enter")
    page.wait_for_url("**/declarer/envoyee/")
    incident = Incident.objects.get()
    assert (incident.type, incident.is_to_call_back) == ("rancon", True)
    assert page.get_by_role("link", name="Continuer la déclaration").is_visible()


def test_a_call_is_asked_for_by_keyboard_alone(live_site, browser):
    page = open_page(browser, width=320)
    page.goto(live_site + URL)
    tab_to(page, "#q")
    page.keyboard.type("plouexemple")
    tab_to(page, "#contact_phone")
    page.keyboard.type("02 99 00 00 00")
    tab_to(page, "#quoi")
    page.keyboard.type("Je")
    tab_to(page, "button[type=submit].button")
    page.keyboard.press("Enter")
    page.wait_for_selector("label.choice")
    tab_to(page, "button[name=rappel]")
    page.keyboard.press("Enter")
    page.wait_for_url("**/declarer/envoyee/")
    assert Incident.objects.get().type == "inconnu"
    assert measure_overflow(page) <= 0
    assert page.complaints == []


@pytest.mark.parametrize("query", ["plouexemple", "mamoudzou 97600"])
def test_the_search_result_has_the_focus_and_says_that_nothing_is_sent_yet(live_site, browser, query):
    page = open_page(browser, width=360)
    page.goto(live_site + URL)
    page.locator("#q").fill(query)
    page.locator("#contact_phone").fill("02 99 00 00 00")
    page.locator("#quoi").select_option("boite")
    steps.click_to_next_page(page.get_by_role("button", name="Continuer"))
    choice = page.locator("#collectivite")
    assert choice.evaluate("section => section === document.activeElement")
    assert "Rien n’est encore envoyé." in choice.inner_text()
    heading, body = choice.locator("h2").first.bounding_box(), choice.locator("label.choice").first.bounding_box()
    assert 0 <= heading["y"] < body["y"] + body["height"] <= 760
    assert not Incident.objects.exists()


@pytest.mark.proof
def test_each_state_of_the_call_form_is_accessible(live_site, browser):
    visitor = Visitor(browser, live_site)
    page = visitor.page
    visitor.goto(URL)
    visitor.inspect("express")
    steps.click_to_next_page(page.get_by_role("button", name="Continuer"))
    visitor.inspect("express-wrong")
    page.locator("#contact_phone").fill("02 99 00 00 00")
    page.locator("#quoi").select_option("rancon")
    for name, query in (
        ("hospital", "hopital de brest"),
        ("nothing", "zzzzqq"),
        ("unanswered", "mamoudzou 97600"),
        ("found", "plouexemple"),
    ):
        page.locator("#q").fill(query)
        page.locator("#q").press("Enter")
        page.wait_for_load_state()
        visitor.inspect(f"express-{name}")
    page.get_by_role("button", name="Être rappelé").click()
    page.wait_for_url("**/declarer/envoyee/")
    visitor.inspect("express-sent")
    steps.click_to_next_page(page.get_by_role("link", name="Continuer la déclaration"))
    visitor.inspect("express-screen-1")
    visitor.check()


@pytest.mark.proof
def test_the_responder_who_calls_back_completes_the_case(live_site, browser):
    visitor = Visitor(browser, live_site)
    visitor.goto(URL)
    page = visitor.page
    page.locator("#q").fill("plouexemple")
    page.locator("#contact_phone").fill("02 99 00 00 00")
    page.locator("#quoi").select_option("inconnu")
    page.get_by_role("button", name="Continuer").click()
    page.get_by_role("button", name="Être rappelé").click()
    page.wait_for_url("**/declarer/envoyee/")
    incident = Incident.objects.get()
    desk = Desk(browser, live_site)
    desk.sign_in(a_responder())
    desk.visit({"express-queue": "incidents/incident/", "express-case": f"incidents/incident/{incident.reference}/"})
    desk.page.get_by_role("link", name="Rappeler et saisir le reste").click()
    desk.inspect("express-call")
    desk.page.get_by_label("J’appelle").check()
    desk.page.locator("#id_description").fill("Tout est chiffré.")
    desk.page.keyboard.press("Control+Enter")
    desk.page.wait_for_url(f"**/admin/incidents/incident/{incident.reference}/")
    incident.refresh_from_db()
    assert incident.story.description == "Tout est chiffré."
    assert not incident.is_to_call_back
    desk.check()
