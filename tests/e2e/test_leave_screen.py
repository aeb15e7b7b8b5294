"""Typed text survives a link, the back button, a lost connection and a second window."""

from contextlib import suppress

import pytest
from playwright.sync_api import Browser, Error, expect

from incidents.models import Draft, DraftPage, Incident
from tests.browser import WatchedPage, measure_overflow, open_page, save_screenshot, scroll_to_end
from tests.e2e import steps

WORDS = "Plus rien ne s’ouvre à l’accueil."


@pytest.fixture
def page(browser: Browser, live_site: str) -> WatchedPage:
    page = open_page(browser)
    steps.begin_by_cookie(page, live_site)
    return page


def open_last_screen(page, site):
    page.goto(site + "/declarer/rappel/")
    return page.locator("#id_description")


def get_saved_story():
    """Return the description now saved in the draft."""
    page = DraftPage.objects.filter(screen="rappel").first()
    return page.values["description"][0] if page else None


def test_a_description_survives_leaving_by_a_link(page, live_site, wait_until):
    """The text comes back with the screen, and sending it then is no conflict."""
    open_last_screen(page, live_site).fill(WORDS)
    with page.expect_navigation():
        page.get_by_role("link", name="Tocsin").first.click()
    wait_until(lambda: get_saved_story() == WORDS)
    page.go_back()
    expect(page.locator("#id_description")).to_have_value(WORDS)
    page.locator("#id_contact_phone").fill("02 99 00 00 00")
    steps.send(page)
    assert page.url.endswith("/declarer/envoyee/")
    assert Incident.objects.get().story.description == WORDS
    assert page.complaints == []


def test_the_description_is_saved_while_it_is_typed(page, live_site, wait_until):
    """The page only shows the hour of the last save, as on every screen."""
    box = open_last_screen(page, live_site)
    box.press_sequentially("Plus rien")
    wait_until(lambda: get_saved_story() == "Plus rien")
    box.press_sequentially(" ne s’ouvre")
    wait_until(lambda: get_saved_story() == "Plus rien ne s’ouvre")
    expect(page.locator("[data-saved]")).to_contain_text("Enregistré à")
    page.locator("#id_contact_phone").fill("02 99 00 00 00")
    steps.send(page)
    assert Incident.objects.get().story.description == "Plus rien ne s’ouvre"
    assert page.complaints == []


@pytest.mark.proof
def test_a_text_that_was_too_long_is_saved_once_it_is_shorter(page, live_site, wait_until):
    box = open_last_screen(page, live_site)
    box.fill("é" * 21_000)
    expect(page.locator("[data-trouble]")).to_contain_text("trop long pour être enregistré")
    box.fill(WORDS)
    wait_until(lambda: get_saved_story() == WORDS)
    expect(page.locator("[data-trouble]")).to_be_empty()


@pytest.mark.proof
def test_without_script_the_buttons_save_the_description(browser, live_site):
    page = open_page(browser, java_script_enabled=False)
    steps.begin(page, live_site)
    open_last_screen(page, live_site).fill(WORDS)
    with page.expect_navigation():
        page.get_by_role("button", name="les données").first.click()
    page.goto(live_site)
    page.go_back()
    expect(open_last_screen(page, live_site)).to_have_value(WORDS)


def test_a_lost_connection_is_reported_until_it_is_back(page, live_site, wait_until):
    box = open_last_screen(page, live_site)
    page.context.set_offline(True)
    box.fill(WORDS)
    expect(page.locator("[data-trouble]")).to_contain_text("la ligne est coupée")
    save_screenshot(page, "line-cut")
    page.context.set_offline(False)
    wait_until(get_saved_story)
    expect(page.locator("[data-trouble]")).to_be_empty()


@pytest.mark.proof
def test_the_second_of_two_windows_is_warned_and_decides(page, live_site, wait_until):
    """Her text is not lost, and she sees both texts before she sends hers."""
    other = page.context.new_page()
    first, second = open_last_screen(page, live_site), open_last_screen(other, live_site)
    first.fill("La première.")
    wait_until(get_saved_story)
    second.fill("La seconde.")
    expect(other.locator("[data-trouble]")).to_contain_text("rempli ailleurs")
    assert get_saved_story() == "La première."
    other.locator("#id_contact_phone").fill("02 99 00 00 00")
    steps.send(other)
    expect(other.locator(".errors")).to_contain_text("La première.")
    expect(second).to_have_value("La seconde.")
    steps.send(other)
    assert Incident.objects.get().story.description == "La seconde."


def test_the_back_button_after_sending_shows_the_confirmation_page(page, live_site):
    """However often it is pressed, nothing is sent twice."""
    steps.describe_nothing(page)
    steps.fill_caller(page)
    steps.send(page)
    for _ in range(3):
        page.go_back()
        expect(page.locator("h1")).to_contain_text("transmise à Breizh Cyber")
    assert Incident.objects.count() == Draft.objects.count() == 1


def test_a_double_click_on_each_button_makes_one_case(browser, live_site):
    """Each double click leads to the next screen and not further."""
    page = open_page(browser)
    page.goto(live_site + "/declarer/")
    for button, leads_to in BUTTONS:
        if button == "Chercher":
            page.get_by_role("searchbox").fill("29998")
        if leads_to == "envoyee":
            page.locator("#id_contact_phone").fill("02 99 00 00 00")
        # The second click may begin its own navigation while the first one's is under way, which then is aborted.
        with suppress(Error), page.expect_navigation():
            page.get_by_role("button", name=button).first.dblclick(no_wait_after=True)
        page.wait_for_url(f"**/declarer/{leads_to}/**")
        expect(page.locator("h1")).to_be_visible()
    expect(page.locator("h1")).to_contain_text("transmise à Breizh Cyber")
    assert Incident.objects.count() == 1


BUTTONS = (
    ("Nos fichiers ne s’ouvrent plus", "qui"),
    ("Chercher", "qui"),
    ("Plouexemple", "services"),
    ("Continuer", "donnees"),
    ("Je ne sais pas, passer", "rappel"),
    ("Envoyer à", "envoyee"),
)


@pytest.mark.proof
def test_a_device_with_the_wrong_clock_follows_the_server(browser, live_site):
    """A date in the device's future is refused, with today's date beside it."""
    page = open_page(browser)
    page.clock.set_fixed_time("2038-01-20T03:14:08")
    steps.begin(page, live_site)
    page.goto(live_site + "/declarer/rappel/")
    page.locator("#id_contact_phone").fill("02 99 00 00 00")
    page.locator("#id_occurred_date").fill("2038-01-20")
    steps.send(page)
    expect(page.locator(".errors")).to_contain_text("Cette date est à venir. Vérifiez-la.")
    expect(page.locator("#recit + *, section[aria-labelledby=recit]").first).to_contain_text("Nous sommes le")
    page.locator("#id_occurred_date").fill("")
    steps.send(page)
    assert page.url.endswith("/declarer/envoyee/")


@pytest.mark.proof
def test_a_zoom_of_four_hundred_percent_cuts_nothing_off(browser, live_site):
    """A window of 1280 × 1024 then shows 320 × 256, most of it not covered by the number."""
    page = open_page(browser)
    page.set_viewport_size({"width": 320, "height": 256})
    steps.begin(page, live_site)
    for path in ("services", "donnees", "rappel"):
        page.goto(f"{live_site}/declarer/{path}/")
        assert measure_overflow(page) <= 0
        scroll_to_end(page)
        bar = page.locator(".callbar a").first.bounding_box()
        assert bar["y"] + bar["height"] <= 256 / 5, (path, bar)
        save_screenshot(page, f"zoom-{path}")
