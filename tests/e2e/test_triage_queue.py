"""The queue in a real browser: worked through by keyboard, up to date without moving under the hand."""

import pytest
from playwright.sync_api import expect

from incidents.models import Incident
from incidents.services.handling.triage import acknowledge_incident
from tests.browser import open_page, overflow, shoot, violations
from tests.cast import a_lead, a_responder, declare
from tests.e2e import steps
from tests.incidents.transferring import another_centre, propose_transfer

QUEUE = "/admin/incidents/incident/"


@pytest.fixture
def responder(transactional_db, ground_for_a_walk):
    return a_responder()


@pytest.fixture
def cases(responder):
    return [declare() for _ in range(3)]


@pytest.fixture
def page(browser, live_site, cases, responder):
    page = open_page(browser, width=1280, reduced_motion="reduce")
    page.clock.install()
    steps.open_admin(page, live_site, responder)
    page.wait_for_selector("#dossiers")
    yield page
    assert not page.complaints, page.complaints
    page.context.close()


def rows(page):
    return page.eval_on_selector_all(".row", "rows => rows.map(row => row.dataset.reference)")


def focused(page):
    return page.evaluate("document.activeElement.closest('.row')?.dataset.reference || ''")


def references(cases):
    return [case.reference for case in cases]


def look_again(page):
    """Twenty seconds go by."""
    with page.expect_response(lambda answer: "/etat/" in answer.url):
        page.clock.run_for(21_000)


def news(page):
    return page.locator(".queue__news")


def test_it_works(page, cases, responder):
    assert rows(page) == references(cases)
    page.keyboard.press("j")
    page.keyboard.press("ArrowDown")
    assert focused(page) == cases[1].reference
    page.keyboard.press("k")
    assert focused(page) == cases[0].reference

    page.keyboard.press("x")
    assert page.locator("[data-ticked]").inner_text() == "1 dossier coché"
    page.keyboard.press("x")

    page.keyboard.press("p")
    expect(news(page)).to_contain_text("Vous avez pris ce dossier en charge.")
    assert Incident.objects.get(pk=cases[0].pk).acknowledged_by == responder
    expect(page.locator(".row").last).to_contain_text(str(responder))
    assert focused(page) == cases[0].reference
    assert rows(page) == references([cases[1], cases[2], cases[0]])

    page.keyboard.press("Enter")
    page.wait_for_url(f"**{QUEUE}{cases[0].reference}/")


def test_a_case_that_somebody_else_took_says_who(page, cases):
    colleague = a_responder()
    acknowledge_incident(reference=cases[0].reference, actor=colleague)
    page.keyboard.press("j")
    page.keyboard.press("p")
    expect(news(page)).to_contain_text(f"{colleague} l’a pris")


def test_a_new_case_comes_in_without_moving_the_focus(page, cases):
    page.keyboard.press("j")
    page.keyboard.press("j")
    newer = declare()
    look_again(page)
    expect(page.locator(f'.row[data-reference="{newer.reference}"]')).to_be_visible()
    assert focused(page) == cases[1].reference
    expect(page.locator("#vues [aria-current] .queue__count")).to_contain_text("4")


def test_a_case_that_is_offered_is_told_without_loading_the_page(page, cases):
    far = another_centre()
    theirs = declare()
    Incident.objects.filter(pk=theirs.pk).update(csirt=far)
    propose_transfer(theirs, a_lead(far), taker="breizh-cyber")
    look_again(page)
    expect(page.get_by_text("1 transfert à accepter")).to_be_visible()
    assert rows(page) == references(cases)


def test_under_a_ticked_row_nothing_moves_until_it_is_asked(page, cases):
    page.locator(f'input[value="{cases[1].reference}"]').check()
    newer = declare()
    look_again(page)

    expect(news(page)).to_contain_text("1 nouveau dossier")
    assert rows(page) == references(cases)
    page.get_by_role("button", name="Actualiser").click()
    expect(page.locator(f'.row[data-reference="{newer.reference}"]')).to_be_visible()
    assert page.locator(f'input[value="{cases[1].reference}"]').is_checked()
    expect(page.locator("[data-ticked]")).to_have_text("1 dossier coché")


def test_a_lost_line_is_said_and_recovers(page, cases):
    page.context.set_offline(True)
    page.clock.run_for(21_000)
    expect(news(page)).to_contain_text("Connexion perdue, dernière mise à jour à")
    page.context.set_offline(False)
    look_again(page)
    expect(news(page)).not_to_contain_text("Connexion perdue")
    page.complaints.clear()


def test_a_session_that_ended_says_so(page, cases):
    page.context.clear_cookies()
    page.clock.run_for(21_000)
    expect(news(page)).to_contain_text("Votre session est terminée.")
    expect(page.get_by_role("link", name="Se connecter")).to_be_visible()


def test_keys_are_told_and_can_be_switched_off(page, cases):
    page.keyboard.press("?")
    help_shown = page.get_by_role("dialog", name="Raccourcis clavier")
    expect(help_shown).to_be_visible()
    assert not violations(page, "serious", "critical")
    shoot(page, "queue-help")
    page.get_by_label("Raccourcis actifs sur cet appareil").uncheck()
    page.get_by_role("button", name="Fermer").click()
    page.keyboard.press("j")
    assert focused(page) == ""

    page.reload()
    page.keyboard.press("?")
    expect(help_shown).not_to_be_visible()
    page.locator("summary", has_text="Raccourcis clavier").click()
    page.get_by_role("button", name="Couper ou remettre les raccourcis").click()
    page.get_by_label("Raccourcis actifs sur cet appareil").check()
    page.get_by_role("button", name="Fermer").click()
    page.keyboard.press("j")
    assert focused(page) == cases[0].reference


def test_keys_mean_nothing_in_a_field_or_with_another_key(page, cases):
    page.keyboard.press("/")
    page.keyboard.type("jxp?")
    assert page.locator("#recherche").input_value() == "jxp?"
    assert focused(page) == ""
    page.locator("h1").click()
    page.keyboard.press("Control+j")
    page.keyboard.press("Alt+j")
    assert focused(page) == ""
    assert Incident.objects.filter(acknowledged_by=None).count() == 3


@pytest.mark.proof
def test_the_pages_of_an_act_on_many_are_accessible(page, cases):
    found = []
    page.locator("[data-all]").check()
    for act in ("Attribuer…", "Qualifier…", "Grouper…", "Clore…"):
        page.get_by_role("button", name=act).click()
        page.wait_for_load_state("load")
        found += violations(page, "serious", "critical")
        page.set_viewport_size({"width": 360, "height": 760})
        found += [(act, "overflow")] if overflow(page) > 0 else []
        shoot(page, f"bulk-{act.strip('…')}")
        page.set_viewport_size({"width": 1280, "height": 760})
        page.get_by_role("link", name="Ne rien changer").click()
        page.wait_for_selector("#dossiers")
        page.locator("[data-all]").check()
    found += violations(page, "serious", "critical")
    assert not found, found
    page.get_by_role("button", name="Prendre", exact=True).click()
    expect(page.get_by_text("3 dossiers pris en charge.")).to_be_visible()


@pytest.mark.parametrize(
    ("view", "title"), [("ouverts", "Tout"), ("a-repondre", "À répondre"), ("tous", "Tous, même clos")]
)
def test_on_a_telephone_the_view_that_is_shown_is_named_in_few_lines(page, live_site, view, title):
    page.goto(f"{live_site}{QUEUE}?etat={view}")
    page.set_viewport_size({"width": 360, "height": 760})
    expect(page.locator("#vues").get_by_text(title).locator("visible=true").first).to_be_visible()
    assert page.locator("#vues").bounding_box()["height"] <= 110
    page.locator("#vues summary").first.click()
    last = page.locator("#vues .menu__list a").first.bounding_box()
    assert last["x"] >= 0
    assert last["x"] + last["width"] <= 360
    assert overflow(page) <= 0
