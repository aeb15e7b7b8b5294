"""The journey where it goes wrong or is shared, by the same rules as every page."""

import pytest

from incidents.models import Draft
from incidents.services.declaring.draft import derive_draft_code
from tests.browser import open_page
from tests.e2e import steps
from tests.e2e.visitor import Visitor


def open_second_window(visitor):
    """Open another window of the visitor's browser and return it."""
    page = visitor.page.context.new_page()
    page.complaints, page.hosts = [], set()
    page.goto(visitor.page.url)
    return page


@pytest.mark.proof
def test_a_conflict_between_two_windows_is_accessible(visitor):
    """The second window to save a screen is warned, and may save its own answers."""
    visitor.fill_in()
    first, second = visitor.page, open_second_window(visitor)
    steps.fill_services(first)
    steps.go_on(first)
    second.check("#id_service_stopped_1")
    steps.go_on(second)
    visitor.page = second
    visitor.inspect("services-two-writers")
    steps.go_on(second)
    assert second.url.endswith("/declarer/donnees/")
    assert Draft.objects.get().pages.get(screen="services").values == {"service_stopped": ["no"]}
    visitor.check()


@pytest.mark.proof
def test_the_page_shown_for_a_form_sent_after_the_declaration_is_accessible(visitor):
    visitor.fill_in()
    steps.describe_nothing(visitor.page)
    late = open_second_window(visitor)
    steps.fill_caller(visitor.page)
    steps.send(visitor.page)
    late.locator("#id_contact_phone").fill("03 11 11 11 11")
    steps.send(late)
    visitor.page = late
    visitor.inspect("sent-already")
    visitor.check()


@pytest.mark.proof
def test_resuming_on_another_device_is_accessible(visitor, live_site, browser):
    """The second device enters a wrong code, then the right one; each screen names who filled it in."""
    visitor.fill_in()
    elsewhere = Visitor(browser, live_site)
    page = elsewhere.page
    elsewhere.goto("/declarer/reprendre/")
    for code in ("2222-2222", derive_draft_code(Draft.objects.get())):
        page.locator("#id_code").fill(code)
        page.locator("#id_prenom").fill("Camille")
        with page.expect_navigation():
            page.get_by_role("button", name="Reprendre").click()
        elsewhere.inspect(f"resume-{page.url.rsplit('/', 2)[1]}")
    steps.fill_services(page)
    steps.go_on(page)
    visitor.goto("/declarer/services/")
    assert "Rempli par Camille" in visitor.page.locator("main").inner_text()
    visitor.inspect("services-filled-elsewhere")
    elsewhere.check()
    visitor.check()


@pytest.mark.proof
def test_confirming_the_start_keeps_the_chosen_type(visitor, monkeypatch):
    """If many declarations begin at once, the page asks for one more click on a button."""
    monkeypatch.setattr("incidents.declare.bot_limits.MAX_UNCONFIRMED_STARTS", 0)
    visitor.goto("/declarer/?quoi=panne")
    steps.go_on(visitor.page)
    visitor.inspect("confirm-start")
    with visitor.page.expect_navigation():
        visitor.page.get_by_role("button", name="Oui, continuer").click()
    assert "/declarer/qui/" in visitor.page.url
    assert Draft.objects.get().type == "panne"
    visitor.check()


@pytest.mark.proof
def test_a_browser_without_cookies_gets_a_page_with_the_number_to_call(live_site, browser):
    """It is refused before anything is typed, with the telephone numbers."""
    page = open_page(browser)
    page.route("**/*", lambda route: route.continue_(headers={**route.request.headers, "cookie": ""}))
    page.goto(live_site + "/declarer/")
    page.context.clear_cookies()
    steps.choose_type(page)
    assert page.locator("h1").inner_text() == "Votre navigateur refuse les cookies"
    assert page.get_by_role("link", name="0 800 200 008").count() == 1
