"""What is typed on the page of a case is kept for its author until it is sent: whatever else is posted or happens."""

from datetime import timedelta

import pytest
import time_machine
from django.core.exceptions import ValidationError
from django.http import Http404, QueryDict
from django.test import Client
from django.utils import timezone
from selectolax.lexbor import LexborHTMLParser

from accounts.enums import Role
from csirts.models import Csirt
from incidents.enums import ClosingReason, KeptForm
from incidents.models import KeptWords, Message, Note
from incidents.services.handling.keep import WORDS_LIFETIME, Pen, keep_words, load_kept_words
from incidents.services.handling.tasks import Errand, add_task
from incidents.services.handling.triage import close_incident
from incidents.services.history.erase import erase_personal_data
from incidents.services.transfer.proposal import accept_transfer
from incidents.tasks import forget_drafts
from tests import harmless
from tests.cast import a_lead, a_person, declare
from tests.hostile import MARKUP
from tests.incidents.desk import taken_by, url
from tests.incidents.transferring import another_centre, propose_transfer

pytestmark = pytest.mark.django_db
TYPED = "Ne redémarrez aucun poste avant notre appel."
REPLY = {"reponse-text": TYPED, "reponse-key": "k"}
JSON = {"accept": "application/json"}


@pytest.fixture
def case(responder):
    return taken_by(responder, declare())


def page(client, case):
    return LexborHTMLParser(client.get(url(case)).content.decode())


def value_in(tree, name):
    node = tree.css_first(f"[name='{name}']")
    return node.text() if node.tag == "textarea" else node.attributes.get("value")


def keep(client, case, typed, *, pen="a", stroke=1, opened_at=None):
    """As the script of the page does."""
    opened_at = opened_at or timezone.now()
    marks = {"stylo": pen, "trait": str(stroke), "ouverte": opened_at.isoformat()}
    return client.post(url(case, "garder"), typed | marks, headers=JSON)


def brought(tree):
    """All that a button of the page brings without a script, as it stands."""
    sent = QueryDict(mutable=True)
    for one in tree.css("[form=ecrits], #ecrits input"):
        name, kind = one.attributes.get("name"), one.attributes.get("type")
        if one.tag == "button" or not name or (kind in {"checkbox", "radio"} and "checked" not in one.attributes):
            continue
        chosen = one.css_first("option[selected]") or one.css_first("option")
        value = one.text() if one.tag == "textarea" else (chosen or one).attributes.get("value") or ""
        sent.appendlist(name, value)
    return sent


def press(client, tree, action, **typed):
    """Press a button whose address ends so, after typing."""
    sent = brought(tree)
    for name, value in typed.items():
        sent[name] = value
    ours = [one for one in tree.css("button") if (one.attributes.get("formaction") or "").endswith(action)]
    button = min(ours, key=lambda one: one.attributes.get("name") == "chercher")
    if button.attributes.get("name"):
        sent[button.attributes["name"]] = button.attributes["value"]
    where = button.attributes["formaction"].partition("#")[0]
    return client.post(where, sent.urlencode(), content_type="application/x-www-form-urlencoded")


def test_it_works(client, case):
    assert keep(client, case, REPLY).json() == {"said": ""}
    elsewhere = Client()
    elsewhere.force_login(case.assignee)
    tree = page(elsewhere, case)
    assert value_in(tree, "reponse-text").strip() == TYPED
    assert "sans l’envoyer" in tree.css_first("[data-form=reponse]").text()


def test_a_tick_brings_the_other_words_back(client, case, responder):
    """Without a script: the button of a task posts what stands in every form."""
    task = add_task(reference=case.reference, actor=responder, errand=Errand(title="Rappeler", due_at=None))
    typed = {"reponse-text": TYPED, "note-text": "Le maire est joignable.", "note-kind": "call_out"}
    answer = press(client, page(client, case), f"taches/{task.uid}/", **typed)
    assert (answer.status_code, answer["Location"]) == (302, f"{url(case)}#taches")
    task.refresh_from_db()
    assert task.done_at
    tree = page(client, case)
    assert value_in(tree, "reponse-text").strip() == TYPED
    assert value_in(tree, "note-text").strip() == "Le maire est joignable."
    assert tree.css_first("[name=note-kind][checked]").attributes["value"] == "call_out"
    assert not Message.objects.exists()


def test_a_note_leaves_the_answer_and_is_forgotten_itself(client, case):
    press(client, page(client, case), "note/#notes", **{"reponse-text": TYPED, "note-text": "Vu avec le maire."})
    assert Note.objects.get().text == "Vu avec le maire."
    assert set(load_kept_words(case, case.assignee)) == {KeptForm.REPLY}
    tree = page(client, case)
    assert (value_in(tree, "reponse-text").strip(), value_in(tree, "note-text").strip()) == (TYPED, "")


def test_a_qualification_leaves_the_answer(client, case):
    tree = LexborHTMLParser(client.get(url(case), {"ouvrir": "qualifier"}).content.decode())
    answer = press(client, tree, "qualifier/#qualification", **{"reponse-text": TYPED, "qualifier-nature": "incident"})
    assert answer.status_code == 302
    case.refresh_from_db()
    assert case.nature == "incident"
    assert set(load_kept_words(case, case.assignee)) == {KeptForm.REPLY}


@pytest.mark.parametrize("act", ["verifier/", "guide/", "attribuer/#attribution", "clore/"])
def test_each_small_act_leaves_the_answer(client, case, colleague, act):
    if act.startswith("attribuer"):
        client.force_login(colleague)
    typed = {"reponse-text": TYPED, "verifier-source": "known", "clore-raison": "not_an_incident"}
    assert press(client, page(client, case), act, **typed).status_code == 302
    assert value_in(page(client, case), "reponse-text").strip() == TYPED


def test_what_was_half_chosen_comes_back_open(client, case):
    keep(client, case, {"gravite-severity": "1", "gravite-motive": "Un poste isolé.", "gravite-seen": "2"})
    tree = page(client, case)
    assert value_in(tree, "gravite-motive") == "Un poste isolé."
    assert tree.css_first("[name=gravite-severity] option[selected]").attributes["value"] == "1"


def test_a_form_that_shows_what_it_did_first_is_not_kept(client, case):
    tree = LexborHTMLParser(client.get(url(case), {"ouvrir": "qualifier"}).content.decode())
    press(client, tree, "guide/")
    assert load_kept_words(case, case.assignee) == {}


def test_what_was_sent_is_forgotten_though_a_save_comes_late(client, case):
    keep(client, case, REPLY, stroke=1)
    client.post(url(case, "message"), REPLY | {"stylo": "a", "trait": "3"})
    keep(client, case, REPLY, stroke=2)
    assert Message.objects.get().text == TYPED
    assert load_kept_words(case, case.assignee) == {}


def test_what_is_refused_stays(client, case):
    refused = client.post(url(case, "message"), {"reponse-text": "x" * 10_001, "reponse-key": "k"})
    assert refused.status_code == 422
    assert "x" * 10_001 in refused.content.decode()
    assert value_in(page(client, case), "reponse-text").strip() == "x" * 10_001


def test_another_page_that_wrote_since_is_not_hidden(client, case):
    early = timezone.now() - timedelta(minutes=5)
    keep(client, case, REPLY, pen="b")
    told = keep(client, case, REPLY | {"reponse-text": "Autre chose."}, pen="a", opened_at=early)
    assert "depuis une autre page" in told.json()["said"]
    assert load_kept_words(case, case.assignee)[KeptForm.REPLY]["text"] == [TYPED]


def test_a_page_opened_since_goes_on(client, case):
    keep(client, case, REPLY, pen="a")
    assert keep(client, case, REPLY | {"reponse-text": "La suite."}, pen="b").json() == {"said": ""}
    assert load_kept_words(case, case.assignee)[KeptForm.REPLY]["text"] == ["La suite."]


def pages_with_a_task(client, case):
    """Two openings of the page, without a script, and where the button of a task leads."""
    task = add_task(reference=case.reference, actor=case.assignee, errand=Errand(title="Rappeler", due_at=None))
    return page(client, case), page(client, case), f"taches/{task.uid}/"


@pytest.mark.parametrize(("pressed", "status"), [("the task", 302), ("note/#notes", 422)])
def test_an_older_page_where_nothing_is_typed_empties_nothing(client, case, pressed, status):
    older, newer, tick = pages_with_a_task(client, case)
    press(client, newer, "guide/", **{"reponse-text": TYPED, "note-text": "Vu avec le maire."})
    assert press(client, older, tick if pressed == "the task" else pressed).status_code == status
    tree = page(client, case)
    assert value_in(tree, "reponse-text").strip() == TYPED
    assert value_in(tree, "note-text").strip() == "Vu avec le maire."


def test_an_older_page_whose_form_was_left_as_it_was_forgets_nothing(client, case):
    def opened():
        return LexborHTMLParser(client.get(url(case), {"ouvrir": "qualifier"}).content.decode())

    press(client, opened(), "qualifier/#qualification", **{"qualifier-nature": "incident"})
    older = opened()
    keep(client, case, brought(older).dict() | {"qualifier-cause": "phishing"}, pen="b")
    kept = load_kept_words(case, case.assignee)
    assert KeptForm.QUALIFICATION in kept
    assert press(client, older, "qualifier/#qualification").status_code == 302
    assert load_kept_words(case, case.assignee) == kept


def test_two_texts_of_two_pages_are_both_kept_until_one_page_has_shown_them(client, case):
    older, newer, tick = pages_with_a_task(client, case)
    press(client, newer, "note/#notes", **{"reponse-text": TYPED, "note-text": "Vu avec le maire."})
    for _double_click in range(2):
        press(client, older, tick, **{"reponse-text": "Débranchez le câble."})
    press(client, newer, tick)
    there = page(client, case)
    assert value_in(there, "reponse-text").strip() == f"{TYPED}\n\nDébranchez le câble."
    press(client, there, tick, **{"reponse-text": "Débranchez le câble."})
    assert load_kept_words(case, case.assignee)[KeptForm.REPLY]["text"] == ["Débranchez le câble."]


def test_words_that_are_taken_out_are_kept_no_more(client, case):
    keep(client, case, REPLY)
    press(client, page(client, case), "guide/", **{"reponse-text": ""})
    assert load_kept_words(case, case.assignee) == {}


def test_a_post_that_does_not_say_its_page_empties_nothing(client, case):
    keep(client, case, REPLY)
    client.post(url(case, "garder"), {"reponse-text": ""})
    assert load_kept_words(case, case.assignee)[KeptForm.REPLY]["text"] == [TYPED]


def test_nobody_else_is_shown_it(client, case, colleague):
    keep(client, case, REPLY)
    client.force_login(colleague)
    assert TYPED not in client.get(url(case)).content.decode()
    assert load_kept_words(case, colleague) == {}


def test_nobody_of_another_centre_keeps_anything(case):
    other = a_person(Role.RESPONDER, csirt=Csirt.objects.create(slug="ailleurs", name="Ailleurs"))
    with pytest.raises(Http404):
        keep_words(reference=case.reference, actor=other, words={KeptForm.NOTE: {"text": ["x"]}}, pen=Pen())
    assert not KeptWords.objects.exists()


def test_it_is_erased_with_the_case(client, case):
    keep(client, case, REPLY)
    erase_personal_data(reference=case.reference, actor=a_lead())
    assert not KeptWords.objects.exists()
    refused = keep(client, case, REPLY, stroke=2)
    assert (refused.status_code, "effacés" in refused.json()["said"]) == (422, True)
    with pytest.raises(ValidationError):
        keep_words(reference=case.reference, actor=case.assignee, words={KeptForm.NOTE: {"text": ["x"]}}, pen=Pen())
    assert not KeptWords.objects.exists()


def test_it_expires(client, case):
    keep(client, case, REPLY)
    with time_machine.travel(timezone.now() + WORDS_LIFETIME - timedelta(minutes=1)):
        forget_drafts()
        assert load_kept_words(case, case.assignee)
    with time_machine.travel(timezone.now() + WORDS_LIFETIME + timedelta(minutes=1)):
        assert load_kept_words(case, case.assignee) == {}
        forget_drafts()
    assert not KeptWords.objects.exists()


def test_a_form_that_the_page_has_no_more_brings_nothing(client, case):
    keep(client, case, {"tache-title": "Rappeler"})
    close_incident(reference=case.reference, reason=ClosingReason.NOT_AN_INCIDENT, actor=case.assignee)
    assert client.get(url(case)).status_code == 200


def test_a_ready_made_message_goes_below_what_is_typed(client, case):
    tree = LexborHTMLParser(client.get(url(case), {"ouvrir": "message-type"}).content.decode())
    sent = brought(tree)
    sent["reponse-text"], sent["modele"], sent["aller"] = TYPED, "accuse", "modele"
    answer = client.post(url(case, "garder"), sent.urlencode(), content_type="application/x-www-form-urlencoded")
    assert answer["Location"] == f"{url(case)}?modele=accuse#echanges"
    there = LexborHTMLParser(client.get(answer["Location"]).content.decode())
    assert value_in(there, "reponse-text").strip().startswith(f"{TYPED}\n\nBonjour")


def test_hostile_words_stay_words(client, case):
    for number, hostile in enumerate(MARKUP):
        keep(client, case, REPLY | {"reponse-text": f"{hostile}\0"}, stroke=number)
        answer = client.get(url(case))
        harmless.answer(answer)
        assert value_in(LexborHTMLParser(answer.content.decode()), "reponse-text").strip() == hostile


@pytest.mark.parametrize(
    "marks", [{"ouverte": "hier"}, {"ouverte": "2026-11-28"}, {"trait": "é"}, {"stylo": "x" * 99}]
)
def test_marks_that_no_page_writes_do_no_harm(client, case, marks):
    assert client.post(url(case, "garder"), REPLY | marks, headers=JSON).status_code == 200
    assert load_kept_words(case, case.assignee)[KeptForm.REPLY]["text"] == [TYPED]


def test_it_is_no_event_of_the_case(client, case):
    before = case.events.count()
    keep(client, case, REPLY)
    assert case.events.count() == before


def test_a_case_that_went_away_gives_the_words_back(client, case, responder):
    """Only these: the choices that stand in every form of the page were not typed."""
    tree = page(client, case)
    taker = a_person(Role.RESPONDER, csirt=another_centre())
    accept_transfer(uid=propose_transfer(case, responder).uid, actor=taker)
    answer = press(client, tree, "note/#notes", **{"reponse-text": TYPED, "note-text": "Vu avec le maire."})
    assert answer.status_code == 409
    assert set(answer.context["typed"]) == {TYPED, "Vu avec le maire."}
