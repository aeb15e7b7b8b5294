"""In a real browser, text typed on the page of a case is never lost, and its buttons do not reload the page."""

from urllib.parse import unquote

import pytest
from playwright.sync_api import expect

from accounts.models import StoredSession, User
from incidents.enums import CaseFormCode
from incidents.models import Incident, Message, Task, UnsentText
from incidents.services.handling.acknowledge import acknowledge_incident
from incidents.services.handling.tasks import NewTask, add_task
from tests.browser import open_page
from tests.cast import a_responder, declare
from tests.e2e import steps

TYPED = "Ne redémarrez aucun poste avant notre appel."
REPLY = "Votre message au déclarant"


@pytest.fixture
def case(person: User) -> Incident:
    incident = declare()
    acknowledge_incident(reference=incident.reference, actor=person)
    add_task(reference=incident.reference, actor=person, new_task=NewTask(title="Rappeler le maire", due_at=None))
    return incident


def address(desk, case):
    return f"{desk.site}/admin/incidents/incident/{case.reference}/"


def wait_until_saved(page):
    page.get_by_text("Ce que vous écrivez est gardé").wait_for()


def test_each_action_changes_its_block_and_keeps_the_reply(signed_in_desk, case, wait_until):
    """A tick, a note and a qualification change only their blocks."""
    page = signed_in_desk.page
    page.goto(address(signed_in_desk, case))
    page.evaluate("window.isSamePage = true")
    page.get_by_label(REPLY).fill(TYPED)
    page.get_by_role("button", name="Fait : Rappeler le maire").click()
    expect(page.get_by_role("status").get_by_text("Tâche faite.")).to_be_visible()
    expect(page.get_by_text("Plus rien à faire")).to_be_visible()

    page.get_by_label("Note interne", exact=True).fill("Vu avec le maire.")
    page.get_by_role("button", name="Garder en note interne").click()
    expect(page.locator(".inner__list").get_by_text("Vu avec le maire.")).to_be_visible()
    expect(page.get_by_label("Note interne", exact=True)).to_have_value("")

    page.get_by_role("button", name="Qualifier", exact=True).click()
    page.locator("[name=qualifier-nature][value=incident]").check()
    page.get_by_role("button", name="Enregistrer la qualification").click()
    expect(page.locator(".case__marks").get_by_text("incident", exact=False).first).to_be_visible()
    expect(page.get_by_role("button", name="Qualifier", exact=True)).to_be_visible()

    expect(page.get_by_label(REPLY)).to_have_value(TYPED)
    assert page.evaluate("window.isSamePage")
    signed_in_desk.inspect("case-in-blocks")
    page.get_by_role("button", name="Envoyer au déclarant").click()
    expect(page.locator(".talk__list").get_by_text(TYPED)).to_be_visible()
    expect(page.get_by_label(REPLY)).to_have_value("")
    assert page.evaluate("window.isSamePage")
    assert Message.objects.get().text == TYPED
    assert wait_until(lambda: not UnsentText.objects.filter(form=CaseFormCode.REPLY).exclude(values={}).exists())
    signed_in_desk.check()


def test_the_history_shows_each_action_at_once(signed_in_desk, case):
    page = signed_in_desk.page
    page.goto(address(signed_in_desk, case))
    page.locator("#histoire > summary").click()
    before = page.locator("#histoire > summary").inner_text()
    page.get_by_role("button", name="Fait : Rappeler le maire").click()
    expect(page.get_by_text("Plus rien à faire")).to_be_visible()
    assert page.locator("#histoire > summary").inner_text() != before
    expect(page.locator("#histoire > summary")).to_contain_text("tâche")
    expect(page.locator("#histoire .events li").first).to_be_visible()


@pytest.mark.proof
def test_a_reply_is_shown_again_on_another_machine_after_a_crash(signed_in_desk, browser, case, person):
    page = signed_in_desk.page
    page.goto(address(signed_in_desk, case))
    page.get_by_label(REPLY).fill(TYPED)
    wait_until_saved(page)
    page.context.close()

    other = open_page(browser, width=1280)
    steps.open_admin(other, signed_in_desk.site, person)
    other.goto(address(signed_in_desk, case))
    expect(other.get_by_label(REPLY)).to_have_value(TYPED)
    expect(other.get_by_text("sans l’envoyer")).to_be_visible()


def test_leaving_the_page_at_once_saves_the_reply(signed_in_desk, case, wait_until):
    page = signed_in_desk.page
    page.goto(address(signed_in_desk, case))
    page.get_by_label(REPLY).fill(TYPED)
    page.goto(f"{signed_in_desk.site}/admin/")
    assert wait_until(lambda: UnsentText.objects.filter(form=CaseFormCode.REPLY).exists())


@pytest.mark.proof
@pytest.mark.parametrize("delay", [0, 150])
@pytest.mark.parametrize(
    ("label", "button", "form"),
    [(REPLY, "Envoyer au déclarant", CaseFormCode.REPLY), ("À faire", "Ajouter la tâche", CaseFormCode.TASK)],
)
def test_a_text_is_sent_or_kept_never_both_when_the_page_is_left_at_once(
    signed_in_desk, case, wait_until, label, button, form, delay
):
    page = signed_in_desk.page
    page.goto(address(signed_in_desk, case))
    if form == CaseFormCode.TASK:
        page.get_by_role("button", name="Ajouter une tâche à moi").click()
    page.get_by_label(label, exact=True).fill(TYPED)
    page.get_by_role("button", name=button, exact=True).click(no_wait_after=True)
    page.wait_for_timeout(delay)
    page.goto(f"{signed_in_desk.site}/admin/")
    page.wait_for_timeout(1000)  # a save on leaving arrives in the background
    model, unsent = (Message if form == CaseFormCode.REPLY else Task), UnsentText.objects.filter(form=form)
    is_sent = model.objects.filter(**{"text" if model is Message else "title": TYPED}).exists
    assert wait_until(lambda: is_sent() != unsent.exclude(values={}).exists())


def test_enter_presses_the_button_of_its_own_form(signed_in_desk, case):
    page = signed_in_desk.page
    page.goto(address(signed_in_desk, case))
    page.get_by_role("button", name="Ajouter une tâche à moi").click()
    page.get_by_label("À faire", exact=True).fill("Prévenir le prestataire")
    page.get_by_label("À faire", exact=True).press("Enter")
    expect(page.get_by_text("Tâche ajoutée.")).to_be_visible()
    assert Task.objects.filter(title="Prévenir le prestataire").exists()


def test_a_refused_note_is_explained_in_its_block(signed_in_desk, case):
    page = signed_in_desk.page
    page.goto(address(signed_in_desk, case))
    page.get_by_label(REPLY).fill(TYPED)
    page.get_by_role("button", name="Garder en note interne").click()
    expect(page.get_by_text("Écrivez la note avant de l’enregistrer.")).to_be_visible()
    expect(page.get_by_label("Note interne", exact=True)).to_be_focused()
    expect(page.get_by_label(REPLY)).to_have_value(TYPED)


def sign_in_elsewhere(page, person):
    """Follow the link of the page to the sign-in page in another tab, and sign in there."""
    with page.context.expect_page() as opened:
        page.get_by_role("link", name="Se connecter dans un autre onglet").click()
    steps.sign_in(opened.value, person)


def test_the_reply_is_sent_once_its_person_has_signed_in_elsewhere(signed_in_desk, case, person):
    """The page stays, and takes the CSRF token of the new session by itself."""
    page = signed_in_desk.page
    page.goto(address(signed_in_desk, case))
    page.get_by_label(REPLY).fill(TYPED)
    wait_until_saved(page)
    StoredSession.objects.all().delete()
    page.get_by_role("button", name="Fait : Rappeler le maire").click()
    door = page.get_by_role("link", name="Se connecter dans un autre onglet")
    assert unquote(door.get_attribute("href")).endswith(f"next=/admin/incidents/incident/{case.reference}/")
    expect(page.get_by_label(REPLY)).to_have_value(TYPED)
    assert not Task.objects.get().done_at
    page.get_by_text("Ce que vous écrivez n’est plus gardé.").wait_for()

    sign_in_elsewhere(page, person)
    page.evaluate("document.dispatchEvent(new Event('visibilitychange'))")  # as a return to its tab
    page.get_by_text("Cette page ne suit plus le dossier").wait_for()
    page.get_by_role("button", name="Envoyer au déclarant").click()
    expect(page.locator(".talk__list").get_by_text(TYPED)).to_be_visible()
    assert Message.objects.get().text == TYPED
    expect(page.get_by_text("ne suit plus le dossier")).to_have_count(0)


def replace_session(page, site, person):
    """End the session of the page, and sign in again in another tab, of which the page does not know."""
    page.wait_for_load_state("networkidle")
    StoredSession.objects.all().delete()
    other_tab = page.context.new_page()
    other_tab.goto(f"{site}/connexion/")
    steps.sign_in(other_tab, person)


@pytest.mark.proof
def test_what_is_typed_after_signing_in_elsewhere_is_saved(signed_in_desk, case, person):
    page = signed_in_desk.page
    page.goto(address(signed_in_desk, case))
    replace_session(page, signed_in_desk.site, person)
    page.get_by_label(REPLY).fill(TYPED)
    wait_until_saved(page)
    assert UnsentText.objects.get(form=CaseFormCode.REPLY).user == person


def test_a_page_with_the_token_of_a_former_session_leads_to_sign_in(signed_in_desk, case, person):
    """Its person signed in elsewhere, and out again."""
    page = signed_in_desk.page
    page.goto(address(signed_in_desk, case))
    replace_session(page, signed_in_desk.site, person)
    StoredSession.objects.all().delete()
    page.get_by_label(REPLY).fill(TYPED)
    page.get_by_role("button", name="Envoyer au déclarant").click()
    expect(page.get_by_role("alert").get_by_role("link", name="Se connecter dans un autre onglet")).to_be_visible()
    expect(page.get_by_label(REPLY)).to_have_value(TYPED)


def test_words_are_not_sent_for_another_person_who_signed_in_elsewhere(signed_in_desk, case):
    """The text belongs to who typed it: it is neither sent nor stored in the name of a colleague."""
    page = signed_in_desk.page
    page.goto(address(signed_in_desk, case))
    steps.sign_in_by_cookie(page, signed_in_desk.site, a_responder())
    page.get_by_label(REPLY).fill(TYPED)
    page.get_by_role("button", name="Envoyer au déclarant").click()
    expect(page.get_by_text("Copiez-le avant de quitter la page.").first).to_be_visible()
    expect(page.get_by_label(REPLY)).to_have_value(TYPED)
    assert not Message.objects.exists()
    assert not UnsentText.objects.exists()


@pytest.mark.proof
def test_a_closing_report_with_the_token_of_a_former_session_leads_to_sign_in(signed_in_desk, case, person):
    """Its person signed in elsewhere, and out again: the button must not post what nobody would keep."""
    page = signed_in_desk.page
    page.goto(address(signed_in_desk, case) + "cloture/")
    page.wait_for_load_state("networkidle")
    steps.sign_in_by_cookie(page, signed_in_desk.site, person)
    StoredSession.objects.all().delete()
    page.locator("[name=summary]").fill(TYPED)
    expect(page.get_by_role("link", name="Se connecter dans un autre onglet")).to_be_visible()
    page.get_by_role("button", name="Clore le dossier").click()
    expect(page.get_by_role("link", name="Se connecter dans un autre onglet")).to_be_visible()
    expect(page.locator("[name=summary]")).to_have_value(TYPED)


def test_a_closing_report_is_not_kept_for_another_person_who_signed_in_elsewhere(signed_in_desk, case):
    page = signed_in_desk.page
    page.goto(address(signed_in_desk, case) + "cloture/")
    page.wait_for_load_state("networkidle")
    steps.sign_in_by_cookie(page, signed_in_desk.site, a_responder())
    page.locator("[name=summary]").fill(TYPED)
    expect(page.get_by_text("Une autre personne s’est connectée")).to_be_visible()
    page.get_by_role("button", name="Clore le dossier").click()
    expect(page.get_by_text("Une autre personne s’est connectée")).to_be_visible()
    expect(page.locator("[name=summary]")).to_have_value(TYPED)
    assert not UnsentText.objects.exists()


@pytest.mark.proof
def test_ticking_a_task_without_script_keeps_the_fields(browser, live_site, case, person):
    page = open_page(browser, width=1280, java_script_enabled=False)
    steps.open_admin(page, live_site, person)
    page.goto(f"{live_site}/admin/incidents/incident/{case.reference}/")
    page.get_by_label(REPLY).fill(TYPED)
    page.get_by_label("Note interne", exact=True).fill("Le maire préfère son portable.")
    page.get_by_role("button", name="Fait : Rappeler le maire").click()
    expect(page.get_by_text("Tâche faite.")).to_be_visible()
    expect(page.get_by_label(REPLY)).to_have_value(TYPED)
    expect(page.get_by_label("Note interne", exact=True)).to_have_value("Le maire préfère son portable.")
    assert Task.objects.get().done_at


@pytest.mark.proof
def test_buttons_pressed_during_a_request_are_sent_after_it(signed_in_desk, case, wait_until):
    page = signed_in_desk.page
    page.goto(address(signed_in_desk, case))
    page.get_by_label("Note interne", exact=True).fill("Vu avec le maire.")
    page.evaluate("""() => {
        const [tick, note] = ["[name=etat][value=done]", "[data-form=note] button"].map(
            one => document.querySelector(one));
        for (const button of [tick, tick, note, note]) button.click();
    }""")
    expect(page.locator(".inner__list").get_by_text("Vu avec le maire.")).to_have_count(1)
    assert wait_until(lambda: Task.objects.get().done_at)
    expect(page.get_by_text("Écrivez la note avant")).to_have_count(0)


@pytest.mark.proof
def test_a_closing_report_survives_the_end_of_the_session(signed_in_desk, case, person, wait_until):
    """The page stops saying that it is saved; sent again after signing in, the report arrives."""
    page = signed_in_desk.page
    page.goto(address(signed_in_desk, case) + "cloture/")
    page.locator("[name=summary]").fill("Tout est rétabli.")
    wait_until_saved(page)
    StoredSession.objects.all().delete()
    page.locator("[name=summary]").fill(f"Tout est rétabli. {TYPED}")
    page.get_by_text("Votre session a pris fin.").wait_for()
    expect(page.get_by_text("Ce que vous écrivez est gardé")).to_have_count(0)
    send = page.get_by_role("button", name="Clore le dossier")
    send.click()
    expect(page.locator("[name=summary]")).to_have_value(f"Tout est rétabli. {TYPED}")

    sign_in_elsewhere(page, person)
    send.click()
    row = UnsentText.objects.filter(form=CaseFormCode.CLOSING, values__summary=[f"Tout est rétabli. {TYPED}"])
    assert wait_until(row.exists)
