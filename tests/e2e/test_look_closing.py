"""Qualifying, closing, reopening in the admin, and the question at the end on the declarant's page: in every state."""

from datetime import timedelta

import pytest
from django.utils import timezone
from playwright.sync_api import expect

from incidents.access import CaseVisitor
from incidents.facts.shapes import Interruption, Leak
from incidents.models import Closing, Incident, Rating, Task
from incidents.services.correspondence.correspond import Letter, write_to_csirt
from incidents.services.declarant.access import derive_secret
from incidents.services.handling.close import close_incident
from tests.cast import a_responder, declare
from tests.e2e import steps
from tests.e2e.visitor import Visitor

QUICK = "Une voix calme au téléphone, et un rappel tous les jours."


@pytest.fixture
def case_with_leak(live_site: str) -> Incident:
    stopped = Interruption(service="civil", extent="stopped", started_at=timezone.now() - timedelta(hours=30))
    leak = Leak(status="suspected", categories=("nir",))
    return declare(service_stopped="yes", interruptions=(stopped,), data_concerned="yes", leak=leak)


def press(page, name):
    steps.press(page, page.get_by_role("button", name=name).first)


@pytest.mark.proof
def test_qualifying_closing_and_reopening_are_accessible(desk, case_with_leak):
    """A case goes from new to closed and back."""
    responder = a_responder()
    Task.objects.create(incident=case_with_leak, title="Rappeler le maire", author=responder)
    desk.sign_in(responder)
    case = f"{desk.site}/admin/incidents/incident/{case_with_leak.reference}/"
    qualify(desk, case)
    close(desk, case)
    assert Closing.objects.get().is_shared
    assert Task.objects.get().is_moot
    visitor = CaseVisitor(access_uid=case_with_leak.accesses.get().uid)
    write_to_csirt(
        reference=case_with_leak.reference, visitor=visitor, letter=Letter(text="Cela recommence.", key="k")
    )
    reopen(desk, case_with_leak.reference)
    desk.check()


def qualify(desk, case):
    page = desk.page
    page.goto(case)
    page.get_by_text("Qualifier", exact=True).click()
    page.get_by_label("Une autre technique").fill("extra window")
    press(page, "Chercher la technique")
    page.get_by_label("T1055.011").check()
    desk.inspect("qualify")
    page.locator("label", has_text="avec un échange avec la victime").check()
    page.get_by_label("T1486").check()
    page.get_by_label("Cause").select_option("flaw")
    press(page, "Enregistrer la qualification")
    expect(page.get_by_text("T1486 Données chiffrées").first).to_be_visible()


def close(desk, case):
    page = desk.page
    page.goto(f"{case}cloture/")
    desk.inspect("closing")
    press(page, "Clore le dossier")
    desk.inspect("closing-missing")
    page.get_by_label("Le", exact=True).fill(timezone.localdate().isoformat())
    page.get_by_label("Fuite de données").select_option("unfounded")
    page.get_by_label("Rappeler le maire, sans objet").check()
    page.get_by_label("Ce que sont devenus").select_option("restored")
    page.get_by_label("Bilan, pour le centre").fill("Serveur remis depuis la sauvegarde.")
    page.get_by_label("Enseignement").fill("Une sauvegarde débranchée a suffi.")
    page.get_by_label("Je confirme").check()
    press(page, "Clore le dossier")
    expect(page.get_by_role("heading", name="Clôture")).to_be_visible()


def reopen(desk, reference):
    page = desk.page
    desk.visit({"queue-awakened": "incidents/incident/", "case-awakened": f"incidents/incident/{reference}/"})
    page.get_by_label("Pourquoi le rouvrir").fill("Le chiffrement a repris.")
    press(page, "Rouvrir le dossier")
    expect(page.get_by_text("Dossier rouvert")).to_be_visible()
    desk.inspect("case-reopened")


@pytest.mark.proof
def test_the_rating_is_accessible(live_site, browser, case_with_leak):
    from_centre = Visitor(browser, live_site)
    page = from_centre.page
    close_as_resolved(case_with_leak)
    page.goto(f"{live_site}/suivi/acces/{derive_secret(case_with_leak.accesses.get())}/")
    press(page, "Ouvrir mon dossier")
    from_centre.inspect("rate")
    press(page, "Donner mon avis")
    from_centre.inspect("rate-errors")
    page.get_by_label("beaucoup").check()
    page.get_by_label("Un mot de plus").fill(QUICK)
    press(page, "Donner mon avis")
    from_centre.inspect("rate-given")
    assert (Rating.objects.get().level, Rating.objects.get().words) == (4, QUICK)
    steps.reload(page)
    from_centre.check()


def close_as_resolved(incident):
    incident.interruptions.update(ended_at=timezone.now())
    incident.leaks.update(status="unfounded")
    close_incident(reference=incident.reference, reason="resolved", why="Vu.", actor=a_responder())
