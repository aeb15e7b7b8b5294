"""The page of a case in every state, with and without JavaScript: a declarant and a responder write to each other."""

from datetime import UTC, datetime

import pytest
from playwright.sync_api import expect

from incidents.access import CaseVisitor
from incidents.facts.shapes import Interruption
from incidents.models import Incident
from incidents.reference import hyphenate
from incidents.services.correspondence.correspond import Letter
from incidents.services.declarant.access import derive_secret
from incidents.services.declarant.withdraw import withdraw_incident
from incidents.services.handling.acknowledge import acknowledge_incident
from incidents.services.handling.verify import verify_incident
from tests.browser import find_violations, measure_overflow, open_page, save_screenshot
from tests.cast import a_responder, an_agent, declare
from tests.e2e import steps
from tests.e2e.visitor import Visitor

WORDS = "La cantine est arrêtée aussi.\nNotre prestataire arrive à 14 h."


@pytest.fixture
def case_with_two_services(live_site: str) -> Incident:
    return declare_with_two_services()


def declare_with_two_services() -> Incident:
    halted = Interruption(service="civil", extent="stopped")
    slow = Interruption(service="messagerie", extent="degraded")
    return declare(service_stopped="yes", interruptions=(halted, slow))


def derive_case_secret(incident):
    return derive_secret(incident.accesses.get(revoked_at=None))


def enter(page, site, incident):
    page.goto(f"{site}/suivi/acces/{derive_case_secret(incident)}/")
    press(page, "Ouvrir mon dossier")


def press(page, name):
    steps.press(page, page.get_by_role("button", name=name))


def unfold(page, name):
    """Open the part folded under this line."""
    page.locator("summary", has_text=name).click()


def answer_as_responder(visitor, incident, responder):
    """Answer on the page of the case in the admin. Return its address."""
    address = f"/admin/incidents/incident/{incident.reference}/"
    visitor.goto(address)
    steps.sign_in(visitor.page, responder)
    visitor.page.locator("#repondre > summary").click()
    visitor.page.get_by_label("Votre message au déclarant").fill("Avec quel logiciel sauvegardez-vous ?")
    visitor.page.get_by_label("J’attends une réponse").check()
    press(visitor.page, "Envoyer au déclarant")
    return address


@pytest.mark.proof
def test_an_exchange_on_the_follow_up_page_is_accessible(visitor, live_site, browser, case_with_two_services):
    page, responder = visitor.page, a_responder()
    enter(page, live_site, case_with_two_services)
    unfold(page, "Écrire à Breizh Cyber")
    page.get_by_label("Votre message").fill(WORDS)
    press(page, "Envoyer à Breizh Cyber")
    visitor.inspect("follow-written")

    centre = Visitor(browser, live_site)
    answer_as_responder(centre, case_with_two_services, responder)
    expect(centre.page.locator(".talk")).to_contain_text("La cantine est arrêtée aussi.")
    expect(centre.page.locator(".talk")).to_contain_text("attend une réponse")
    acknowledge_incident(reference=case_with_two_services.reference, actor=responder)

    steps.reload(page)
    expect(page.locator("h1")).to_have_text("Breizh Cyber attend une réponse de vous")
    visitor.inspect("follow-awaited")
    unfold(page, "À lire à voix haute")
    press(page, "Partager la phrase par un lien")
    page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    page.get_by_role("button", name="Copier la phrase").click()
    expect(page.get_by_role("button", name="Phrase copiée")).to_be_visible()
    assert "touche la commune de Plouexemple" in page.evaluate("navigator.clipboard.readText()")
    visitor.inspect("follow-shared")
    address = page.locator(".aloud__link").inner_text()
    page.get_by_label("Votre message").fill("x" * 10_001)
    press(page, "Envoyer à Breizh Cyber")
    visitor.inspect("follow-refused")
    visitor.goto("/phrase/" + address.split("/phrase/")[1])
    visitor.inspect("follow-sentence")
    visitor.goto("/phrase/2222/")
    visitor.inspect("follow-no-sentence")
    visitor.check()


@pytest.mark.proof
def test_withdrawing_and_claiming_are_accessible(visitor, live_site, case_with_two_services):
    page = visitor.page
    enter(page, live_site, case_with_two_services)
    visitor.goto(f"/suivi/{case_with_two_services.reference}/retirer/")
    visitor.inspect("follow-withdraw")
    verify_incident(reference=case_with_two_services.reference, actor=a_responder())
    steps.reload(page)
    visitor.inspect("follow-withdraw-verified")
    visitor.goto(f"/connexion/?next=/suivi/{case_with_two_services.reference}/")
    steps.sign_in(page, an_agent())
    visitor.inspect("follow-may-claim")
    press(page, "Rattacher à mon compte")
    visitor.inspect("follow-claimed")
    gone = declare()
    enter(page, live_site, gone)
    declarant = CaseVisitor(access_uid=gone.accesses.get().uid)
    withdraw_incident(reference=gone.reference, visitor=declarant, letter=Letter(text="", key="k"))
    press(page, "Rattacher à mon compte")
    expect(page.locator("h1")).to_have_text("Cette déclaration ne se rattache plus")
    visitor.inspect("follow-not-claimed")
    other = declare()
    enter(page, live_site, other)
    visitor.goto(f"/suivi/{other.reference}/retirer/")
    press(page, "Retirer la déclaration")
    expect(page.locator("h1")).to_have_text("Votre déclaration est retirée")
    visitor.inspect("follow-withdrawn")
    visitor.check()


@pytest.mark.proof
def test_too_many_wrong_codes_are_explained_accessibly(visitor, live_site, case_with_two_services):
    page = visitor.page
    for _ in range(5):
        visitor.goto("/suivi/")
        page.get_by_label("Votre référence").fill(hyphenate(case_with_two_services.reference))
        page.get_by_label("Votre code secret de suivi").fill("2222-2222-2222")
        press(page, "Ouvrir mon dossier")
    expect(page.locator(".errors")).to_contain_text("Trop de codes faux")
    visitor.inspect("follow-locked")
    visitor.check()


@pytest.mark.parametrize("width", [360, 1280])
@pytest.mark.proof
def test_a_declarant_writes_shares_and_withdraws_without_javascript(live_site, browser, case_with_two_services, width):
    page = open_page(browser, width=width, java_script_enabled=False)
    enter(page, live_site, case_with_two_services)
    unfold(page, "Écrire à Breizh Cyber")
    page.get_by_label("Votre message").fill(WORDS)
    press(page, "Envoyer à Breizh Cyber")
    expect(page.locator(".thread")).to_contain_text("La cantine est arrêtée aussi.")
    expect(page.get_by_role("button", name="Copier la phrase")).to_have_count(0)
    unfold(page, "À lire à voix haute")
    press(page, "Partager la phrase par un lien")
    expect(page.locator(".aloud__link")).to_contain_text("/phrase/")
    press(page, "Ne plus partager la phrase")
    expect(page.locator(".aloud__link")).to_have_count(0)
    unfold(page, "Code, compte, retrait")
    with page.expect_navigation():
        page.get_by_role("link", name="Retirer la déclaration").click()
    press(page, "Retirer la déclaration")
    expect(page.locator("h1")).to_have_text("Votre déclaration est retirée")


@pytest.mark.proof
def test_the_responders_page_is_accessible(visitor, live_site, case_with_two_services):
    page = visitor.page
    answer_as_responder(visitor, case_with_two_services, a_responder())
    for width in (360, 1280):
        page.set_viewport_size({"width": width, "height": 760})
        assert measure_overflow(page) <= 0
        assert not find_violations(page, "serious", "critical")
        save_screenshot(page, "triage-thread")
    assert not page.complaints


@pytest.mark.proof
def test_an_ordinary_case_is_short_on_a_telephone(visitor, live_site, time_machine):
    """Also on a day whose name is long: the page writes it several times."""
    time_machine.move_to(datetime(2026, 9, 30, 20, 30, tzinfo=UTC))
    page = visitor.page
    enter(page, live_site, declare_with_two_services())
    page.set_viewport_size({"width": 360, "height": 760})
    assert "mercredi 30 septembre 2026 à 23 h 3" in page.locator("h1 ~ p").nth(1).inner_text().replace("\xa0", " ")
    assert page.evaluate("document.documentElement.scrollHeight") < 2500
    assert min(page.locator(".folds summary").evaluate_all("lines => lines.map(line => line.offsetHeight)")) >= 44
    visitor.inspect("follow-new")
    for line in page.locator(".folds summary").all():
        line.click()
    visitor.inspect("follow-unfolded")
    visitor.check()
