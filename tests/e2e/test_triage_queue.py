"""The queue in a real browser, worked through by keyboard and updated without moving the focus."""

from collections.abc import Callable

import pytest
from playwright.sync_api import expect

from accounts.models import User
from incidents.models import Incident
from incidents.services.handling.acknowledge import acknowledge_incident
from tests.browser import WatchedPage, find_violations, measure_overflow, save_screenshot
from tests.cast import a_lead, a_responder, declare
from tests.incidents.transferring import create_other_centre, propose_transfer

QUEUE = "/admin/incidents/incident/"


@pytest.fixture
def breizh_responder(transactional_db: str, town_and_centre: None) -> User:
    return a_responder()


@pytest.fixture
def three_cases(breizh_responder: User) -> list[Incident]:
    return [declare() for _ in range(3)]


@pytest.fixture
def page(
    open_queue: Callable[[User], WatchedPage], three_cases: list[Incident], breizh_responder: User
) -> WatchedPage:
    return open_queue(breizh_responder)


def list_references(page):
    return page.eval_on_selector_all(".row", "rows => rows.map(row => row.dataset.reference)")


def get_focused_reference(page):
    return page.evaluate("document.activeElement.closest('.row')?.dataset.reference || ''")


def references_of(cases):
    return [case.reference for case in cases]


def wait_for_update(page):
    """Let twenty seconds pass, after which the queue is updated."""
    with page.expect_response(lambda answer: "/etat/" in answer.url):
        page.clock.run_for(21_000)


def locate_news(page):
    return page.locator(".queue__news")


def test_a_case_is_reached_taken_and_opened_by_keyboard(page, three_cases, breizh_responder):
    assert list_references(page) == references_of(three_cases)
    page.keyboard.press("j")
    page.keyboard.press("ArrowDown")
    assert get_focused_reference(page) == three_cases[1].reference
    page.keyboard.press("k")
    assert get_focused_reference(page) == three_cases[0].reference

    page.keyboard.press("x")
    assert page.locator("[data-ticked]").inner_text() == "1 dossier coché"
    page.keyboard.press("x")

    page.keyboard.press("p")
    expect(locate_news(page)).to_contain_text("Vous avez pris ce dossier en charge.")
    assert Incident.objects.get(pk=three_cases[0].pk).acknowledged_by == breizh_responder
    expect(page.locator(".row").last).to_contain_text(str(breizh_responder))
    assert get_focused_reference(page) == three_cases[0].reference
    assert list_references(page) == references_of([three_cases[1], three_cases[2], three_cases[0]])

    page.keyboard.press("Enter")
    page.wait_for_url(f"**{QUEUE}{three_cases[0].reference}/")


def test_taking_a_case_taken_meanwhile_names_the_colleague(page, three_cases):
    colleague = a_responder()
    acknowledge_incident(reference=three_cases[0].reference, actor=colleague)
    page.keyboard.press("j")
    page.keyboard.press("p")
    expect(locate_news(page)).to_contain_text(f"{colleague} l’a pris")


def test_a_new_case_comes_in_without_moving_the_focus(page, three_cases):
    page.keyboard.press("j")
    page.keyboard.press("j")
    newer = declare()
    wait_for_update(page)
    expect(page.locator(f'.row[data-reference="{newer.reference}"]')).to_be_visible()
    assert get_focused_reference(page) == three_cases[1].reference
    expect(page.locator("#vues [aria-current] .queue__count")).to_contain_text("4")


def test_an_offered_case_is_announced_without_reloading(page, three_cases):
    far = create_other_centre()
    incident = declare()
    Incident.objects.filter(pk=incident.pk).update(csirt=far)
    propose_transfer(incident, a_lead(far), taker="breizh-cyber")
    wait_for_update(page)
    expect(page.get_by_text("1 transfert à accepter")).to_be_visible()
    assert list_references(page) == references_of(three_cases)


def test_rows_do_not_move_while_one_is_ticked(page, three_cases):
    page.locator(f'input[value="{three_cases[1].reference}"]').check()
    newer = declare()
    wait_for_update(page)

    expect(locate_news(page)).to_contain_text("1 nouveau dossier")
    assert list_references(page) == references_of(three_cases)
    page.get_by_role("button", name="Actualiser").click()
    expect(page.locator(f'.row[data-reference="{newer.reference}"]')).to_be_visible()
    assert page.locator(f'input[value="{three_cases[1].reference}"]').is_checked()
    expect(page.locator("[data-ticked]")).to_have_text("1 dossier coché")


def test_a_lost_connection_is_reported_until_it_is_back(page, three_cases):
    page.context.set_offline(True)
    page.clock.run_for(21_000)
    expect(locate_news(page)).to_contain_text("Connexion perdue, dernière mise à jour à")
    page.context.set_offline(False)
    wait_for_update(page)
    expect(locate_news(page)).not_to_contain_text("Connexion perdue")
    page.complaints.clear()


def test_an_ended_session_is_reported(page, three_cases):
    page.context.clear_cookies()
    page.clock.run_for(21_000)
    expect(locate_news(page)).to_contain_text("Votre session est terminée.")
    expect(page.get_by_role("link", name="Se connecter")).to_be_visible()


def test_shortcuts_are_listed_and_can_be_switched_off(page, three_cases):
    page.keyboard.press("?")
    help_shown = page.get_by_role("dialog", name="Raccourcis clavier")
    expect(help_shown).to_be_visible()
    assert not find_violations(page, "serious", "critical")
    save_screenshot(page, "queue-help")
    page.get_by_label("Raccourcis actifs sur cet appareil").uncheck()
    page.get_by_role("button", name="Fermer").click()
    page.keyboard.press("j")
    assert get_focused_reference(page) == ""

    page.reload()
    page.keyboard.press("?")
    expect(help_shown).not_to_be_visible()
    page.locator("summary", has_text="Raccourcis clavier").click()
    page.get_by_role("button", name="Couper ou remettre les raccourcis").click()
    page.get_by_label("Raccourcis actifs sur cet appareil").check()
    page.get_by_role("button", name="Fermer").click()
    page.keyboard.press("j")
    assert get_focused_reference(page) == three_cases[0].reference


def test_shortcuts_do_nothing_in_a_field_or_with_a_modifier(page, three_cases):
    page.keyboard.press("/")
    page.keyboard.type("jxp?")
    assert page.locator("#recherche").input_value() == "jxp?"
    assert get_focused_reference(page) == ""
    page.locator("h1").click()
    page.keyboard.press("Control+j")
    page.keyboard.press("Alt+j")
    assert get_focused_reference(page) == ""
    assert Incident.objects.filter(acknowledged_by=None).count() == 3


@pytest.mark.proof
def test_the_pages_of_bulk_acts_are_accessible(page, three_cases):
    problems = []
    page.locator("[data-all]").check()
    for act in ("Attribuer…", "Qualifier…", "Grouper…", "Clore…"):
        page.get_by_role("button", name=act).click()
        page.wait_for_load_state("load")
        problems += find_violations(page, "serious", "critical")
        page.set_viewport_size({"width": 360, "height": 760})
        problems += [(act, "overflow")] if measure_overflow(page) > 0 else []
        save_screenshot(page, f"bulk-{act.strip('…')}")
        page.set_viewport_size({"width": 1280, "height": 760})
        page.get_by_role("link", name="Ne rien changer").click()
        page.wait_for_selector("#dossiers")
        page.locator("[data-all]").check()
    problems += find_violations(page, "serious", "critical")
    assert not problems, problems
    page.get_by_role("button", name="Prendre", exact=True).click()
    expect(page.get_by_text("3 dossiers pris en charge.")).to_be_visible()


@pytest.mark.proof
@pytest.mark.parametrize(
    ("view", "title"), [("ouverts", "Tout"), ("a-repondre", "À répondre"), ("tous", "Tous, même clos")]
)
def test_a_telephone_names_the_current_view_in_few_lines(page, live_site, view, title):
    page.goto(f"{live_site}{QUEUE}?etat={view}")
    page.set_viewport_size({"width": 360, "height": 760})
    expect(page.locator("#vues").get_by_text(title).locator("visible=true").first).to_be_visible()
    assert page.locator("#vues").bounding_box()["height"] <= 110
    page.locator("#vues summary").first.click()
    last = page.locator("#vues .menu__list a").first.bounding_box()
    assert last["x"] >= 0
    assert last["x"] + last["width"] <= 360
    assert measure_overflow(page) <= 0
