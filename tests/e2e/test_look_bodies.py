"""A body that no list carries, and the call sheet: every state in a real browser, also by keyboard alone."""

import re
from typing import cast

import pytest
from playwright.sync_api import Browser, expect

from collectivities.enums import Kind
from collectivities.models import Collectivity
from collectivities.services import create_proposed_body
from incidents.models import Incident
from tests.browser import (
    WatchedPage,
    find_violations,
    measure_overflow,
    open_page,
    save_screenshot,
    wait_for_transitions,
)
from tests.cast import a_responder, declare, plouexemple
from tests.e2e import steps
from tests.factories.collectivities import make_fake_siren

SIREN = make_fake_siren(929_292)
SHEET = "/triage/saisir/"


def press(page, *keys):
    for key in keys:
        page.keyboard.press(key)


def add_body(page, *, siren=SIREN, town="29999"):
    page.locator("#id_name").fill("CCAS de Plouexemple")
    page.locator("#id_kind").select_option("ccas")
    page.locator("#id_town").fill(town)
    page.locator("#id_siren").fill(siren)
    steps.go_on(page)


@pytest.mark.proof
def test_each_state_of_adding_a_body_is_accessible(visitor):
    """Go from « pas dans la liste » to the next screen."""
    page = visitor.page
    visitor.goto("/declarer/")
    steps.choose_type(page)
    steps.search_body(page, "ccas de plouexemple zz")
    visitor.inspect("body-named-by-its-kind")
    steps.click_to_next_page(page.get_by_role("link", name="L’ajouter ailleurs"))
    visitor.inspect("body-new")
    add_body(page, siren="123456789", town="Saint-Denis")
    visitor.inspect("body-new-errors")
    add_body(page, siren="212900195")
    visitor.inspect("body-known-number")
    with page.expect_navigation():
        page.get_by_role("button", name="Corriger le numéro").click()
    seat = plouexemple()
    create_proposed_body(kind=Kind.CCAS, name="CCAS Plouexemple", siren=None, seat=seat)
    add_body(page)
    visitor.inspect("body-doubles")
    with page.expect_navigation():
        page.get_by_role("button", name="Non, ajouter le mien").click()
    visitor.inspect("body-added")
    with page.expect_navigation():
        page.locator("button.choice", has_text="CCAS de Plouexemple").click()
    expect(page).to_have_url(re.compile("/declarer/services/"))
    assert Collectivity.objects.get(siren=SIREN).is_unconfirmed
    visitor.check()


@pytest.mark.parametrize("width", [360, 1280])
@pytest.mark.proof
def test_the_case_of_an_unconfirmed_body_is_accessible(live_site, browser, width):
    body = create_proposed_body(kind=Kind.CCAS, name="CCAS de Plouexemple", siren=SIREN, seat=plouexemple())
    create_proposed_body(kind=Kind.CCAS, name="C.C.A.S. Plouexemple", siren=None, seat=plouexemple())
    incident = declare(collectivity=body)
    page = open_page(browser, width=width, reduced_motion="reduce")
    steps.sign_in_by_cookie(page, live_site, a_responder())
    page.goto(f"{live_site}/admin/incidents/incident/{incident.reference}/")
    check_page(page, f"case-to-confirm-{width}")
    steps.press(page, page.get_by_role("button", name="C’est celle-ci").first)
    check_page(page, f"case-merged-{width}")
    assert Incident.objects.get().collectivity.name == "C.C.A.S. Plouexemple"


@pytest.mark.parametrize("width", [360, 1280])
@pytest.mark.proof
def test_correcting_a_body_and_withdrawing_its_confirmation_are_accessible(live_site, browser, width):
    body = create_proposed_body(kind=Kind.CCAS, name="C.C.A.S de Plouexample", siren=SIREN, seat=plouexemple())
    incident = declare(collectivity=body)
    page = open_page(browser, width=width, reduced_motion="reduce")
    steps.sign_in_by_cookie(page, live_site, a_responder())
    page.goto(f"{live_site}/admin/incidents/incident/{incident.reference}/")
    page.get_by_text("Corriger ce qui est donné…").click()
    page.get_by_label("Son nom").fill("CCAS de Plouexemple")
    page.get_by_label("Commune du siège").fill("Saint-Denis")
    click(page, "Enregistrer la correction")
    page.complaints.clear()  # the browser's own, of the 422
    check_page(page, f"case-wrong-seat-{width}")
    page.get_by_label("Commune du siège").fill("29999")
    click(page, "Enregistrer la correction")
    click(page, "Confirmer qu’elle existe")
    page.get_by_text("Retirer la confirmation…").click()
    check_page(page, f"case-to-doubt-{width}")
    page.get_by_label("C’est une autre collectivité").check()
    click(page, "Retirer la confirmation")
    check_page(page, f"case-doubted-{width}")
    body.refresh_from_db()
    assert (body.name, body.is_unconfirmed) == ("CCAS de Plouexemple", True)


def click(page, name):
    steps.press(page, page.get_by_role("button", name=name, exact=True))


def check_page(page, name):
    page.wait_for_load_state("load")
    wait_for_transitions(page)
    assert not page.complaints
    assert find_violations(page, "serious", "critical") == []
    page.complaints.clear()  # axe's own are not the page's
    assert measure_overflow(page) <= 0
    save_screenshot(page, name)


class Sheet(WatchedPage):
    """The call sheet in a browser of this width."""

    sheet_width: int


@pytest.fixture(params=[pytest.param(360, marks=pytest.mark.proof), 1280])
def sheet(request: pytest.FixtureRequest, live_site: str, browser: Browser) -> Sheet:
    page = cast("Sheet", open_page(browser, width=request.param, reduced_motion="reduce"))
    steps.sign_in_by_cookie(page, live_site, a_responder())
    page.goto(live_site + SHEET)
    page.sheet_width = request.param
    return page


def unfold_services(sheet):
    """On a telephone, open the list of services, which is folded at first."""
    expect(sheet.locator("#id_civil")).to_be_hidden()
    sheet.locator("summary", has_text="Service par service").focus()
    press(sheet, "Enter")
    check_page(sheet, "call-sheet-services")
    sheet.locator("#id_contact_phone").focus()


@pytest.mark.proof
def test_a_call_is_written_down_by_keyboard_alone(sheet):
    """Enter leads to the next field and Ctrl+Enter sends."""
    check_page(sheet, "call-sheet")
    expect(sheet.locator("#id_body")).to_be_focused()
    sheet.keyboard.type("plouex")
    expect(sheet.get_by_role("option").first).to_contain_text("Plouexemple")
    check_page(sheet, "call-sheet-options")
    press(sheet, "ArrowDown", "Enter")
    expect(sheet.locator("#id_contact_phone")).to_be_focused()
    expect(sheet.locator("#id_lycees")).to_be_hidden()
    if sheet.sheet_width == 360:
        unfold_services(sheet)
    expect(sheet.locator("#id_civil")).to_be_visible()
    sheet.keyboard.type("02 99 00 00 00")
    press(sheet, "Enter")
    sheet.keyboard.type("Dominique Exemple")
    press(sheet, "Enter", "Enter", "Enter", "Enter")  # past role, address and its tick
    expect(sheet.locator("#id_type")).to_be_focused()
    sheet.keyboard.type("ran")
    press(sheet, "Tab")
    sheet.keyboard.type("Tout est chiffré.")
    press(sheet, "Enter")
    sheet.keyboard.type("Un message demande de l’argent.")
    with sheet.expect_navigation():
        press(sheet, "Control+Enter")
    incident = Incident.objects.get()
    assert (incident.type, incident.collectivity.name) == ("rancon", "Plouexemple")
    assert incident.story.description == "Tout est chiffré.\nUn message demande de l’argent."
    expect(sheet.locator("h1")).to_contain_text("Lisez ceci au téléphone")
    check_page(sheet, "call-told")


def test_open_case_is_announced_as_soon_as_the_body_is_chosen(sheet):
    """And not only once the whole call is written; the button then saves at once."""
    incident = declare()
    expect(sheet.locator("#id_body")).to_be_focused()
    sheet.keyboard.type("plouex")
    expect(sheet.get_by_role("option").first).to_contain_text("Plouexemple")
    press(sheet, "ArrowDown", "Enter")
    warning = sheet.locator("#ouverts-avis")
    expect(warning.get_by_role("link")).to_contain_text("Plouexemple")
    expect(sheet.locator("#id_body_status")).to_contain_text("Un dossier est déjà ouvert")
    expect(sheet.locator("#envoyer")).to_have_text("Enregistrer un autre dossier")
    expect(sheet.locator("#id_contact_phone")).to_be_focused()
    check_page(sheet, "call-sheet-warned")

    sheet.locator("#id_body").fill("")
    expect(warning).to_have_count(0)
    expect(sheet.locator("#envoyer")).to_have_text("Enregistrer")
    sheet.locator("#id_body").press_sequentially("plouex")
    expect(sheet.get_by_role("option").first).to_contain_text("Plouexemple")
    press(sheet, "Enter")
    expect(warning).to_be_visible()
    sheet.keyboard.type("02 99 00 00 00")
    with sheet.expect_navigation():
        press(sheet, "Control+Enter")
    expect(sheet.locator("h1")).to_contain_text("Lisez ceci au téléphone")
    assert Incident.objects.exclude(pk=incident.pk).count() == 1


@pytest.mark.parametrize("sheet", [1280], indirect=True)
@pytest.mark.proof
def test_every_control_is_reached_by_tab_in_order(sheet):
    stops = sheet.locator(".call-sheet__form").evaluate(
        """form => [...form.querySelectorAll('input:not([type=hidden]), select, textarea, button')]
        .filter(one => one.offsetParent).map(one => one.id || one.value)"""
    )
    reached = []
    for _ in stops:
        reached.append(sheet.evaluate("document.activeElement.id || document.activeElement.value"))
        press(sheet, "Tab")
    assert reached == stops


@pytest.mark.proof
def test_errors_and_another_centre_on_the_call_sheet_are_accessible(sheet):
    sheet.keyboard.type("zzqxkjw")
    with sheet.expect_navigation():
        press(sheet, "Control+Enter")
    check_page(sheet, "call-sheet-errors")
    sheet.locator("#id_body").fill("14118")
    sheet.locator("#id_contact_phone").fill("02 99 00 00 00")
    with sheet.expect_navigation():
        press(sheet, "Control+Enter")
    expect(sheet.locator("#envoyer")).to_be_focused()
    check_page(sheet, "call-sheet-elsewhere")
    with sheet.expect_navigation():
        press(sheet, "Control+Enter")
    check_page(sheet, "call-told-elsewhere")
    assert Incident.objects.get().collectivity.name == "Caen"


@pytest.mark.proof
def test_a_call_is_written_down_without_script(live_site, browser):
    page = open_page(browser, width=360, java_script_enabled=False)
    steps.sign_in_by_cookie(page, live_site, a_responder())
    page.goto(live_site + SHEET)
    page.locator("#id_body").fill("saint denis")
    page.locator("#id_contact_phone").fill("02 99 00 00 00")
    with page.expect_navigation():
        page.get_by_role("button", name="Chercher").click()
    page.get_by_label("Saint-Denis (La Réunion)").check()
    with page.expect_navigation():
        page.locator("#envoyer").click()
    with page.expect_navigation():
        page.locator("#envoyer").click()
    assert Incident.objects.get().collectivity.insee_code == "97411"
