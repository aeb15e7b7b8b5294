"""In a real browser, people with powers are warned two minutes before their session ends (WCAG 2.2, 2.2.1)."""

from datetime import timedelta

import pytest
from django.utils import timezone
from playwright.sync_api import Page, expect
from pytest_django import Settings

from accounts.models import Membership, SessionStore, StoredSession, User
from accounts.session_limits import SIGNED_IN_AT
from incidents.models import FollowUpAccess
from incidents.services.declarant.access import derive_secret
from tests.browser import find_violations, measure_overflow
from tests.cast import a_responder, declare
from tests.e2e.desk import Desk

IDLE = "Votre session finit dans moins de deux minutes, faute d’activité."
ABSOLUTE = "Votre session finit dans moins de deux minutes, parce qu’elle dure"
ENDED = "Votre session a pris fin."
STAY = "Rester connecté"


@pytest.fixture
def person(settings: Settings) -> User:
    """Return a responder whose sessions end as in production."""
    settings.SESSION_IDLE_LIMIT, settings.SESSION_ABSOLUTE_LIMIT = timedelta(minutes=30), timedelta(hours=12)
    return a_responder()


def set_last_activity(delay):
    """Let the session have begun `delay` ago, without activity since."""
    store = SessionStore(StoredSession.objects.get().session_key)
    store[SIGNED_IN_AT] = (timezone.now() - delay).timestamp()
    store.save()
    StoredSession.objects.update(seen_at=None)


def open_account(desk):
    """Open and return the page of the account, whose clock the test moves."""
    desk.page.clock.install()
    desk.page.goto(f"{desk.site}/compte/")
    return desk.page


def test_a_press_of_a_button_prolongs_an_idle_session(signed_in_desk):
    """Nothing that was typed is touched, and the focus goes back to it."""
    page, note = signed_in_desk.page, signed_in_desk.page.get_by_label("Note interne", exact=True)
    page.clock.install()
    page.goto(f"{signed_in_desk.site}/admin/incidents/incident/{declare().reference}/")
    page.wait_for_load_state("networkidle")
    set_last_activity(timedelta(minutes=29))
    page.clock.run_for(28 * 60_000)
    warning = page.get_by_role("alert").filter(has_text=IDLE)
    expect(warning).to_be_visible()
    signed_in_desk.inspect("session-warning")
    signed_in_desk.check()
    note.fill("Le maire")
    page.get_by_role("button", name=STAY).click()
    expect(warning).to_be_hidden()
    expect(note).to_be_focused()
    expect(note).to_have_value("Le maire")
    assert timezone.now() - StoredSession.objects.get().seen_at < timedelta(minutes=1)


@pytest.mark.parametrize("width", [360, pytest.param(1280, marks=pytest.mark.proof)])
def test_the_warning_fits_the_pages_of_the_account(signed_in_desk, settings, width):
    settings.SESSION_IDLE_LIMIT = timedelta(seconds=119)
    page = signed_in_desk.page
    page.set_viewport_size({"width": width, "height": 760})
    page.goto(f"{signed_in_desk.site}/compte/")
    expect(page.get_by_role("button", name=STAY)).to_be_visible()
    assert not find_violations(page, "minor", "moderate", "serious", "critical")
    assert measure_overflow(page) <= 0
    assert not page.complaints


def test_nothing_prolongs_a_session_beyond_its_absolute_limit(signed_in_desk, settings):
    settings.SESSION_ABSOLUTE_LIMIT = timedelta(seconds=119)
    page = signed_in_desk.page
    page.goto(f"{signed_in_desk.site}/compte/")
    expect(page.get_by_role("alert").filter(has_text=ABSOLUTE)).to_be_visible()
    expect(page.get_by_role("alert")).to_contain_text("Enregistrez ce que vous avez écrit.")
    assert not page.get_by_role("button", name=STAY).count()


def test_what_another_tab_did_is_asked_before_warning(signed_in_desk):
    """For this tab, 29 minutes pass without activity; for the server, there was some a moment ago."""
    page = open_account(signed_in_desk)
    with page.expect_response("**/compte/") as response:
        page.clock.run_for(29 * 60_000)
    assert response.value.request.headers["x-timer"]
    page.wait_for_timeout(500)
    expect(page.get_by_role("alert")).to_have_count(0)


def test_nobody_is_warned_whose_powers_have_ended(signed_in_desk):
    """Their session has no limits any more."""
    page = open_account(signed_in_desk)
    Membership.objects.update(ended_on=timezone.localdate() - timedelta(days=1))
    for _request in range(2):
        page.clock.run_for(29 * 60_000)
        page.wait_for_timeout(300)
    expect(page.get_by_role("alert")).to_have_count(0)


def test_the_page_says_when_its_session_has_ended(signed_in_desk):
    page = open_account(signed_in_desk)
    set_last_activity(timedelta(hours=13))
    page.clock.run_for(29 * 60_000)
    expect(page.get_by_role("heading", name=ENDED)).to_be_visible()
    page.get_by_role("link", name="Se connecter").click()
    expect(page.get_by_text("Vous avez été déconnecté")).to_be_visible()


@pytest.fixture
def case_page(signed_in_desk: Desk) -> Page:
    """Return the page of a case on which somebody has typed a note, and whose clock the test moves."""
    page = signed_in_desk.page
    page.clock.install()
    page.goto(f"{signed_in_desk.site}/admin/incidents/incident/{declare().reference}/")
    page.wait_for_load_state("networkidle")
    page.get_by_label("Note interne", exact=True).fill("Le maire rappelle à midi")
    return page


@pytest.mark.parametrize("is_cut", [False, True])
def test_nothing_of_a_case_stays_in_the_browser_once_its_session_has_ended(case_page, signed_in_desk, is_cut):
    """The words that were typed stay, to be copied: also while the server does not answer."""
    assert "Plouexemple" in case_page.content()
    set_last_activity(timedelta(hours=13))
    if is_cut:
        case_page.context.set_offline(True)
    for _minute in range(31):
        case_page.clock.run_for(60_000)
    words = "La ligne est coupée, et votre session a dû prendre fin." if is_cut else ENDED
    expect(case_page.get_by_role("heading", name=words)).to_be_visible()
    assert "Plouexemple" not in case_page.content()
    assert case_page.title() == words
    expect(case_page.get_by_text("Le maire rappelle à midi")).to_be_visible()
    expect(case_page.get_by_role("link", name="Se connecter dans un autre onglet")).to_be_visible()
    assert measure_overflow(case_page) <= 0
    assert not find_violations(case_page, "minor", "moderate", "serious", "critical")


def test_signing_out_in_one_tab_empties_the_others(case_page, signed_in_desk):
    other = case_page.context.new_page()
    other.goto(f"{signed_in_desk.site}/admin/")
    other.get_by_role("button", name="Déconnexion").click()
    other.wait_for_url("**/")
    expect(case_page.get_by_role("heading", name=ENDED)).to_be_visible()
    assert "Plouexemple" not in case_page.content()


def test_closing_a_case_on_the_device_in_one_tab_leaves_the_others(case_page, signed_in_desk):
    """Whoever is signed in may have opened a case by its code too: their session goes on."""
    other = case_page.context.new_page()
    other.goto(f"{signed_in_desk.site}/suivi/acces/{derive_secret(FollowUpAccess.objects.get(revoked_at=None))}/")
    other.get_by_role("button", name="Ouvrir mon dossier").click()
    other.locator("summary").filter(has_text="Code, compte").click()
    other.get_by_role("button", name="Fermer ce dossier sur cet appareil").click()
    other.wait_for_load_state("networkidle")
    case_page.wait_for_timeout(300)
    assert "Plouexemple" in case_page.content()
