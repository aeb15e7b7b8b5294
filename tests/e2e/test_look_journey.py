"""The journey where it goes wrong, or is shared: held to the same rules as every page."""

import pytest

from incidents.models import Draft
from incidents.services.declaring.draft import derive_draft_code
from tests.browser import open_page
from tests.e2e import steps
from tests.e2e.visitor import Visitor


@pytest.fixture
def visitor(live_site, browser):
    return Visitor(browser, live_site)


def other_tab(visitor):
    """Another window of the same browser, in the visitor's hands from now on."""
    page = visitor.page.context.new_page()
    page.complaints, page.hosts = [], set()
    page.goto(visitor.page.url)
    return page


@pytest.mark.proof
def test_it_works(visitor):
    """Two windows on one screen: the second to save it is told, and keeps what it wants."""
    visitor.fill_in()
    first, second = visitor.page, other_tab(visitor)
    steps.name_services(first)
    steps.go_on(first)
    second.check("#id_service_stopped_1")
    steps.go_on(second)
    visitor.page = second
    visitor.look("services-two-writers")
    steps.go_on(second)
    assert second.url.endswith("/declarer/donnees/")
    assert Draft.objects.get().pages.get(screen="services").values == {"service_stopped": ["no"]}
    visitor.check()


@pytest.mark.proof
def test_words_after_the_end(visitor):
    visitor.fill_in()
    steps.describe_nothing(visitor.page)
    late = other_tab(visitor)
    steps.say_who_to_call(visitor.page)
    steps.send(visitor.page)
    late.locator("#id_contact_phone").fill("03 11 11 11 11")
    steps.send(late)
    visitor.page = late
    visitor.look("sent-already")
    visitor.check()


@pytest.mark.proof
def test_going_on_elsewhere(visitor, live_site, browser):
    """On a second device with the code read out, after a wrong one; each screen says who filled it."""
    visitor.fill_in()
    elsewhere = Visitor(browser, live_site)
    page = elsewhere.page
    elsewhere.goto("/declarer/reprendre/")
    for code in ("2222-2222", derive_draft_code(Draft.objects.get())):
        page.locator("#id_code").fill(code)
        page.locator("#id_prenom").fill("Camille")
        with page.expect_navigation():
            page.get_by_role("button", name="Reprendre").click()
        elsewhere.look(f"resume-{page.url.rsplit('/', 2)[1]}")
    steps.name_services(page)
    steps.go_on(page)
    visitor.goto("/declarer/services/")
    assert "Rempli par Camille" in visitor.page.locator("main").inner_text()
    visitor.look("services-filled-elsewhere")
    elsewhere.check()
    visitor.check()


@pytest.mark.proof
def test_where_many_begin(visitor, monkeypatch):
    """One more button, and the choice goes with it."""
    monkeypatch.setattr("incidents.declare.brake.MANY_BEGUN", 0)
    visitor.goto("/declarer/?quoi=panne")
    steps.go_on(visitor.page)
    visitor.look("confirm-start")
    with visitor.page.expect_navigation():
        visitor.page.get_by_role("button", name="Oui, continuer").click()
    assert "/declarer/qui/" in visitor.page.url
    assert Draft.objects.get().type == "panne"
    visitor.check()


@pytest.mark.proof
def test_without_cookies(live_site, browser):
    """Nothing was typed yet, and every telephone number is there."""
    page = open_page(browser)
    page.route("**/*", lambda route: route.continue_(headers={**route.request.headers, "cookie": ""}))
    page.goto(live_site + "/declarer/")
    page.context.clear_cookies()
    steps.choose_type(page)
    assert page.locator("h1").inner_text() == "Votre navigateur refuse les cookies"
    assert page.get_by_role("link", name="0 800 200 008").count() == 1
