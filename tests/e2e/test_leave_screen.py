"""What is typed outlives what takes the person away: a link, the back button, a line that is cut, a second window."""

from contextlib import suppress

import pytest
from playwright.sync_api import Error, expect

from incidents.models import Draft, DraftPage, Incident
from tests.browser import open_page, overflow, scroll_to_end, shoot
from tests.e2e import steps

WORDS = "Plus rien ne s’ouvre à l’accueil."


@pytest.fixture
def page(browser, live_site):
    page = open_page(browser)
    steps.begin(page, live_site)
    return page


def last_screen(page, site):
    page.goto(site + "/declarer/rappel/")
    return page.locator("#id_description")


def kept():
    """The story as the draft has it now."""
    page = DraftPage.objects.filter(screen="rappel").first()
    return page.values["description"][0] if page else None


def test_it_works(page, live_site, until):
    """Typed and left at once by a link: the words come back with the screen, and the button is no second writer."""
    last_screen(page, live_site).fill(WORDS)
    with page.expect_navigation():
        page.get_by_role("link", name="Tocsin").first.click()
    until(lambda: kept() == WORDS)
    page.go_back()
    expect(page.locator("#id_description")).to_have_value(WORDS)
    page.locator("#id_contact_phone").fill("02 99 00 00 00")
    steps.send(page)
    assert page.url.endswith("/declarer/envoyee/")
    assert Incident.objects.get().story.description == WORDS
    assert page.complaints == []


def test_it_is_kept_while_it_is_typed(page, live_site, until):
    """Without a word about it but the hour, which is said as on every screen."""
    box = last_screen(page, live_site)
    box.press_sequentially("Plus rien")
    until(lambda: kept() == "Plus rien")
    box.press_sequentially(" ne s’ouvre")
    until(lambda: kept() == "Plus rien ne s’ouvre")
    expect(page.locator("[data-saved]")).to_contain_text("Enregistré à")
    page.locator("#id_contact_phone").fill("02 99 00 00 00")
    steps.send(page)
    assert Incident.objects.get().story.description == "Plus rien ne s’ouvre"
    assert page.complaints == []


def test_without_a_script_the_buttons_keep_it(browser, live_site):
    page = open_page(browser, java_script_enabled=False)
    steps.begin(page, live_site)
    last_screen(page, live_site).fill(WORDS)
    with page.expect_navigation():
        page.get_by_role("button", name="les données").first.click()
    page.goto(live_site)
    page.go_back()
    expect(last_screen(page, live_site)).to_have_value(WORDS)


def test_a_line_that_is_cut(page, live_site, until):
    """It is said, tried again, and unsaid."""
    box = last_screen(page, live_site)
    page.context.set_offline(True)
    box.fill(WORDS)
    expect(page.locator("[data-trouble]")).to_contain_text("la ligne est coupée")
    shoot(page, "line-cut")
    page.context.set_offline(False)
    until(kept)
    expect(page.locator("[data-trouble]")).to_be_empty()


def test_two_windows_on_one_screen(page, live_site, until):
    """The second to type is told at once, loses nothing, and decides with both before her eyes."""
    other = page.context.new_page()
    first, second = last_screen(page, live_site), last_screen(other, live_site)
    first.fill("La première.")
    until(kept)
    second.fill("La seconde.")
    expect(other.locator("[data-trouble]")).to_contain_text("rempli ailleurs")
    assert kept() == "La première."
    other.locator("#id_contact_phone").fill("02 99 00 00 00")
    steps.send(other)
    expect(other.locator(".errors")).to_contain_text("La première.")
    expect(second).to_have_value("La seconde.")
    steps.send(other)
    assert Incident.objects.get().story.description == "La seconde."


def test_the_back_button_after_the_end(page, live_site):
    """It leads to the answer, however often it is pressed; nothing is sent twice."""
    steps.describe_nothing(page)
    steps.say_who_to_call(page)
    steps.send(page)
    for _ in range(3):
        page.go_back()
        expect(page.locator("h1")).to_contain_text("transmise à Breizh Cyber")
    assert Incident.objects.count() == Draft.objects.count() == 1


def test_a_double_click_on_each_button(browser, live_site):
    """One draft goes on, one case is made, and the page after it is the one that was meant."""
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


def test_a_device_with_the_wrong_clock(browser, live_site):
    """The server's hour counts; a date of the device's future is refused with today's beside it."""
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


def test_a_zoom_of_four_hundred_percent(browser, live_site):
    """A window of 1280 × 1024 shows 320 × 256: nothing is cut off, and the number leaves most of it free."""
    page = open_page(browser)
    page.set_viewport_size({"width": 320, "height": 256})
    steps.begin(page, live_site)
    for path in ("services", "donnees", "rappel"):
        page.goto(f"{live_site}/declarer/{path}/")
        assert overflow(page) <= 0
        scroll_to_end(page)
        bar = page.locator(".callbar a").first.bounding_box()
        assert bar["y"] + bar["height"] <= 256 / 5, (path, bar)
        shoot(page, f"zoom-{path}")
