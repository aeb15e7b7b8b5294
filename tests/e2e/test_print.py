"""What is printed fits its paper, in a real browser."""

import re

import pytest

from collectivities.models import Collectivity
from incidents.enums import IncidentType
from incidents.reference import spaced
from incidents.services.declarant.access import derive_secret
from stats.pages.freshness import pages
from tests.browser import open_page
from tests.cast import declare
from tests.e2e import steps
from tests.paper import codes_of
from tests.stats.printing import print_year


def sheets_of_paper(page):
    """Chromium writes one page object a sheet, in clear."""
    return len(re.findall(rb"/Type\s*/Page\b", page.pdf(prefer_css_page_size=True)))


@pytest.fixture
def page(browser, live_site):
    return open_page(browser)


def test_it_works(page, live_site):
    """Each reflex sheet is one page, whatever its number of acts."""
    for kind in IncidentType:
        page.goto(f"{live_site}/reflexes/{kind}/?region=53")
        assert sheets_of_paper(page) == 1, kind


def test_a_card_for_the_wall_is_one_page(page, live_site):
    for town in ("Plouexemple", "Ajaccio", "Mamoudzou"):
        body = Collectivity.objects.get(name=town, kind="commune")
        page.goto(f"{live_site}/secours/{body.uid}/")
        assert sheets_of_paper(page) == 1, town


def test_the_code_of_a_printed_page_can_be_read(page, live_site):
    """At the size that the browser prints: of a card, and of the pack of a case."""
    body = Collectivity.objects.get(name="Plouexemple", kind="commune")
    page.goto(f"{live_site}/secours/{body.uid}/")
    [[read]] = codes_of(page.pdf(prefer_css_page_size=True))
    assert read.endswith(f"/declarer/?collectivite={body.uid}")
    incident = declare()
    page.goto(f"{live_site}/suivi/acces/{derive_secret(incident.accesses.get())}/")
    with page.expect_navigation():
        page.get_by_role("button").first.click()
    page.goto(f"{live_site}/suivi/{incident.reference}/dossier/")
    first, *others = codes_of(page.pdf(prefer_css_page_size=True))
    assert len(first) == 1
    assert first[0].endswith(f"/suivi/?reference={spaced(incident.reference)}")
    assert not any(others)


def test_what_is_for_the_screen_stays_there(page, live_site):
    page.goto(f"{live_site}/reflexes/rancon/?region=53")
    page.emulate_media(media="print")
    assert not page.locator("select").is_visible()
    assert not page.locator(".callbar").is_visible()
    assert page.get_by_text("0 800 200 008").locator("visible=true").count() == 1


def test_the_answer_is_one_page_and_a_ledger(page, live_site):
    """Whom to call, the reflexes, the reference and the code on one page, and lines to fill on the next."""
    steps.declare(page, live_site)
    assert sheets_of_paper(page) == 2
    page.emulate_media(media="print")
    assert page.locator(".ledger").is_visible()
    assert not page.get_by_role("button").locator("visible=true").count()


def test_each_screen_of_the_declaration_can_be_printed(page, live_site):
    """Whoever prints before sending gets the number and what is written, and no empty page."""
    steps.begin(page, live_site)
    for path in ("services", "donnees", "rappel"):
        page.goto(f"{live_site}/declarer/{path}/")
        assert sheets_of_paper(page) <= 3, path
        page.emulate_media(media="print")
        assert page.get_by_text("0 800 200 008").locator("visible=true").count() == 1, path
        page.emulate_media(media="screen")


def test_the_figures_of_a_region_fit_a_few_pages(page, live_site):
    """With their numbers and without what is for the screen; a chart that is grey on paper says its figures."""
    pages.clear()
    print_year(2025, 5_000)
    page.goto(f"{live_site}/statistiques/?region=53&annee=2025")
    assert sheets_of_paper(page) <= 7
    page.emulate_media(media="print")
    assert not page.locator(".filters").is_visible()
    assert not page.get_by_text("Voir le tableau").locator("visible=true").count()
    for words in ("Incidents par trimestre", "Incidents par région", "Les types d’incidents", "70"):
        assert page.get_by_text(words).locator("visible=true").count(), words
    assert page.locator(".keys dd").first.inner_text() == "210"
