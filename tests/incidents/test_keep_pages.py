"""What is typed on the pages beside that of a case is kept for its author too, until it is sent."""

from datetime import timedelta

import pytest
from django.test import Client
from django.utils import timezone
from selectolax.lexbor import LexborHTMLParser

from incidents.enums import ClosingReason, KeptForm
from incidents.models import Incident, KeptWords
from incidents.services.handling.keep import load_kept_words
from incidents.services.handling.triage import close_incident, verify_incident
from incidents.services.history.erase import erase_personal_data
from tests import harmless
from tests.cast import a_lead, declare
from tests.hostile import MARKUP
from tests.incidents.desk import taken_by, url
from tests.reading import text_of

pytestmark = pytest.mark.django_db
TYPED = "Le prestataire rappelle demain à neuf heures."
FIELDS = {"cloture": "summary", "transfert": "motive", "avis": "motive", "appel": "description"}


@pytest.fixture
def case(responder, elsewhere):
    case = taken_by(responder, declare())
    Incident.objects.filter(pk=case.pk).update(tlp="green")  # some partners may then be told
    return case


def keep(client, case, page, typed, *, pen="a", stroke=1):
    """As the script of the page does."""
    marks = {"stylo": pen, "trait": str(stroke), "ouverte": timezone.now().isoformat()}
    return client.post(f"{url(case, 'garder')}?page={page}", typed | marks)


def value_on(client, case, page, field):
    answer = client.get(url(case, page))
    assert answer.status_code == 200
    harmless.answer(answer)
    node = LexborHTMLParser(answer.content.decode()).css_first(f"[name={field}]")
    return (node.text() if node.tag == "textarea" else node.attributes.get("value") or "").strip()


@pytest.mark.parametrize(("page", "field"), FIELDS.items())
def test_it_works(client, case, page, field):
    assert value_on(client, case, page, field) != TYPED
    told = keep(client, case, page, {field: TYPED})
    assert told.json()["said"].startswith("Ce que vous écrivez est gardé")
    elsewhere = Client()
    elsewhere.force_login(case.assignee)
    assert value_on(elsewhere, case, page, field) == TYPED
    assert "sans l’envoyer" in text_of(elsewhere.get(url(case, page)))
    assert "commencé" in text_of(elsewhere.get(url(case)))
    form = LexborHTMLParser(client.get(url(case, page)).content.decode()).css_first("form[data-keep]")
    assert form.attributes["data-keep"] == f"{url(case, 'garder')}?page={page}"


def test_choices_and_ticks_come_back(client, case):
    keep(client, case, "cloture", {"reason": "handed_over", "is_shared": "on", "outcome": "", "lesson": "x"})
    tree = LexborHTMLParser(client.get(url(case, "cloture")).content.decode())
    assert tree.css_first("[name=reason][checked]").attributes["value"] == "handed_over"
    assert "checked" in tree.css_first("[name=is_shared]").attributes
    keep(client, case, "appel", {"civil": "stopped", "categories": ["nir", "sante"], "occurred_date": "24/11/2026"})
    tree = LexborHTMLParser(client.get(url(case, "appel")).content.decode())
    assert tree.css_first("[name=civil][checked], [name=civil] [selected]").attributes["value"] == "stopped"
    assert {one.attributes["value"] for one in tree.css("[name=categories][checked]")} == {"nir", "sante"}
    assert tree.css_first("[name=occurred_date]").attributes["value"] == "24/11/2026"


def test_what_was_sent_is_forgotten(client, case):
    keep(client, case, "cloture", {"summary": TYPED, "reason": "handed_over"})
    sent = {"summary": TYPED, "reason": "handed_over", "stylo": "a", "trait": "3"}
    seen = LexborHTMLParser(client.get(url(case, "cloture")).content.decode()).css_first("[name=seen]")
    assert client.post(url(case, "cloture"), sent | {"seen": seen.attributes["value"]}).status_code == 302
    keep(client, case, "cloture", {"summary": TYPED}, stroke=2)  # it comes late
    assert load_kept_words(case, case.assignee) == {}


def test_what_is_refused_stays_without_a_script_too(client, case):
    assert client.post(url(case, "transfert"), {"taker": "", "motive": TYPED}).status_code == 422
    assert value_on(client, case, "transfert", "motive") == TYPED


def test_an_older_page_sent_blank_leaves_what_a_newer_one_kept(client, case):
    before = (timezone.now() - timedelta(hours=1)).isoformat()
    keep(client, case, "cloture", {"summary": TYPED})
    sent = {"summary": "", "reason": "", "stylo": "b", "trait": "1", "ouverte": before}
    assert client.post(url(case, "cloture"), sent).status_code == 422
    assert value_on(client, case, "cloture", "summary") == TYPED


def test_a_page_whose_words_were_taken_away_is_not_begun(client, case):
    keep(client, case, "cloture", {"summary": TYPED})
    keep(client, case, "cloture", {"summary": " ", "seen": "3"}, stroke=2)
    assert "commencé" not in text_of(client.get(url(case)))


def test_a_report_is_read_again_once_a_colleague_has_closed(client, case, colleague):
    keep(client, case, "cloture", {"summary": TYPED})
    close_incident(reference=case.reference, reason=ClosingReason.NOT_AN_INCIDENT, actor=colleague)
    assert "Relire le bilan que vous aviez commencé" in text_of(client.get(url(case)))
    assert TYPED in text_of(client.get(url(case, "cloture")))


def test_a_form_that_the_address_opens_has_what_was_typed(client, case):
    marks = {"stylo": "b", "tache-title": TYPED}
    client.post(url(case, "garder"), marks, headers={"accept": "application/json"})
    page = LexborHTMLParser(client.get(url(case), {"ouvrir": "tache"}).content.decode())
    assert page.css_first("[name=tache-title]").attributes["value"] == TYPED


def test_the_words_of_the_case_stay_beside_them(client, case):
    client.post(url(case, "garder"), {"reponse-text": TYPED, "stylo": "b"}, headers={"accept": "application/json"})
    keep(client, case, "cloture", {"summary": TYPED})
    assert set(load_kept_words(case, case.assignee)) == {KeptForm.REPLY, KeptForm.CLOSING}
    assert TYPED in client.get(url(case)).content.decode()


def test_a_call_typed_on_facts_that_changed_is_not_saved_over_them(client, case, responder):
    page = LexborHTMLParser(client.get(url(case, "appel")).content.decode())
    seen = page.css_first("[name=vu]").attributes["value"]
    keep(client, case, "appel", {"description": TYPED, "vu": seen})
    verify_incident(reference=case.reference, actor=responder)
    type(case.story).objects.filter(incident=case).update(description="Autre chose.")
    page = LexborHTMLParser(client.get(url(case, "appel")).content.decode())
    assert page.css_first("[name=vu]").attributes["value"] == seen
    sent = {"description": TYPED, "vu": seen, "type": case.type, "contact_phone": "02 99 00 00 00"}
    assert client.post(url(case, "appel"), sent).status_code == 409


def test_nobody_else_is_shown_it_and_nobody_keeps_elsewhere(client, case, colleague, elsewhere):
    keep(client, case, "cloture", {"summary": TYPED})
    client.force_login(colleague)
    assert TYPED not in client.get(url(case, "cloture")).content.decode()
    stranger = Client()
    stranger.force_login(a_lead(elsewhere))
    assert keep(stranger, case, "cloture", {"summary": "x"}).status_code == 404
    assert KeptWords.objects.count() == 1


def test_an_erased_case_keeps_nothing(client, case):
    erase_personal_data(reference=case.reference, actor=a_lead())
    told = keep(client, case, "cloture", {"summary": TYPED})
    assert told.status_code == 422
    assert "effacés" in told.json()["said"]
    assert not KeptWords.objects.exists()


def test_hostile_words_stay_words(client, case):
    keep(client, case, "cloture", {"summary": MARKUP[0]})
    page = client.get(url(case, "cloture"))
    harmless.answer(page)
    assert MARKUP[0] not in page.content.decode()
