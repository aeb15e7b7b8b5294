"""In a real browser, typed text survives another form of its page, another page and the end of the session."""

import json
import re

import pytest
from playwright.sync_api import expect

from accounts.models import StoredSession
from incidents.models import Incident, Message, Rating
from incidents.services.declarant.access import derive_secret
from incidents.services.groups.group import add_to_group, save_group_sheet
from incidents.services.handling.acknowledge import acknowledge_incident
from incidents.services.handling.close import close_incident
from tests.browser import open_page
from tests.cast import declare
from tests.e2e import steps
from tests.incidents.grouping import a_group

TYPED = "Ne redémarrez aucun poste avant notre appel."


@pytest.fixture
def case(live_site: str) -> Incident:
    return declare()


def open_case_by_link(live_site, browser, incident):
    """Open the page of a case by its link."""
    page = open_page(browser)
    page.goto(f"{live_site}/suivi/acces/{derive_secret(incident.accesses.get(revoked_at=None))}/")
    press(page, "Ouvrir mon dossier")
    return page


def press(page, name):
    steps.press(page, page.get_by_role("button", name=name))


def unfold(page, name):
    page.locator("summary", has_text=name).click()


def list_session_storage(page):
    return page.evaluate("Object.keys(sessionStorage)")


@pytest.mark.proof
def test_a_message_survives_sharing_the_sentence(live_site, browser, case):
    """The sentence is shared on the follow-up page while a message is being typed."""
    page = open_case_by_link(live_site, browser, case)
    unfold(page, "Écrire")
    page.locator("#id_text").fill(TYPED)
    unfold(page, "À lire à voix haute")
    press(page, "Partager la phrase par un lien")

    expect(page.locator("#id_text")).to_have_value(TYPED)
    expect(page.locator("#id_text")).to_be_visible()
    press(page, "Envoyer à Breizh Cyber")
    expect(page.locator(".thread").get_by_text(TYPED)).to_be_visible()
    unfold(page, "Écrire")
    expect(page.locator("#id_text")).to_have_value("")
    assert Message.objects.get().text == TYPED
    assert list_session_storage(page) == []
    assert page.complaints == []


def test_a_rating_keeps_the_message_and_a_refused_one_keeps_both(live_site, browser, case, person):
    acknowledge_incident(reference=case.reference, actor=person)
    close_incident(reference=case.reference, actor=person, reason="resolved", why="Vu.")
    page = open_case_by_link(live_site, browser, case)
    unfold(page, "Écrire")
    page.locator("#id_text").fill(TYPED)
    page.locator("#avis_words").fill("Merci.")
    press(page, "Donner mon avis")  # without a level
    assert not Rating.objects.exists()
    expect(page.locator("#avis_words")).to_have_value("Merci.")
    expect(page.locator("#id_text")).to_have_value(TYPED)

    page.locator("[name=level]").first.check()
    press(page, "Donner mon avis")
    assert Rating.objects.get().words == "Merci."
    expect(page.locator("#id_text")).to_have_value(TYPED)


def test_closing_the_case_on_this_device_clears_the_message(live_site, browser, case):
    page = open_case_by_link(live_site, browser, case)
    unfold(page, "Écrire")
    page.locator("#id_text").fill(TYPED)
    assert len(list_session_storage(page)) == 1
    unfold(page, "Code, compte, retrait")
    press(page, "Fermer ce dossier sur cet appareil")
    assert list_session_storage(page) == []


def write_call(page):
    page.locator("#id_description").fill(TYPED)
    page.locator("#id_contact_phone").fill("02 98 00 00 01")
    page.locator("#id_body").fill("Plouexemple")


def expect_call(page):
    expect(page.locator("#id_description")).to_have_value(TYPED)
    expect(page.locator("#id_contact_phone")).to_have_value("02 98 00 00 01")
    expect(page.locator("#id_body")).to_have_value("Plouexemple")


def test_a_call_survives_another_page(signed_in_desk):
    page = signed_in_desk.page
    page.goto(f"{signed_in_desk.site}/triage/saisir/")
    write_call(page)
    page.goto(f"{signed_in_desk.site}/admin/")
    page.goto(f"{signed_in_desk.site}/triage/saisir/")
    expect_call(page)
    press(page, "Déconnexion")
    assert list_session_storage(page) == [], "the next person at this desk finds nothing"


@pytest.mark.proof
def test_a_call_survives_the_end_of_the_session(signed_in_desk, person, case):
    page = signed_in_desk.page
    page.goto(f"{signed_in_desk.site}/triage/saisir/")
    write_call(page)
    StoredSession.objects.all().delete()
    press(page, "Enregistrer")
    steps.sign_in(page, person)
    page.goto(f"{signed_in_desk.site}/triage/saisir/")
    expect_call(page)
    assert Incident.objects.count() == 1

    for _press in range(2):  # the body has an open case, which is shown first
        press(page, "Enregistrer")
    assert Incident.objects.latest("id").story.description == TYPED
    page.goto(f"{signed_in_desk.site}/triage/saisir/")
    expect(page.locator("#id_description")).to_have_value("")


def test_an_abandoned_call_is_announced_and_can_be_cleared(signed_in_desk):
    page = signed_in_desk.page
    page.goto(f"{signed_in_desk.site}/triage/saisir/?q=Plouexemple")
    page.locator("#id_contact_email").fill("mairie@plouexemple.example")
    page.locator("#id_body").fill("")
    page.goto(f"{signed_in_desk.site}/triage/saisir/?q=Plouexemple")
    expect(page.locator("#id_contact_email")).to_have_value("mairie@plouexemple.example")
    expect(page.locator("#id_body")).to_have_value("Plouexemple")
    expect(page.get_by_text("Reprise d’un appel commencé à")).to_contain_text(re.compile(r"à \d+\u00a0h\u00a0\d\d"))

    page.get_by_role("button", name="Vider le formulaire").click()
    expect(page.locator("#id_contact_email")).to_have_value("")
    expect(page.locator("#id_body")).to_have_value("Plouexemple")
    expect(page.get_by_text("Reprise d’un appel")).to_have_count(0)
    assert list_session_storage(page) == []
    assert page.complaints == []


@pytest.mark.proof
def test_an_old_draft_does_not_replace_a_colleagues_text(signed_in_desk, person):
    group = a_group(person, "Une campagne de faux mails")
    page, address = signed_in_desk.page, f"{signed_in_desk.site}/admin/incidents/incident/groupes/{group.uid}/"
    page.goto(address)
    page.locator("#id_sheet").fill(TYPED)
    save_group_sheet(group=group.uid, actor=person, sheet="Ce qu’un collègue sait.", seen=group.version)
    page.goto(address)
    expect(page.locator("#id_sheet")).to_have_value(TYPED)
    press(page, "Enregistrer la fiche")
    expect(page.get_by_text("Quelqu’un a changé la fiche pendant que vous écriviez")).to_be_visible()
    group.refresh_from_db()
    assert group.sheet == "Ce qu’un collègue sait."
    press(page, "Enregistrer la fiche")
    group.refresh_from_db()
    assert group.sheet == TYPED


@pytest.mark.parametrize("where", ["/", "/chiffres/"])
def test_signing_out_anywhere_clears_the_drafts(signed_in_desk, where):
    page = signed_in_desk.page
    page.goto(f"{signed_in_desk.site}/triage/saisir/")
    write_call(page)
    page.goto(signed_in_desk.site + where)
    steps.press(page, page.get_by_role("button", name="Se déconnecter").first)
    assert list_session_storage(page) == []


@pytest.mark.proof
def test_a_refused_post_keeps_the_draft(signed_in_desk):
    page = signed_in_desk.page
    page.goto(f"{signed_in_desk.site}/triage/saisir/")
    write_call(page)
    page.context.clear_cookies(name="csrftoken")
    page.locator("[name=csrfmiddlewaretoken]").evaluate_all("all => all.forEach((one) => { one.value = 'x'; })")
    press(page, "Enregistrer")
    expect(page.get_by_text("Cet envoi n’est pas accepté")).to_be_visible()
    page.goto(f"{signed_in_desk.site}/triage/saisir/")
    expect_call(page)


def test_the_sheet_of_a_group_survives_the_other_form_of_its_page(signed_in_desk, person, case):
    group = a_group(person, "Une campagne de faux mails")
    page = signed_in_desk.page
    page.goto(f"{signed_in_desk.site}/admin/incidents/incident/groupes/{group.uid}/")
    page.locator("#id_sheet").fill(TYPED)
    page.locator("#id_references").fill(case.reference)
    press(page, "Ajouter")
    expect(page.locator("#id_sheet")).to_have_value(TYPED)
    expect(page.locator("#id_references")).to_have_value("")
    press(page, "Enregistrer la fiche")
    assert list_session_storage(page) == []
    group.refresh_from_db()
    assert group.sheet == TYPED


@pytest.mark.proof
def test_a_message_to_a_group_survives_another_page(signed_in_desk, person, case):
    group = a_group(person, "Une campagne de faux mails")
    add_to_group(reference=case.reference, group=group.uid, actor=person)
    page, address = signed_in_desk.page, f"{signed_in_desk.site}/admin/incidents/incident/groupes/{group.uid}/message/"
    page.goto(address)
    page.locator("#id_text").fill(TYPED)
    press(page, "Relire avant d’envoyer")
    page.goto(f"{signed_in_desk.site}/admin/")
    page.goto(address)
    expect(page.locator("#id_text")).to_have_value(TYPED)


@pytest.mark.proof
def test_the_hand_over_survives_another_page(signed_in_desk, person, case):
    acknowledge_incident(reference=case.reference, actor=person)
    page, address = signed_in_desk.page, f"{signed_in_desk.site}/admin/incidents/incident/relais/"
    page.on("dialog", lambda dialog: dialog.accept())
    page.goto(address)
    page.locator("[name=text]").fill(TYPED)
    page.locator("[name=dossier]").check()
    page.goto(f"{signed_in_desk.site}/admin/")
    page.goto(address)
    expect(page.locator("[name=text]")).to_have_value(TYPED)
    expect(page.locator("[name=dossier]")).to_be_checked()


def test_no_password_and_no_file_is_stored(signed_in_desk):
    """Even if a form asks for it."""
    page = signed_in_desk.page
    page.goto(f"{signed_in_desk.site}/triage/saisir/")
    page.evaluate(
        """() => {
            const form = document.querySelector("form[data-stored]");
            for (const type of ["password", "file", "hidden", "text"]) {
                const one = Object.assign(document.createElement("input"), { type, name: `a-${type}` });
                if (type !== "file") one.value = "secret";
                form.append(one);
            }
            form.dispatchEvent(new Event("input", { bubbles: true }));
        }"""
    )
    (words,) = page.evaluate("Object.values(sessionStorage)")
    names = [name for name, _value in json.loads(words)["words"] if name.startswith("a-")]
    assert names == ["a-text"]
