"""The pages in a real browser: narrow, enlarged, in the dark, by keyboard, under axe."""

import gzip

import pytest

from accounts.enums import Role
from accounts.models import User
from tests.browser import find_violations, measure_overflow, open_page
from tests.cast import a_person, an_agent, declare
from tests.e2e import steps

PAGES = ["/", "/vos-donnees/", "/accessibilite/", "/mentions-legales/", "/nulle-part/"]


@pytest.fixture
def administrator(transactional_db: str) -> User:
    return a_person(Role.ADMINISTRATOR)


@pytest.fixture
def agent(transactional_db: str) -> User:
    return an_agent(declare().collectivity)


@pytest.mark.parametrize("scheme", ["light", pytest.param("dark", marks=pytest.mark.proof)])
def test_public_pages_are_accessible_in_both_schemes(live_site, browser, scheme):
    page = open_page(browser, scheme=scheme)
    for url in PAGES:
        page.goto(live_site + url)
        assert page.locator("h1").count() == 1
        assert find_violations(page) == [], url
    assert page.complaints == []


@pytest.mark.parametrize(("width", "text"), [(320, "17px"), (320, "34px"), (360, "34px"), (1280, "17px")])
def test_nothing_scrolls_sideways(live_site, browser, width, text):
    """Also with the text alone enlarged to 200 %."""
    page = open_page(browser, width=width)
    for url in PAGES:
        page.goto(live_site + url)
        page.evaluate("size => document.documentElement.style.fontSize = size", text)
        assert measure_overflow(page) <= 0, url


def test_declaring_is_offered_without_scrolling(live_site, browser):
    page = open_page(browser, width=360)
    page.goto(live_site)

    box = page.get_by_role("link", name="Déclarer un incident").first.bounding_box()

    assert box["y"] + box["height"] < 640
    assert box["height"] >= 44


def test_the_skip_link_leads_to_the_content_by_keyboard(live_site, browser):
    page = open_page(browser, java_script_enabled=True)
    page.goto(live_site)
    page.keyboard.press("Tab")

    assert page.evaluate("document.activeElement.textContent") == "Aller au contenu"
    assert page.evaluate("getComputedStyle(document.activeElement).outlineStyle") == "solid"
    assert page.locator(":focus").bounding_box()["y"] >= 0

    page.keyboard.press("Enter")
    page.keyboard.press("Tab")
    assert page.evaluate("document.querySelector('main').contains(document.activeElement)")


def test_the_home_page_is_light(live_site, browser):
    """Under 60 kB compressed, with all that it fetches, and from nobody else."""
    page = open_page(browser)
    fetched = []
    page.on("response", lambda response: fetched.append((response.url, len(gzip.compress(response.body())))))
    page.goto(live_site, wait_until="networkidle")

    assert all(url.startswith(live_site) for url, _ in fetched)
    assert sum(size for _, size in fetched) < 30_000


@pytest.mark.parametrize("scheme", ["light", pytest.param("dark", marks=pytest.mark.proof)])
def test_the_admin_is_accessible_and_breaks_no_policy(administrator, live_site, browser, scheme):
    page = open_page(browser, width=1280, scheme=scheme)
    page.goto(live_site + "/admin/")
    assert page.get_by_role("heading", level=1).count() == 1
    assert find_violations(page, "serious", "critical") == []

    steps.sign_in(page, administrator)

    assert page.get_by_role("button", name="Déconnexion").count() == 1
    assert find_violations(page, "serious", "critical") == []
    assert page.complaints == []


def test_a_wrong_password_is_explained_in_plain_words(administrator, live_site, browser):
    page = open_page(browser)
    page.goto(live_site + "/admin/")
    page.get_by_label("Adresse mail").fill(administrator.email)
    page.get_by_label("Mot de passe").fill("autre")
    with page.expect_navigation():
        page.get_by_role("button", name="Se connecter", exact=True).click()

    assert "ne vont pas ensemble" in page.locator(".errors").inner_text()
    assert measure_overflow(page) <= 0


def test_the_cases_of_an_agent_are_accessible(agent, live_site, browser):
    page = open_page(browser)
    page.goto(live_site + "/mes-dossiers/")
    steps.sign_in(page, agent)

    assert page.get_by_role("heading", level=1).inner_text() == "Mes dossiers"
    assert find_violations(page) == []
    assert measure_overflow(page) <= 0
