"""The text typed on the page of a case, which is kept for its author until it is sent, whatever else happens."""

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
from incidents.enums import CaseFormCode, ClosingReason
from incidents.models import Message, Note, UnsentText
from incidents.services.handling.close import close_incident
from incidents.services.handling.erase import erase_personal_data
from incidents.services.handling.tasks import NewTask, add_task
from incidents.services.handling.unsent_text import TEXT_LIFETIME, Pen, load_unsent_texts, save_unsent_texts
from incidents.services.transfer.proposal import accept_transfer
from retention.tasks import purge_short_lived
from tests import harmless
from tests.cast import a_lead, a_person
from tests.hostile import MARKUP
from tests.incidents.transferring import create_other_centre, propose_transfer
from tests.incidents.triage_pages import case_url

pytestmark = pytest.mark.django_db
TYPED = "Ne redémarrez aucun poste avant notre appel."
REPLY = {"reponse-text": TYPED, "reponse-key": "k"}
JSON = {"accept": "application/json"}


def open_page(client, case):
    return LexborHTMLParser(client.get(case_url(case)).content.decode())


def get_field_value(tree, name):
    node = tree.css_first(f"[name='{name}']")
    return node.text() if node.tag == "textarea" else node.attributes.get("value")


def post_save(client, case, fields, *, pen="a", stroke=1, opened_at=None):
    """Post a save as the script of the page does."""
    opened_at = opened_at or timezone.now()
    marks = {"stylo": pen, "trait": str(stroke), "ouverte": opened_at.isoformat()}
    return client.post(case_url(case, "garder"), fields | marks, headers=JSON)


def read_form_fields(tree):
    """Return all that a button of the page posts without a script, if nothing is typed."""
    fields = QueryDict(mutable=True)
    for node in tree.css("[form=ecrits], #ecrits input"):
        name, kind = node.attributes.get("name"), node.attributes.get("type")
        if node.tag == "button" or not name or (kind in {"checkbox", "radio"} and "checked" not in node.attributes):
            continue
        chosen = node.css_first("option[selected]") or node.css_first("option")
        value = node.text() if node.tag == "textarea" else (chosen or node).attributes.get("value") or ""
        fields.appendlist(name, value)
    return fields


def press(client, tree, action, **fields):
    """Type the fields, then press the button whose address ends with `action`."""
    form = read_form_fields(tree)
    for name, value in fields.items():
        form[name] = value
    buttons = [node for node in tree.css("button") if (node.attributes.get("formaction") or "").endswith(action)]
    button = min(buttons, key=lambda node: node.attributes.get("name") == "chercher")
    if button.attributes.get("name"):
        form[button.attributes["name"]] = button.attributes["value"]
    address = button.attributes["formaction"].partition("#")[0]
    return client.post(address, form.urlencode(), content_type="application/x-www-form-urlencoded")


def test_typed_text_is_shown_again_on_another_device(client, case):
    assert post_save(client, case, REPLY).json() == {"message": ""}
    other_device = Client()
    other_device.force_login(case.assignee)
    tree = open_page(other_device, case)
    assert get_field_value(tree, "reponse-text").strip() == TYPED
    assert "sans l’envoyer" in tree.css_first("[data-form=reponse]").text()


def test_ticking_a_task_keeps_the_text_typed_in_other_forms(client, case, responder):
    """Without a script, the button of a task posts the fields of every form."""
    task = add_task(reference=case.reference, actor=responder, new_task=NewTask(title="Rappeler", due_at=None))
    fields = {"reponse-text": TYPED, "note-text": "Le maire est joignable.", "note-kind": "call_out"}
    answer = press(client, open_page(client, case), f"taches/{task.uid}/", **fields)
    assert (answer.status_code, answer["Location"]) == (302, f"{case_url(case)}#taches")
    task.refresh_from_db()
    assert task.done_at
    tree = open_page(client, case)
    assert get_field_value(tree, "reponse-text").strip() == TYPED
    assert get_field_value(tree, "note-text").strip() == "Le maire est joignable."
    assert tree.css_first("[name=note-kind][checked]").attributes["value"] == "call_out"
    assert not Message.objects.exists()


def test_saving_a_note_keeps_the_reply_and_forgets_the_note(client, case):
    press(client, open_page(client, case), "note/#notes", **{"reponse-text": TYPED, "note-text": "Vu avec le maire."})
    assert Note.objects.get().text == "Vu avec le maire."
    assert set(load_unsent_texts(case, case.assignee)) == {CaseFormCode.REPLY}
    tree = open_page(client, case)
    assert (get_field_value(tree, "reponse-text").strip(), get_field_value(tree, "note-text").strip()) == (TYPED, "")


def test_saving_a_qualification_keeps_the_reply(client, case):
    tree = LexborHTMLParser(client.get(case_url(case), {"ouvrir": "qualifier"}).content.decode())
    answer = press(client, tree, "qualifier/#qualification", **{"reponse-text": TYPED, "qualifier-nature": "incident"})
    assert answer.status_code == 302
    case.refresh_from_db()
    assert case.nature == "incident"
    assert set(load_unsent_texts(case, case.assignee)) == {CaseFormCode.REPLY}


@pytest.mark.parametrize("act", ["verifier/", "guide/", "attribuer/#attribution", "clore/"])
def test_each_small_act_keeps_the_reply(client, case, colleague, act):
    if act.startswith("attribuer"):
        client.force_login(colleague)
    fields = {"reponse-text": TYPED, "verifier-source": "known", "clore-raison": "not_an_incident"}
    assert press(client, open_page(client, case), act, **fields).status_code == 302
    assert get_field_value(open_page(client, case), "reponse-text").strip() == TYPED


def test_a_half_filled_form_comes_back_open(client, case):
    post_save(client, case, {"gravite-severity": "1", "gravite-motive": "Un poste isolé.", "gravite-seen": "2"})
    tree = open_page(client, case)
    assert get_field_value(tree, "gravite-motive") == "Un poste isolé."
    assert tree.css_first("[name=gravite-severity] option[selected]").attributes["value"] == "1"


def test_an_unchanged_form_is_not_kept(client, case):
    tree = LexborHTMLParser(client.get(case_url(case), {"ouvrir": "qualifier"}).content.decode())
    press(client, tree, "guide/")
    assert load_unsent_texts(case, case.assignee) == {}


def test_stored_text_is_deleted_once_sent_even_if_a_save_arrives_late(client, case):
    post_save(client, case, REPLY, stroke=1)
    client.post(case_url(case, "message"), REPLY | {"stylo": "a", "trait": "3"})
    post_save(client, case, REPLY, stroke=2)
    assert Message.objects.get().text == TYPED
    assert load_unsent_texts(case, case.assignee) == {}


@pytest.mark.parametrize(
    ("form", "act", "text"), [("reponse", "message", TYPED), ("note", "note", "Vu avec le maire.")]
)
def test_a_text_already_sent_does_not_come_back_with_a_later_save(client, case, form, act, text):
    """A page that is left just after « Envoyer » saves once more, because it has not seen the outcome."""
    fields = {f"{form}-text": text, f"{form}-key": "k", f"{form}-kind": "call_out"}
    post_save(client, case, fields, stroke=1)
    client.post(case_url(case, act), fields | {"stylo": "a", "trait": "2"})
    assert post_save(client, case, fields | {"tache-title": "Rappeler"}, stroke=3).json() == {"message": ""}
    assert set(load_unsent_texts(case, case.assignee)) == {CaseFormCode.TASK}
    post_save(client, case, fields | {f"{form}-text": f"{text} Et ensuite ?"}, stroke=4)
    assert load_unsent_texts(case, case.assignee)[CaseFormCode(form)]["text"] == [f"{text} Et ensuite ?"]


def test_a_save_with_the_number_of_the_post_that_sent_the_form_is_not_stored(client, case):
    """The script repeats the number of the post, as long as nothing else was typed."""
    task = {"tache-title": "Rappeler le maire"}
    client.post(case_url(case, "taches"), task | {"stylo": "a", "trait": "2"})
    post_save(client, case, task, stroke=2)
    assert load_unsent_texts(case, case.assignee) == {}
    post_save(client, case, task, stroke=3)
    assert load_unsent_texts(case, case.assignee)[CaseFormCode.TASK]["title"] == ["Rappeler le maire"]


def test_a_post_that_arrives_after_the_save_that_repeats_it_forgets_the_words(client, case):
    post_save(client, case, REPLY, stroke=2)
    client.post(case_url(case, "message"), REPLY | {"stylo": "a", "trait": "2"})
    assert load_unsent_texts(case, case.assignee) == {}


def test_a_refused_message_is_kept(client, case):
    refused = client.post(case_url(case, "message"), {"reponse-text": "x" * 10_001, "reponse-key": "k"})
    assert refused.status_code == 422
    assert "x" * 10_001 in refused.content.decode()
    assert get_field_value(open_page(client, case), "reponse-text").strip() == "x" * 10_001


def test_an_older_page_does_not_overwrite_a_newer_one(client, case):
    early = timezone.now() - timedelta(minutes=5)
    post_save(client, case, REPLY, pen="b")
    response = post_save(client, case, REPLY | {"reponse-text": "Autre chose."}, pen="a", opened_at=early)
    assert "depuis une autre page" in response.json()["message"]
    assert load_unsent_texts(case, case.assignee)[CaseFormCode.REPLY]["text"] == [TYPED]


def test_a_page_opened_later_shows_the_text_typed_before(client, case):
    post_save(client, case, REPLY, pen="a")
    assert post_save(client, case, REPLY | {"reponse-text": "La suite."}, pen="b").json() == {"message": ""}
    assert load_unsent_texts(case, case.assignee)[CaseFormCode.REPLY]["text"] == ["La suite."]


def open_two_pages_with_a_task(client, case):
    """Add a task, open the page twice without a script, and return both with the address of the task's button."""
    task = add_task(reference=case.reference, actor=case.assignee, new_task=NewTask(title="Rappeler", due_at=None))
    return open_page(client, case), open_page(client, case), f"taches/{task.uid}/"


@pytest.mark.parametrize(("pressed", "status"), [("the task", 302), ("note/#notes", 422)])
def test_an_older_page_without_text_deletes_none_of_a_newer_page(client, case, pressed, status):
    older, newer, tick = open_two_pages_with_a_task(client, case)
    press(client, newer, "guide/", **{"reponse-text": TYPED, "note-text": "Vu avec le maire."})
    assert press(client, older, tick if pressed == "the task" else pressed).status_code == status
    tree = open_page(client, case)
    assert get_field_value(tree, "reponse-text").strip() == TYPED
    assert get_field_value(tree, "note-text").strip() == "Vu avec le maire."


def test_an_older_page_with_an_unchanged_form_deletes_nothing(client, case):
    def open_form():
        return LexborHTMLParser(client.get(case_url(case), {"ouvrir": "qualifier"}).content.decode())

    press(client, open_form(), "qualifier/#qualification", **{"qualifier-nature": "incident"})
    older = open_form()
    post_save(client, case, read_form_fields(older).dict() | {"qualifier-cause": "phishing"}, pen="b")
    saved = load_unsent_texts(case, case.assignee)
    assert CaseFormCode.QUALIFICATION in saved
    assert press(client, older, "qualifier/#qualification").status_code == 302
    assert load_unsent_texts(case, case.assignee) == saved


def test_texts_of_two_pages_are_both_kept_until_one_page_shows_both(client, case):
    older, newer, tick = open_two_pages_with_a_task(client, case)
    press(client, newer, "note/#notes", **{"reponse-text": TYPED, "note-text": "Vu avec le maire."})
    for _double_click in range(2):
        press(client, older, tick, **{"reponse-text": "Débranchez le câble."})
    press(client, newer, tick)
    tree = open_page(client, case)
    assert get_field_value(tree, "reponse-text").strip() == f"{TYPED}\n\nDébranchez le câble."
    press(client, tree, tick, **{"reponse-text": "Débranchez le câble."})
    assert load_unsent_texts(case, case.assignee)[CaseFormCode.REPLY]["text"] == ["Débranchez le câble."]


def test_a_deleted_text_is_not_stored(client, case):
    post_save(client, case, REPLY)
    press(client, open_page(client, case), "guide/", **{"reponse-text": ""})
    assert load_unsent_texts(case, case.assignee) == {}


def test_a_post_without_its_page_deletes_nothing(client, case):
    post_save(client, case, REPLY)
    client.post(case_url(case, "garder"), {"reponse-text": ""})
    assert load_unsent_texts(case, case.assignee)[CaseFormCode.REPLY]["text"] == [TYPED]


def test_a_colleague_does_not_see_the_stored_text(client, case, colleague):
    post_save(client, case, REPLY)
    client.force_login(colleague)
    assert TYPED not in client.get(case_url(case)).content.decode()
    assert load_unsent_texts(case, colleague) == {}


def test_no_text_is_stored_for_a_responder_of_another_centre(case):
    other = a_person(Role.RESPONDER, csirt=Csirt.objects.create(slug="ailleurs", name="Ailleurs"))
    with pytest.raises(Http404):
        save_unsent_texts(
            reference=case.reference, actor=other, values_by_form={CaseFormCode.NOTE: {"text": ["x"]}}, pen=Pen()
        )
    assert not UnsentText.objects.exists()


def test_stored_text_is_erased_with_the_case(client, case):
    post_save(client, case, REPLY)
    erase_personal_data(reference=case.reference, actor=a_lead())
    assert not UnsentText.objects.exists()
    refused = post_save(client, case, REPLY, stroke=2)
    assert (refused.status_code, "effacés" in refused.json()["message"]) == (422, True)
    with pytest.raises(ValidationError):
        save_unsent_texts(
            reference=case.reference,
            actor=case.assignee,
            values_by_form={CaseFormCode.NOTE: {"text": ["x"]}},
            pen=Pen(),
        )
    assert not UnsentText.objects.exists()


def test_a_stored_text_expires(client, case):
    post_save(client, case, REPLY)
    with time_machine.travel(timezone.now() + TEXT_LIFETIME - timedelta(minutes=1)):
        purge_short_lived()
        assert load_unsent_texts(case, case.assignee)
    with time_machine.travel(timezone.now() + TEXT_LIFETIME + timedelta(minutes=1)):
        assert load_unsent_texts(case, case.assignee) == {}
        purge_short_lived()
    assert not UnsentText.objects.exists()


def test_stored_text_of_a_form_no_longer_on_the_page_causes_no_error(client, case):
    post_save(client, case, {"tache-title": "Rappeler"})
    close_incident(reference=case.reference, reason=ClosingReason.NOT_AN_INCIDENT, actor=case.assignee)
    assert client.get(case_url(case)).status_code == 200


def test_a_ready_made_message_is_added_below_the_typed_text(client, case):
    tree = LexborHTMLParser(client.get(case_url(case), {"ouvrir": "message-type"}).content.decode())
    form = read_form_fields(tree)
    form["reponse-text"], form["modele"], form["aller"] = TYPED, "accuse", "modele"
    answer = client.post(case_url(case, "garder"), form.urlencode(), content_type="application/x-www-form-urlencoded")
    assert answer["Location"] == f"{case_url(case)}?modele=accuse#echanges"
    reopened = LexborHTMLParser(client.get(answer["Location"]).content.decode())
    assert get_field_value(reopened, "reponse-text").strip().startswith(f"{TYPED}\n\nBonjour")


def test_hostile_text_is_escaped_in_a_draft_reply(client, case):
    for number, hostile in enumerate(MARKUP):
        post_save(client, case, REPLY | {"reponse-text": f"{hostile}\0"}, stroke=number)
        answer = client.get(case_url(case))
        harmless.check_response(answer)
        assert get_field_value(LexborHTMLParser(answer.content.decode()), "reponse-text").strip() == hostile


@pytest.mark.parametrize(
    "marks", [{"ouverte": "hier"}, {"ouverte": "2026-11-28"}, {"trait": "é"}, {"stylo": "x" * 99}]
)
def test_invalid_marks_of_a_page_do_not_prevent_a_save(client, case, marks):
    assert client.post(case_url(case, "garder"), REPLY | marks, headers=JSON).status_code == 200
    assert load_unsent_texts(case, case.assignee)[CaseFormCode.REPLY]["text"] == [TYPED]


def test_storing_typed_text_records_no_event(client, case):
    before = case.events.count()
    post_save(client, case, REPLY)
    assert case.events.count() == before


def test_text_typed_on_a_transferred_case_is_shown_again(client, case, responder):
    """The default choices of the page's forms were not typed and are not shown."""
    tree = open_page(client, case)
    taker = a_person(Role.RESPONDER, csirt=create_other_centre())
    accept_transfer(uid=propose_transfer(case, responder).uid, actor=taker)
    answer = press(client, tree, "note/#notes", **{"reponse-text": TYPED, "note-text": "Vu avec le maire."})
    assert answer.status_code == 409
    assert set(answer.context["typed_texts"]) == {TYPED, "Vu avec le maire."}


def test_the_tick_that_withdraws_a_question_is_not_stored_for_another_question(client, case, responder):
    client.force_login(responder)
    client.post(case_url(case, "message"), {"reponse-text": "Qui vous héberge ?", "reponse-asks_answer": "on"})
    post_save(client, case, REPLY | {"reponse-asks_answer": "on", "reponse-lifts_question": "on"})
    page = open_page(client, case)
    assert "checked" in page.css_first("[name='reponse-asks_answer']").attributes
    assert "checked" not in page.css_first("[name='reponse-lifts_question']").attributes
