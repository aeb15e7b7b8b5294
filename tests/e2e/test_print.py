"""Printed pages fit their paper, in a real browser."""

import re

import pytest
from playwright.sync_api import Browser

from collectivities.models import Collectivity
from incidents.enums import IncidentType
from incidents.reference import hyphenate
from incidents.services.declarant.access import derive_secret
from stats.pages.freshness import page_cache
from tests.browser import WatchedPage, open_page
from tests.cast import declare
from tests.e2e import steps
from tests.paper import read_codes
from tests.stats.printing import print_year


def count_sheets(page):
    """Return the number of sheets: Chromium writes one plain page object for each."""
    return len(re.findall(rb"/Type\s*/Page\b", page.pdf(prefer_css_page_size=True)))


@pytest.fixture
def page(browser: Browser, live_site: str) -> WatchedPage:
    return open_page(browser)


@pytest.mark.parametrize(
    "kinds",
    [[IncidentType.RANSOMWARE], pytest.param([*IncidentType], marks=pytest.mark.proof)],
    ids=["ransomware", "each"],
)
def test_each_reflex_sheet_is_printed_on_one_page(page, live_site, kinds):
    """Each reflex sheet is printed on one page, however many acts it has."""
    for kind in kinds:
        page.goto(f"{live_site}/reflexes/{kind}/?region=53")
        assert count_sheets(page) == 1, kind


def test_a_card_for_the_wall_is_one_page(page, live_site):
    for town in ("Plouexemple", "Ajaccio", "Mamoudzou"):
        body = Collectivity.objects.get(name=town, kind="commune")
        page.goto(f"{live_site}/secours/{body.uid}/")
        assert count_sheets(page) == 1, town


@pytest.mark.proof
def test_the_qr_code_of_a_printed_page_can_be_read(page, live_site):
    """The QR codes of a card and of the pack of a case, at the size that the browser prints."""
    body = Collectivity.objects.get(name="Plouexemple", kind="commune")
    page.goto(f"{live_site}/secours/{body.uid}/")
    [[read]] = read_codes(page.pdf(prefer_css_page_size=True))
    assert read.endswith(f"/declarer/?collectivite={body.uid}")
    incident = declare()
    page.goto(f"{live_site}/suivi/acces/{derive_secret(incident.accesses.get())}/")
    with page.expect_navigation():
        page.get_by_role("button").first.click()
    page.goto(f"{live_site}/suivi/{incident.reference}/dossier/")
    first, *next_pages = read_codes(page.pdf(prefer_css_page_size=True))
    assert len(first) == 1
    assert first[0].endswith(f"/suivi/?reference={hyphenate(incident.reference)}")
    assert not any(next_pages)


def test_screen_controls_are_not_printed(page, live_site):
    page.goto(f"{live_site}/reflexes/rancon/?region=53")
    page.emulate_media(media="print")
    assert not page.locator("select").is_visible()
    assert not page.locator(".callbar").is_visible()
    assert page.get_by_text("0 800 200 008").locator("visible=true").count() == 1


def test_the_confirmation_prints_on_one_page_followed_by_a_log_sheet(page, live_site):
    """One page holds whom to call, the reflexes, the reference and the code; the next has lines to fill in."""
    steps.declare(page, live_site)
    assert count_sheets(page) == 2
    page.emulate_media(media="print")
    assert page.locator(".ledger").is_visible()
    assert not page.get_by_role("button").locator("visible=true").count()


def test_each_screen_of_the_declaration_can_be_printed(page, live_site):
    """A print made before sending holds the number to call and has no empty page."""
    steps.begin(page, live_site)
    for path in ("services", "donnees", "rappel"):
        page.goto(f"{live_site}/declarer/{path}/")
        assert count_sheets(page) <= 3, path
        page.emulate_media(media="print")
        assert page.get_by_text("0 800 200 008").locator("visible=true").count() == 1, path
        page.emulate_media(media="screen")


def test_the_figures_of_a_region_fit_a_few_pages(page, live_site):
    """The charts are printed with their numbers, without the controls of the screen."""
    page_cache.clear()
    print_year(2025, 5_000)
    page.goto(f"{live_site}/statistiques/?region=53&annee=2025")
    assert count_sheets(page) <= 7
    page.emulate_media(media="print")
    assert not page.locator(".filters").is_visible()
    assert not page.get_by_text("Voir le tableau").locator("visible=true").count()
    for words in ("Incidents par trimestre", "Incidents par région", "Les types d’incidents", "70"):
        assert page.get_by_text(words).locator("visible=true").count(), words
    assert page.locator(".keys dd").first.inner_text() == "210"
