"""In a real browser, a session that ended says why, loses no typed words, and is not prolonged by scripts."""

from datetime import timedelta

import pytest
from django.utils import timezone
from playwright.sync_api import expect
from pytest_django import Settings

from accounts.models import SessionStore, StoredSession, User
from accounts.session_limits import SIGNED_IN_AT
from incidents.enums import BulkAct
from incidents.models import Playbook
from incidents.services.bulk.jobs import start_bulk_job
from incidents.services.library.playbooks import publish_playbook
from tests.cast import a_lead, a_responder, declare
from tests.e2e import steps
from tests.e2e.desk import Desk

QUEUE = "/admin/incidents/incident/"
TYPED = "Ne redémarrez aucun poste avant notre appel."
IDLE = "Vous avez été déconnecté après 30\N{NO-BREAK SPACE}minutes sans activité."


@pytest.fixture
def person(settings: Settings) -> User:
    settings.SESSION_IDLE_LIMIT = timedelta(minutes=30)
    return a_responder()


def end_by_idleness():
    """Make the last activity of each session older than the limit."""
    for row in StoredSession.objects.all():
        store = SessionStore(row.session_key)
        store[SIGNED_IN_AT] = (timezone.now() - timedelta(minutes=31)).timestamp()
        store.save()
    StoredSession.objects.update(seen_at=None)


def test_a_call_survives_the_end_of_an_idle_session(signed_in_desk, person):
    page = signed_in_desk.page
    page.goto(f"{signed_in_desk.site}/triage/saisir/")
    page.locator("#id_description").fill(TYPED)
    end_by_idleness()
    with page.expect_navigation():
        page.get_by_role("button", name="Enregistrer").click()
    expect(page.get_by_text(IDLE)).to_be_visible()
    steps.sign_in(page, person)
    page.goto(f"{signed_in_desk.site}/triage/saisir/")
    expect(page.locator("#id_description")).to_have_value(TYPED)


def test_a_note_stays_on_the_page_of_a_case_and_the_link_says_why(signed_in_desk):
    page = signed_in_desk.page
    page.goto(f"{signed_in_desk.site}/admin/incidents/incident/{declare().reference}/")
    page.get_by_label("Note interne", exact=True).fill(TYPED)
    end_by_idleness()
    page.locator("[data-form=note] button").click()
    link = page.get_by_role("link", name="Se connecter dans un autre onglet")
    expect(link).to_be_visible()
    expect(page.get_by_label("Note interne", exact=True)).to_have_value(TYPED)
    with page.expect_popup() as popup:
        link.click()
    expect(popup.value.get_by_text(IDLE)).to_be_visible()
    page.goto(f"{signed_in_desk.site}/admin/")
    assert "/connexion/" in page.url


def open_page_with_timers(desk, person, page_path):
    """Open a page, whose clock the test moves, and return the case and the job that its address may name."""
    incident = declare()
    job = start_bulk_job(actor=person, act=BulkAct.TAKE, references=[incident.reference], choices={}, key="k")
    names = {"reference": incident.reference, "job": job.uid}
    desk.page.clock.install()
    desk.page.goto(desk.site + QUEUE + page_path.format(**names))
    desk.page.wait_for_load_state("networkidle")
    return names


@pytest.mark.parametrize(
    ("page_path", "requested_paths"),
    [
        pytest.param("", ["", "etat/"], id="queue"),
        pytest.param("{reference}/", ["{reference}/presence/"], id="case", marks=pytest.mark.proof),
        pytest.param("actes/{job}/", ["actes/{job}/"], id="bulk"),
    ],
)
def test_what_a_page_asks_by_itself_is_marked(signed_in_desk, person, page_path, requested_paths, wait_until):
    """Two minutes pass without anybody: each request says that a timer sent it."""
    names = open_page_with_timers(signed_in_desk, person, page_path)
    page, queue = signed_in_desk.page, signed_in_desk.site + QUEUE
    marks = {}
    page.on("request", lambda request: marks.setdefault(request.url.rstrip("?"), "x-timer" in request.headers))
    declare()  # the queue asks for its rows too, because they change
    page.clock.run_for(61_000)
    wait_until(lambda: page.wait_for_timeout(50) or len(marks) >= len(requested_paths))
    page.clock.run_for(61_000)
    assert marks == {queue + path.format(**names): True for path in requested_paths}


@pytest.mark.parametrize(
    ("page_path", "words", "link"),
    [
        pytest.param(
            "{reference}/",
            "Votre session a pris fin : cette page ne suit plus le dossier.",
            "Se connecter dans un autre onglet",
            id="case",
        ),
        pytest.param(
            "actes/{job}/",
            "Cette page n’est plus à jour.",
            "Recharger",
            id="bulk",
            marks=pytest.mark.proof,
        ),
    ],
)
def test_a_page_that_asks_by_itself_says_when_the_session_has_ended(signed_in_desk, person, page_path, words, link):
    """It would otherwise show for hours who reads the case, or how far the work is, as they were."""
    open_page_with_timers(signed_in_desk, person, page_path)
    page = signed_in_desk.page
    end_by_idleness()
    page.clock.run_for(21_000)
    line = page.get_by_role("status").filter(has_text=words.replace(" :", "\N{NO-BREAK SPACE}:"))
    expect(line.get_by_role("link", name=link)).to_be_visible()
    requested = []
    page.on("request", lambda request: requested.append(request.url))
    page.clock.run_for(61_000)
    assert not requested
    signed_in_desk.inspect(f"session-ended-{link[:3]}")
    signed_in_desk.check()


def test_a_guide_comes_back_with_the_version_that_it_was_written_for(live_site, browser, settings):
    """It would otherwise replace, without a word, what a colleague published meanwhile."""
    settings.SESSION_IDLE_LIMIT = timedelta(minutes=30)
    lead = a_lead()
    desk = Desk(browser, live_site)
    desk.sign_in(lead)
    page, address = desk.page, f"{live_site}/admin/incidents/incident/guides/breizh-cyber/rancon/"
    page.goto(address)
    page.locator("#id_steps").fill(TYPED)
    step = {"step": "", "title": "Appeler la mairie", "why": "", "source": "", "within_hours": None}
    publish_playbook(kind="rancon", csirt_slug="breizh-cyber", steps=[step], based_on=0, actor=a_lead())
    end_by_idleness()
    with page.expect_navigation():
        page.get_by_role("button", name="Publier pour mon centre").click()
    expect(page.get_by_text(IDLE)).to_be_visible()
    steps.sign_in(page, lead)
    page.goto(address)
    expect(page.locator("#id_steps")).to_have_value(TYPED)
    expect(page.get_by_role("status").filter(has_text="Reprise d’un guide commencé")).to_be_visible()
    with page.expect_navigation():
        page.get_by_role("button", name="Publier pour mon centre").click()
    expect(page.get_by_text("Quelqu’un a publié une autre version pendant que vous écriviez.")).to_be_visible()
    expect(page.locator("#id_steps")).to_have_value(TYPED)
    assert Playbook.objects.filter(csirt__isnull=False).count() == 1
