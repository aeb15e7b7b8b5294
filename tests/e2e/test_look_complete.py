"""The pages that complete a case, in every state, with and without script."""

import pytest
from playwright.sync_api import expect

from incidents.facts.shapes import Interruption, Leak
from incidents.models import Incident
from incidents.questions.catalogue import SNAPSHOTS, get_current_version
from incidents.services.declarant.access import derive_secret
from incidents.services.handling.close import close_incident
from tests.browser import open_page
from tests.cast import a_responder, declare
from tests.e2e import steps


@pytest.fixture
def case_with_leak(live_site: str) -> Incident:
    stopped = Interruption(service="civil", extent="stopped", people_affected=30)
    leak = Leak(status="claimed", categories=("sante",))
    return declare(type="virement", service_stopped="yes", interruptions=(stopped,), data_concerned="yes", leak=leak)


def enter(page, site, incident):
    page.goto(f"{site}/suivi/acces/{derive_secret(incident.accesses.get(revoked_at=None))}/")
    press(page, "Ouvrir mon dossier")


def press(page, name):
    with page.expect_navigation():
        page.get_by_role("button", name=name).first.click()


@pytest.mark.proof
def test_each_section_of_a_case_is_accessible(visitor, case_with_leak):
    page, base = visitor.page, f"/suivi/{case_with_leak.reference}/completer/"
    enter(page, visitor.site, case_with_leak)
    visitor.goto(base)
    visitor.inspect("complete-list")
    for section in (*(part.code for part in get_current_version().list_sections("virement")), *SNAPSHOTS):
        visitor.goto(f"{base}{section}/")
        visitor.inspect(f"complete-{section}")
    visitor.check()


@pytest.mark.proof
def test_errors_conflicts_and_former_answers_are_accessible(visitor, case_with_leak):
    page, base = visitor.page, f"/suivi/{case_with_leak.reference}/completer/"
    enter(page, visitor.site, case_with_leak)
    visitor.goto(f"{base}precisions/")
    version = page.locator("[name=seen]").input_value()
    page.fill("#id_q-iban", "FR76 3000 6000 0112 3456 7890 188")
    page.fill("#id_author", "Dominique, accueil")
    press(page, "Enregistrer")
    expect(page.locator(".errors")).to_be_focused()
    visitor.inspect("complete-errors")
    page.check("#id_q-iban-garder")
    press(page, "Enregistrer")
    visitor.inspect("complete-saved")
    visitor.goto(f"{base}precisions/")
    page.evaluate("seen => { document.querySelector('[name=seen]').value = seen }", version)
    page.fill("#id_q-montant", "12 340,50")
    press(page, "Enregistrer")
    visitor.inspect("complete-told")
    press(page, "Enregistrer")
    press(page, "Ce service a repris maintenant")
    for section in ("precisions", "services"):
        visitor.goto(f"{base}{section}/avant/")
        visitor.inspect(f"complete-before-{section}")
    close_incident(reference=case_with_leak.reference, reason="handed_over", handed_to="la DSI", actor=a_responder())
    visitor.goto(base)
    visitor.inspect("complete-closed")
    visitor.check()


@pytest.mark.proof
def test_a_declarant_completes_a_case_without_script(live_site, browser, case_with_leak):
    page = open_page(browser, java_script_enabled=False)
    enter(page, live_site, case_with_leak)
    page.goto(f"{live_site}/suivi/{case_with_leak.reference}/completer/services/")
    page.check("#service-paie")
    page.check("#id_paie-extent_1")
    page.fill("#id_r0-workaround", "Sur papier.")
    press(page, "Enregistrer")
    expect(page.get_by_role("status")).to_contain_text("C’est enregistré")
    assert [row.service for row in case_with_leak.interruptions.order_by("id")] == ["civil", "paie"]
    press(page, "Ce service a repris maintenant")
    assert case_with_leak.interruptions.get(service="civil").ended_at


@pytest.mark.proof
def test_the_responder_sees_answers_defanged(live_site, browser, case_with_leak):
    page = open_page(browser, width=1280)
    enter(page, live_site, case_with_leak)
    page.goto(f"{live_site}/suivi/{case_with_leak.reference}/completer/precisions/")
    page.fill("#id_q-demande_de", "faux@piege.example")
    press(page, "Enregistrer")
    steps.open_admin(page, live_site, a_responder())
    page.goto(f"{live_site}/admin/incidents/incident/{case_with_leak.reference}/")
    expect(page.locator(".answers")).to_contain_text("faux@piege[.]example")
    expect(page.locator(".answers a")).to_have_count(0)
    assert not page.complaints
