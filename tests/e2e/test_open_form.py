"""The forms of the case page that are loaded once they are opened, in a real browser."""

import pytest
from playwright.sync_api import expect

from accounts.models import StoredSession
from tests.browser import open_page
from tests.cast import a_responder, declare
from tests.e2e import steps


@pytest.fixture
def case(live_site: str) -> str:
    return f"{live_site}/admin/incidents/incident/{declare().reference}/"


def test_a_form_opens_in_place_of_its_button_by_keyboard(signed_in_desk, case):
    """The form takes the focus too; nothing above it moves, and typed text stays."""
    page = signed_in_desk.page
    page.goto(case)
    reply = page.get_by_label("Votre message au déclarant")
    reply.fill("Nous arrivons.")
    button = page.get_by_role("button", name="Qualifier", exact=True)
    button.focus()  # scrolls it into view
    place, below = button.bounding_box(), page.locator("#gravite")
    reply_at = reply.bounding_box()
    button.press("Enter")

    summary = page.locator("summary", has_text="Qualifier")
    expect(summary).to_be_focused()
    assert summary.bounding_box()["y"] == pytest.approx(place["y"], abs=1)
    assert summary.bounding_box()["height"] == pytest.approx(place["height"], abs=1)
    assert reply.bounding_box() == reply_at
    assert reply.input_value() == "Nous arrivons."
    page.keyboard.press("Tab")
    expect(page.locator("[name=qualifier-nature]").first).to_be_focused()
    signed_in_desk.inspect("case-form-opened")
    summary.press("Enter")
    expect(page.locator("[name=qualifier-nature]").first).to_be_hidden()
    expect(below).to_be_visible()
    signed_in_desk.check()


def test_an_opened_form_is_sent(signed_in_desk, case):
    page = signed_in_desk.page
    page.goto(case)
    page.get_by_role("button", name="Changer la gravité").click()
    page.get_by_label("Gravité", exact=True).select_option("1")
    page.get_by_role("button", name="Changer la gravité").click()
    expect(page.get_by_label("Pourquoi", exact=True)).to_be_visible()
    page.get_by_label("Pourquoi", exact=True).fill("Un poste isolé, déjà remis.")
    page.get_by_role("button", name="Changer la gravité").click()
    expect(page.get_by_role("heading", name="Gravité faible")).to_be_visible()
    signed_in_desk.check()


def test_an_ended_session_redirects_to_the_sign_in_page(signed_in_desk, case):
    page = signed_in_desk.page
    page.goto(case)
    StoredSession.objects.all().delete()
    page.get_by_role("button", name="Qualifier", exact=True).click()
    expect(page.get_by_label("Mot de passe")).to_be_visible()


def test_without_a_script_the_button_leads_to_the_open_form(browser, live_site, case):
    page = open_page(browser, width=1280, java_script_enabled=False)
    steps.open_admin(page, live_site, a_responder())
    page.goto(case)
    page.get_by_role("button", name="Qualifier", exact=True).click()
    expect(page.get_by_role("button", name="Enregistrer la qualification")).to_be_visible()
