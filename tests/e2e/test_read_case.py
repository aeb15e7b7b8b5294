"""The page of a case in a real browser, on a telephone, on a wide screen and by keyboard."""

from collections.abc import Callable
from typing import Any, cast

import pytest
from django.utils import timezone
from playwright.sync_api import Browser, expect

from accounts.models import User
from config.demo import showcase
from config.demo.work import fill_case
from incidents.models import Incident, Message, OfficialNumber
from tests.backend import ReusableDatabase
from tests.browser import WatchedPage, measure_overflow, open_page, save_screenshot
from tests.cast import a_lead, a_responder, an_agent, plouexemple
from tests.e2e import steps
from tests.e2e.conftest import create_town_and_centre
from tests.incidents.triage_pages import case_url

TELEPHONE, WIDE = (390, 844), (1920, 1080)
# The same case took more than 13 000 before its parts were folded.
LONGEST = 5_000
REPLY = "Votre message au déclarant"


@pytest.fixture(scope="module")
def reusable_database(
    fill_database_once: Callable[[Callable[[], object]], tuple[str, ReusableDatabase]],
) -> tuple[str, ReusableDatabase]:
    def fill() -> None:
        create_town_and_centre()
        make_case(a_responder())

    return fill_database_once(fill)


def make_case(person: User) -> None:
    """Make a case with an exchange, notes, files, answers, eighteen tasks, indicators and an open question."""
    now = timezone.now().replace(second=0, microsecond=0)
    showcase.make_ransomware_case(plouexemple(), {"agent": an_agent(), "responder": person}, now)
    case = Incident.objects.get()
    fill_case(case, person, a_lead())
    Incident.objects.filter(pk=case.pk).update(awaited_since=now)


@pytest.fixture
def case(transactional_db: str) -> Incident:
    return Incident.objects.get()


@pytest.fixture
def person(case: Incident) -> User:
    """Return the responder who took the case."""
    return cast("User", case.acknowledged_by)


@pytest.fixture
def open_case(browser: Browser, live_site: str, person: User, case: Incident) -> Callable[..., WatchedPage]:
    def open_case(size: tuple[int, int], **options: Any) -> WatchedPage:
        page = open_page(browser, **options)
        resize(page, size)
        steps.open_admin(page, live_site, person)
        page.goto(live_site + case_url(case))
        return page

    return open_case


def measure_box(page, place):
    return page.locator(place).bounding_box()


def test_the_number_and_the_next_action_are_visible_on_a_telephone(open_case):
    """The bar stays when the page is scrolled, and the page is half as long as it was."""
    page = open_case(TELEPHONE)
    for place in (".casebar__call", ".next .act--first"):
        box = measure_box(page, place)
        assert 0 <= box["y"] < box["y"] + box["height"] <= TELEPHONE[1]
    assert page.evaluate("document.documentElement.scrollHeight") < LONGEST
    assert measure_overflow(page) == 0
    page.evaluate("scrollTo(0, 2000)")
    for place in (".casebar__level", ".casebar__clock", ".casebar__call", ".casebar__acts > .act"):
        assert 0 <= measure_box(page, place)["y"] < 200
    assert not page.complaints


def test_a_folded_part_opens_and_a_link_opens_the_form_inside(open_case):
    page = open_case(TELEPHONE)
    expect(page.get_by_label(REPLY)).to_be_hidden()
    page.locator(".casebar").get_by_role("link", name="Répondre").click()
    expect(page.get_by_label(REPLY)).to_be_focused()
    page.locator("#pieces > summary").click()
    expect(page.get_by_text("Télécharger la pièce 1")).to_be_visible()


def test_a_refused_closing_is_explained_by_its_form(open_case):
    """The explanation is on screen, and the reason stays chosen, though the menu is longer than the screen."""
    page = open_case((1280, 700))
    title = measure_box(page, ".casebar h1")
    page.locator("#actes > summary").click()
    page.locator("#clore > summary").click()
    expect(page.locator("#clore").get_by_role("button", name="Clore le dossier")).to_be_in_viewport(ratio=1)
    page.locator("#clore").get_by_label("Résolu").check()
    page.locator("#clore").get_by_role("button", name="Clore le dossier").click()
    expect(page.locator("#clore .act-result")).to_contain_text("Ce dossier ne peut pas encore être « résolu »")
    expect(page.locator("#clore .act-result")).to_be_in_viewport(ratio=0.9)
    expect(page.locator("#clore").get_by_label("Résolu")).to_be_checked()
    assert measure_box(page, ".casebar h1")["width"] == title["width"] > 100


@pytest.mark.proof
def test_the_menu_closes_once_its_action_is_done(open_case):
    page = open_case((1280, 900))
    page.locator("#actes > summary").click()
    page.locator("#clore > summary").click()
    page.locator("#clore").get_by_label("Pas un incident").check()
    page.locator("#clore").get_by_role("button", name="Clore le dossier").click()
    expect(page.locator(".casebar .act-result")).to_contain_text("Dossier clos")
    expect(page.locator("#rares")).to_be_hidden()
    assert not page.complaints


def resize(page: WatchedPage, size: tuple[int, int]) -> None:
    width, height = size
    page.set_viewport_size({"width": width, "height": height})


def test_the_menu_of_acts_opens_inside_the_screen(open_case, case, person):
    """A page that is loaded, scrolled and opened on each screen in turn."""
    number = {"phone": "02 98 11 22 33", "source": "directory", "found_on": "2026-11-03", "noted_by": person}
    OfficialNumber.objects.create(collectivity=case.collectivity, **number)
    page = open_case(WIDE)
    for size in ((320, 640), (360, 640), (390, 844), (600, 800)):
        resize(page, size)
        page.reload()
        page.evaluate("scrollTo(0, 2000)")
        page.locator("#actes > summary").click()
        page.locator("#clore > summary").click()
        box = measure_box(page, "#rares")
        assert 0 <= box["x"] < box["x"] + box["width"] <= size[0], size
        assert 0 <= box["y"] < box["y"] + box["height"] <= size[1], size
        assert measure_overflow(page) == 0, size
        save_screenshot(page, "case-acts")


@pytest.mark.proof
def test_the_menu_of_acts_can_be_scrolled_to_at_four_times_the_size(open_case):
    """A window of 1280 by 900 is 320 by 225 at 400 %: the bar does not stay then, and the page scrolls to each act."""
    page = open_case((320, 225))
    page.locator("#actes > summary").click()
    box = measure_box(page, "#rares")
    assert 0 <= box["x"] < box["x"] + box["width"] <= 320
    last = page.locator("#rares > li").last
    last.evaluate("item => item.scrollIntoView({block: 'end'})")
    place = last.bounding_box()
    assert 0 <= place["y"] < place["y"] + place["height"] <= 225


@pytest.mark.proof
def test_the_bar_cuts_neither_name_nor_number(open_case, person, case):
    """Also with two numbers, and with the longest deadline."""
    number = {"phone": "02 98 11 22 33", "source": "directory", "found_on": "2026-11-03", "noted_by": person}
    OfficialNumber.objects.create(collectivity=case.collectivity, **number)
    Incident.objects.filter(pk=case.pk).update(verification="unverified", verified_at=None)
    page = open_case(WIDE)
    expect(page.locator(".casebar__call")).to_have_count(2)
    page.locator(".casebar__clock span").first.evaluate(
        "clock => { clock.firstChild.data = 'répondre avant le 1er sept., 23 h 59 ' }"
    )
    page.locator(".casebar h1").evaluate(
        "title => { title.firstChild.data = 'Saint-Exemple-sur-Ruisseau (Finistère) ' }"
    )
    widths = "parts => parts.map(part => [part.innerText, part.scrollWidth - part.clientWidth])"
    for width in (360, 1280, 1920):
        resize(page, (width, 900))
        for place in (".casebar h1", ".casebar__call small"):
            assert [words for words, overflow in page.locator(place).evaluate_all(widths) if overflow > 1] == [], width
        assert measure_overflow(page) == 0, width
        save_screenshot(page, "case-bar")


@pytest.mark.proof
def test_a_wide_screen_shows_three_columns(open_case):
    page = open_case(WIDE)
    facts, talk, tasks = (measure_box(page, place) for place in (".case__facts", ".case__talk", ".case__do"))
    assert facts["x"] + facts["width"] <= talk["x"]
    assert talk["x"] + talk["width"] <= tasks["x"]
    assert facts["y"] == talk["y"] == tasks["y"]
    assert tasks["x"] + tasks["width"] > WIDE[0] - 60
    expect(page.get_by_label(REPLY)).to_be_visible()


@pytest.mark.proof
def test_no_label_of_a_fact_is_broken_over_two_lines(open_case):
    pieces = """dt => {
      dt.textContent = "Intercommunalité";
      const range = document.createRange();
      range.selectNodeContents(dt);
      return range.getClientRects().length;
    }"""
    page = open_case(WIDE)
    for size in (WIDE, (1280, 900)):
        resize(page, size)
        assert page.locator(".case__facts .facts dt").first.evaluate(pieces) == 1, size


def test_a_letter_key_moves_the_focus_to_its_form(open_case):
    page = open_case(WIDE)
    page.keyboard.press("?")
    expect(page.get_by_role("heading", name="Raccourcis clavier")).to_be_visible()
    page.keyboard.press("Escape")
    page.keyboard.press("n")
    expect(page.get_by_label("Note interne", exact=True)).to_be_focused()
    page.keyboard.type("nrtq")  # in a field these are only letters
    expect(page.get_by_label("Note interne", exact=True)).to_have_value("nrtq")
    for key, name in (("t", "tache-title"), ("q", "qualifier-nature")):
        page.evaluate("document.activeElement.blur()")
        page.keyboard.press(key)
        expect(page.locator(f"[name={name}]:focus")).to_have_count(1)
    page.evaluate("document.activeElement.blur()")
    page.keyboard.press("r")
    page.keyboard.type("Nous arrivons.")
    page.keyboard.press("Control+Enter")
    expect(page.locator(".talk__list").get_by_text("Nous arrivons.")).to_be_visible()
    assert Message.objects.filter(text="Nous arrivons.").count() == 1
    expect(page.get_by_label("Note interne", exact=True)).to_have_value("nrtq")
    assert not page.complaints


def test_letter_keys_can_be_switched_off(open_case):
    page = open_case(WIDE)
    page.keyboard.press("?")
    page.get_by_label("Raccourcis d’une lettre").uncheck()
    page.get_by_role("button", name="Fermer").click()
    page.keyboard.press("r")
    expect(page.get_by_label(REPLY)).not_to_be_focused()


def test_opening_a_form_without_script_keeps_the_reply(open_case):
    page = open_case(WIDE, java_script_enabled=False)
    page.get_by_label(REPLY).fill("Ne redémarrez rien.")
    page.get_by_role("button", name="Qualifier", exact=True).click()
    expect(page.get_by_role("button", name="Enregistrer la qualification")).to_be_visible()
    expect(page.get_by_label(REPLY)).to_have_value("Ne redémarrez rien.")


@pytest.mark.proof
def test_a_checkbox_stands_beside_its_words_on_a_telephone(open_case):
    page = open_case(TELEPHONE)
    page.locator("#repondre > summary").click()
    gaps = page.locator("#repondre .talk__ask").evaluate_all("""labels => labels.map(label => {
        const words = document.createRange();
        words.selectNodeContents([...label.childNodes].find(node => node.nodeType === 3 && node.data.trim()));
        const box = label.querySelector("input").getBoundingClientRect();
        const line = [...words.getClientRects()].find(rect => rect.width > 4);
        return [line.top - box.bottom, box.right - line.left];
    })""")
    assert gaps
    assert all(below < 0 and overlap <= 0 for below, overlap in gaps)
