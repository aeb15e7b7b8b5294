"""The text typed on the pages for closing, transfer, advice and calls, kept for its author until it is sent."""

from datetime import timedelta

import pytest
from django.test import Client
from django.utils import timezone
from selectolax.lexbor import LexborHTMLParser

from accounts.models import User
from csirts.models import Csirt
from incidents.enums import CaseFormCode, ClosingReason
from incidents.models import Incident, UnsentText
from incidents.services.handling.close import close_incident
from incidents.services.handling.erase import erase_personal_data
from incidents.services.handling.unsent_text import load_unsent_texts
from incidents.services.handling.verify import verify_incident
from tests import harmless
from tests.cast import a_lead, declare
from tests.hostile import MARKUP
from tests.incidents.desk import acknowledge_as
from tests.incidents.triage_pages import case_url
from tests.reading import read_markup

pytestmark = pytest.mark.django_db
TYPED = "Le prestataire rappelle demain à neuf heures."
FIELDS = {"cloture": "summary", "transfert": "motive", "avis": "motive", "appel": "description"}


@pytest.fixture
def green_case(responder: User, elsewhere: Csirt) -> Incident:
    case = acknowledge_as(responder, declare())
    Incident.objects.filter(pk=case.pk).update(tlp="green")  # some partners may then be told
    return case


def post_save(client, case, page, fields, *, pen="a", stroke=1):
    """Post a save as the script of the page does."""
    marks = {"stylo": pen, "trait": str(stroke), "ouverte": timezone.now().isoformat()}
    return client.post(f"{case_url(case, 'garder')}?page={page}", fields | marks)


def get_field_value(client, case, page, field):
    answer = client.get(case_url(case, page))
    assert answer.status_code == 200
    harmless.check_response(answer)
    node = LexborHTMLParser(answer.content.decode()).css_first(f"[name={field}]")
    return (node.text() if node.tag == "textarea" else node.attributes.get("value") or "").strip()


@pytest.mark.parametrize(("page", "field"), FIELDS.items())
def test_typed_text_is_shown_again_on_another_device(client, green_case, page, field):
    assert get_field_value(client, green_case, page, field) != TYPED
    response = post_save(client, green_case, page, {field: TYPED})
    assert response.json()["message"].startswith("Ce que vous écrivez est gardé")
    other_device = Client()
    other_device.force_login(green_case.assignee)
    assert get_field_value(other_device, green_case, page, field) == TYPED
    assert "sans l’envoyer" in read_markup(other_device.get(case_url(green_case, page)))
    assert "commencé" in read_markup(other_device.get(case_url(green_case)))
    form = LexborHTMLParser(client.get(case_url(green_case, page)).content.decode()).css_first("form[data-keep]")
    assert form.attributes["data-keep"] == f"{case_url(green_case, 'garder')}?page={page}"


def test_choices_and_ticks_are_shown_again(client, green_case):
    post_save(
        client,
        green_case,
        "cloture",
        {"reason": "handed_over", "handed_to": "la DSI", "is_shared": "on", "outcome": "", "lesson": "x"},
    )
    tree = LexborHTMLParser(client.get(case_url(green_case, "cloture")).content.decode())
    assert tree.css_first("[name=reason][checked]").attributes["value"] == "handed_over"
    assert "checked" in tree.css_first("[name=is_shared]").attributes
    call = {"civil": "stopped", "categories": ["nir", "sante"], "occurred_date": "24/11/2026"}
    post_save(client, green_case, "appel", call)
    tree = LexborHTMLParser(client.get(case_url(green_case, "appel")).content.decode())
    assert tree.css_first("[name=civil][checked], [name=civil] [selected]").attributes["value"] == "stopped"
    assert {box.attributes["value"] for box in tree.css("[name=categories][checked]")} == {"nir", "sante"}
    assert tree.css_first("[name=occurred_date]").attributes["value"] == "24/11/2026"


def test_stored_text_is_deleted_once_it_is_sent(client, green_case):
    post_save(client, green_case, "cloture", {"summary": TYPED, "reason": "handed_over"})
    form = {"summary": TYPED, "reason": "handed_over", "handed_to": "la DSI", "stylo": "a", "trait": "3"}
    version_field = LexborHTMLParser(client.get(case_url(green_case, "cloture")).content.decode()).css_first(
        "[name=seen]"
    )
    assert (
        client.post(case_url(green_case, "cloture"), form | {"seen": version_field.attributes["value"]}).status_code
        == 302
    )
    post_save(client, green_case, "cloture", {"summary": TYPED}, stroke=2)  # this save arrives late
    assert load_unsent_texts(green_case, green_case.assignee) == {}


def test_a_refused_form_is_kept_without_a_script_too(client, green_case):
    assert client.post(case_url(green_case, "transfert"), {"taker": "", "motive": TYPED}).status_code == 422
    assert get_field_value(client, green_case, "transfert", "motive") == TYPED


def test_an_older_page_left_blank_does_not_delete_the_text_of_a_newer_one(client, green_case):
    before = (timezone.now() - timedelta(hours=1)).isoformat()
    post_save(client, green_case, "cloture", {"summary": TYPED})
    form = {"summary": "", "reason": "", "stylo": "b", "trait": "1", "ouverte": before}
    assert client.post(case_url(green_case, "cloture"), form).status_code == 422
    assert get_field_value(client, green_case, "cloture", "summary") == TYPED


def test_a_page_whose_text_was_deleted_is_not_shown_as_begun(client, green_case):
    post_save(client, green_case, "cloture", {"summary": TYPED})
    post_save(client, green_case, "cloture", {"summary": " ", "seen": "3"}, stroke=2)
    assert "commencé" not in read_markup(client.get(case_url(green_case)))


def test_a_begun_report_stays_readable_after_a_colleague_closed_the_case(client, green_case, colleague):
    post_save(client, green_case, "cloture", {"summary": TYPED})
    close_incident(reference=green_case.reference, reason=ClosingReason.NOT_AN_INCIDENT, actor=colleague)
    assert "Relire le bilan que vous aviez commencé" in read_markup(client.get(case_url(green_case)))
    assert TYPED in read_markup(client.get(case_url(green_case, "cloture")))


def test_a_form_opened_by_its_address_shows_what_was_typed(client, green_case):
    marks = {"stylo": "b", "tache-title": TYPED}
    client.post(case_url(green_case, "garder"), marks, headers={"accept": "application/json"})
    page = LexborHTMLParser(client.get(case_url(green_case), {"ouvrir": "tache"}).content.decode())
    assert page.css_first("[name=tache-title]").attributes["value"] == TYPED


def test_text_typed_on_the_case_page_is_stored_too(client, green_case):
    client.post(
        case_url(green_case, "garder"), {"reponse-text": TYPED, "stylo": "b"}, headers={"accept": "application/json"}
    )
    post_save(client, green_case, "cloture", {"summary": TYPED})
    assert set(load_unsent_texts(green_case, green_case.assignee)) == {CaseFormCode.REPLY, CaseFormCode.CLOSING}
    assert TYPED in client.get(case_url(green_case)).content.decode()


def test_a_call_typed_on_older_facts_does_not_overwrite_newer_ones(client, green_case, responder):
    page = LexborHTMLParser(client.get(case_url(green_case, "appel")).content.decode())
    version = page.css_first("[name=vu]").attributes["value"]
    post_save(client, green_case, "appel", {"description": TYPED, "vu": version})
    verify_incident(reference=green_case.reference, actor=responder)
    type(green_case.story).objects.filter(incident=green_case).update(description="Autre chose.")
    page = LexborHTMLParser(client.get(case_url(green_case, "appel")).content.decode())
    assert page.css_first("[name=vu]").attributes["value"] == version
    form = {"description": TYPED, "vu": version, "type": green_case.type, "contact_phone": "02 99 00 00 00"}
    form |= {"direction": "call_in"}
    assert client.post(case_url(green_case, "appel"), form).status_code == 409


def test_colleagues_and_strangers_neither_see_nor_change_the_stored_text(client, green_case, colleague, elsewhere):
    post_save(client, green_case, "cloture", {"summary": TYPED})
    client.force_login(colleague)
    assert TYPED not in client.get(case_url(green_case, "cloture")).content.decode()
    stranger = Client()
    stranger.force_login(a_lead(elsewhere))
    assert post_save(stranger, green_case, "cloture", {"summary": "x"}).status_code == 404
    assert UnsentText.objects.count() == 1


def test_erasing_a_case_deletes_the_stored_text(client, green_case):
    erase_personal_data(reference=green_case.reference, actor=a_lead())
    response = post_save(client, green_case, "cloture", {"summary": TYPED})
    assert response.status_code == 422
    assert "effacés" in response.json()["message"]
    assert not UnsentText.objects.exists()


def test_hostile_text_is_escaped_in_a_draft_report(client, green_case):
    post_save(client, green_case, "cloture", {"summary": MARKUP[0]})
    page = client.get(case_url(green_case, "cloture"))
    harmless.check_response(page)
    assert MARKUP[0] not in page.content.decode()
