"""The pages of papers in every state, by the same rules as the others. They update once a paper is made."""

from datetime import timedelta

import pytest
from django.utils import timezone
from playwright.sync_api import expect

from collectivities.models import Collectivity
from incidents.enums import PaperState
from incidents.models import Paper
from incidents.services.handling.acknowledge import acknowledge_incident
from incidents.services.papers.making import make_due_papers
from stats.models import Report
from stats.reports.making import make_due_reports as make_reports
from tests.browser import open_page
from tests.cast import a_responder, declare
from tests.e2e import steps
from tests.stats.printing import print_year


@pytest.mark.proof
def test_each_state_of_a_case_pack_is_accessible(visitor):
    """The states are a pack not yet asked for, a pack being made, a pack made, and a pack older than the case."""
    incident = declare()
    responder = a_responder()
    visitor.goto("/mes-dossiers/")
    steps.sign_in(visitor.page, responder)
    visitor.goto(f"/suivi/{incident.reference}/dossier/")
    visitor.inspect("pack")
    with visitor.page.expect_navigation():
        visitor.page.get_by_role("button", name="Faire le PDF").click()
    visitor.inspect("pack-asked")
    make_due_papers()
    expect(visitor.page.get_by_role("link", name="Télécharger le PDF")).to_be_visible(timeout=10_000)
    visitor.inspect("pack-made")
    acknowledge_incident(reference=incident.reference, actor=responder)
    visitor.goto(f"/suivi/{incident.reference}/dossier/")
    visitor.inspect("pack-older")
    visitor.check()


@pytest.mark.proof
def test_cards_and_departement_papers_are_accessible(visitor):
    for town in ("Plouexemple", "Ajaccio", "Mamoudzou"):
        body = Collectivity.objects.get(name=town, kind="commune")
        visitor.goto(f"/secours/{body.uid}/")
        visitor.inspect(f"card-{town}")
    for path in ("/secours/", "/secours/?q=plouexemple", "/secours/?q=zzqxkjw", "/secours/?q=123456789"):
        visitor.goto(path)
        visitor.page.locator("details").evaluate_all("all => all.forEach(one => one.open = true)")
        visitor.inspect(f"cards{path[-4:]}")
    visitor.goto("/secours/departement/975/")
    visitor.inspect("departement")
    with visitor.page.expect_navigation():
        visitor.page.get_by_role("button", name="Faire le PDF").click()
    visitor.inspect("departement-asked")
    make_due_papers()
    expect(visitor.page.get_by_role("link", name="Télécharger le PDF")).to_be_visible(timeout=10_000)
    visitor.inspect("departement-made")
    long_since = timezone.now() - timedelta(days=1)
    Paper.objects.update(state=PaperState.ASKED, asked_at=long_since, due_at=long_since)
    visitor.goto("/secours/departement/975/")
    visitor.inspect("departement-late")
    Paper.objects.update(state=PaperState.FAILED)
    visitor.goto("/secours/departement/975/")
    visitor.inspect("departement-failed")
    visitor.check()


REPORT = "/statistiques/publications/5/rapports/53/"


@pytest.mark.proof
def test_each_state_of_a_report_is_accessible(visitor):
    """The states are: being made, ready, late, failed, missing."""
    print_year(2025, 317)
    visitor.goto("/statistiques/?region=53")
    with visitor.page.expect_navigation():
        visitor.page.get_by_role("link", name="Rapport (PDF)").click()
    assert visitor.page.url.endswith(REPORT)
    visitor.inspect("report-asked")
    make_reports()
    expect(visitor.page.get_by_role("link", name="Télécharger le rapport (PDF)")).to_be_visible(timeout=10_000)
    visitor.inspect("report-made")
    with visitor.page.expect_download() as download:
        visitor.page.get_by_role("link", name="Télécharger le rapport (PDF)").click()
    assert download.value.suggested_filename == "rapport-bretagne-2025-publication-5.pdf"
    other = REPORT.replace("/53/", "/france/")
    visitor.goto(other)
    long_since = timezone.now() - timedelta(days=1)
    waiting = Report.objects.filter(region=None)
    waiting.update(asked_at=long_since, due_at=long_since)
    visitor.goto(other)
    visitor.inspect("report-late")
    waiting.update(state=PaperState.FAILED)
    visitor.goto(other)
    visitor.inspect("report-failed")
    with visitor.page.expect_navigation():
        visitor.page.get_by_role("button", name="Demander de nouveau le rapport").click()
    expect(visitor.page.get_by_role("heading", name="Le rapport se prépare")).to_be_visible()
    visitor.goto(REPORT.replace("/53/", "/999/"))
    visitor.inspect("report-not-there")
    visitor.check()


@pytest.mark.proof
def test_without_javascript_a_link_leads_to_the_report(live_site, browser):
    print_year(2025, 317)
    page = open_page(browser, java_script_enabled=False)
    page.goto(f"{live_site}{REPORT}")
    make_reports()
    with page.expect_navigation():
        page.get_by_role("link", name="Regarder où il en est").click()
    expect(page.get_by_role("link", name="Télécharger le rapport (PDF)")).to_be_visible()


@pytest.mark.proof
def test_without_javascript_a_link_leads_to_the_departement_paper(live_site, browser):
    page = open_page(browser, java_script_enabled=False)
    page.goto(f"{live_site}/secours/departement/975/")
    with page.expect_navigation():
        page.get_by_role("button", name="Faire le PDF").click()
    make_due_papers()
    with page.expect_navigation():
        page.get_by_role("link", name="Regarder où il en est").click()
    expect(page.get_by_role("link", name="Télécharger le PDF")).to_be_visible()
