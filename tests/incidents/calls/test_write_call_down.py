"""A responder types a call on its case: the form shows the known facts, and what it says updates them."""

import re
from datetime import timedelta

import pytest
from django.test import Client

from incidents.enums import EventKind, NoteKind, Status
from incidents.models import Incident, Note
from incidents.services.correspondence.correspond import Letter, write_to_declarant
from incidents.services.declarant.correct import correct_story
from incidents.services.handling.close import close_incident
from incidents.services.papers.answer_pack import build_answer_pack
from tests.cast import a_lead, a_responder, declare
from tests.incidents.calling import post_call
from tests.incidents.completing import make_edit
from tests.incidents.devices import open_by_link
from tests.incidents.express import NOW, PHONE, declare_express
from tests.incidents.triage_pages import case_url
from tests.reading import read_hidden_value, read_text

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("town")]


def test_a_call_on_a_case_fills_in_its_facts(client):
    incident, responder = declare_express(client, quoi="inconnu"), a_responder()
    client.force_login(responder)
    assert (
        f'href="{case_url(incident, "appel")}">Rappeler et saisir le reste</a>'
        in client.get(case_url(incident)).content.decode()
    )
    page = client.get(case_url(incident, "appel"))
    assert f'name="contact_phone" type="tel" autocomplete="off" value="{PHONE}"' in page.content.decode()
    assert "À rappeler : déclaration express" in read_text(page)
    fields = {
        "type": "rancon",
        "contact_name": "Dominique",
        "description": "Tout est chiffré.",
        "civil": "stopped",
        "stopped_date": "24/11/2025",
        "data_concerned": "unknown",
    }
    assert post_call(client, incident, **fields).status_code == 302
    incident.refresh_from_db()
    assert (incident.type, incident.status, incident.assignee) == ("rancon", Status.ACKNOWLEDGED, responder)
    assert not incident.is_to_call_back
    assert incident.answered_at
    assert (incident.service_stopped, incident.data_concerned) == ("yes", "unknown")
    assert incident.story.description == "Tout est chiffré."
    assert (incident.story.contact_name, incident.story.contact_phone) == ("Dominique", PHONE)
    assert incident.interruptions.get().extent == "stopped"
    event = incident.events.get(kind=EventKind.NOTED)
    assert event.data["sections"] == ["recit", "services", "donnees", "rappel"]
    assert Note.objects.get().kind == NoteKind.CALL_OUT
    assert Incident.objects.count() == 1
    sheets = incident.sheets.filter(section="recit").order_by("id")
    assert [sheet.values["description"] for sheet in sheets] == ["", "Tout est chiffré."]


def test_a_call_without_news_changes_no_fact(client):
    incident = declare_express(client)
    client.force_login(a_responder())
    assert post_call(client, incident).status_code == 302
    assert incident.events.get(kind=EventKind.NOTED).data["sections"] == []
    assert incident.sheets.count() == 5


def test_a_service_not_asked_about_stays_and_one_that_works_is_removed(client):
    incident = declare_express(client)
    for service in ("civil", "paie"):
        incident.interruptions.create(service=service, extent="degraded", started_at=NOW)
    Incident.objects.filter(pk=incident.pk).update(service_stopped="yes")
    client.force_login(a_responder())
    post_call(client, incident, civil="", paie="works", service_stopped="")
    assert [(interruption.service, interruption.extent) for interruption in incident.interruptions.all()] == [
        ("civil", "degraded")
    ]


def test_a_service_not_asked_about_keeps_its_start(client):
    incident = declare_express(client)
    for service, start in (("civil", NOW - timedelta(days=2)), ("paie", NOW - timedelta(days=1))):
        incident.interruptions.create(service=service, extent="degraded", started_at=start)
    Incident.objects.filter(pk=incident.pk).update(service_stopped="yes")
    client.force_login(a_responder())
    post_call(client, incident, civil="", stopped_date=f"{NOW:%Y-%m-%d}", stopped_time="06:00")
    assert incident.interruptions.get(service="civil").started_at == NOW - timedelta(days=2)


def test_the_choice_of_mails_without_the_code_is_saved_and_shown(client):
    incident = declare_express(client)
    client.force_login(a_responder())
    fields = {"contact_email": "mairie@plouexemple.example", "mail_without_code": "oui"}
    assert post_call(client, incident, **fields).status_code == 302
    incident.refresh_from_db()
    assert incident.mail_without_code
    assert re.search(
        r'id="id_mail_without_code" value="oui" checked', client.get(case_url(incident, "appel")).content.decode()
    )


def test_facts_that_the_form_does_not_ask_about_are_not_changed(client):
    incident = declare_express(client)
    row = incident.interruptions.create(service="civil", extent="", workaround="Sur papier.", started_at=NOW)
    incident.interruptions.create(service="eau", extent="stopped", started_at=NOW, ended_at=NOW)
    incident.leaks.create(status="claimed", categories=["nir"], persons=40, records=9)
    Incident.objects.filter(pk=incident.pk).update(service_stopped="yes", data_concerned="yes")
    client.force_login(a_responder())
    assert post_call(client, incident, paie="degraded").status_code == 302
    ended, civil, payroll = sorted(
        incident.interruptions.all(), key=lambda interruption: ["eau", "civil", "paie"].index(interruption.service)
    )
    assert (civil.workaround, civil.extent, civil.started_at) == (row.workaround, "", NOW)
    assert ended.ended_at == NOW
    assert payroll.extent == "degraded"
    leak = incident.leaks.get()
    assert (leak.persons, leak.records, leak.status) == (40, 9, "claimed")


@pytest.mark.parametrize(
    ("band", "chosen", "persons"),
    [("6-50", "5000+", None), ("", "301-5000", None), ("6-50", "6-50", 40), ("", "6-50", 40)],
)
def test_a_band_chosen_in_a_call_replaces_a_number_outside_it(client, band, chosen, persons):
    incident = declare_express(client)
    incident.leaks.create(status="claimed", categories=["nir"], persons=40, persons_band=band, records=9)
    Incident.objects.filter(pk=incident.pk).update(data_concerned="yes")
    client.force_login(a_responder())
    assert post_call(client, incident, persons_band=chosen).status_code == 302
    leak = incident.leaks.get()
    assert (leak.persons, leak.persons_band, leak.records) == (persons, chosen, 9)


def test_a_call_conflicts_with_facts_that_changed_meanwhile(client):
    incident = declare_express(client)
    client.force_login(a_responder())
    page = client.get(case_url(incident, "appel"))
    Incident.objects.update(service_stopped="yes")
    data = {
        "vu": read_hidden_value(page, "vu"),
        "cle": read_hidden_value(page, "cle"),
        "contact_phone": PHONE,
        "type": "rancon",
        "direction": "call_out",
    }
    conflict = client.post(case_url(incident, "appel"), data | {"description": "Mes mots."})
    assert conflict.status_code == 409
    assert "Mes mots." in conflict.content.decode()
    warning = "Le dossier a changé pendant que vous écriviez"
    assert [warning in answer.content.decode() for answer in (page, conflict)] == [False, True]
    assert not Note.objects.exists()
    answer = client.post(case_url(incident, "appel"), data | {"vu": read_hidden_value(conflict, "vu")})
    assert answer.status_code == 302


def test_a_call_sent_twice_is_noted_once(client):
    incident = declare_express(client)
    client.force_login(a_responder())
    page = client.get(case_url(incident, "appel"))
    data = {
        "vu": read_hidden_value(page, "vu"),
        "cle": read_hidden_value(page, "cle"),
        "contact_phone": PHONE,
        "type": "rancon",
        "direction": "call_out",
    }
    for _click in range(2):
        assert client.post(case_url(incident, "appel"), data | {"description": "Mes mots."}).status_code == 302
    assert Note.objects.count() == 1


def test_a_wrong_day_keeps_what_was_typed(client):
    incident = declare_express(client)
    client.force_login(a_responder())
    refused = post_call(client, incident, occurred_date="32/13/2026", description="Mes mots.")
    assert refused.status_code == 422
    assert "Mes mots." in refused.content.decode()
    assert Incident.objects.get().status == Status.DECLARED


def test_a_closed_case_takes_no_call(client):
    incident = declare_express(client)
    client.force_login(a_responder())
    page = client.get(case_url(incident, "appel"))
    close_incident(reference=incident.reference, reason="not_an_incident", actor=a_lead())
    data = {"vu": read_hidden_value(page, "vu"), "contact_phone": PHONE, "description": "Mes mots."}
    data |= {"direction": "call_in"}
    conflict = client.post(case_url(incident, "appel"), data)
    assert conflict.status_code == 409
    assert "Mes mots." in conflict.content.decode()
    assert client.get(case_url(incident, "appel")).url == case_url(incident)


def get_story_section(incident):
    pack = build_answer_pack(Incident.objects.get(pk=incident.pk), at=NOW)
    return next(section for section in pack["declared"] if section["title"] == "Ce qui se passe")


def test_the_pack_tells_the_words_of_the_centre_from_those_of_the_body(client):
    """The pack is joined to a complaint: what the town declared stays in it, dated, beside what a call changed."""
    incident = declare(description="Tout est chiffré.", data_concerned="")
    assert get_story_section(incident)["notes"] == []
    client.force_login(a_responder())
    post_call(
        client, incident, description="Un seul poste est touché.", data_concerned="unknown", service_stopped="yes"
    )

    story = get_story_section(incident)
    assert ["Récit", "Un seul poste est touché."] in story["lines"]
    label, words = story["lines"][-1]
    assert label.startswith("Récit, dans la déclaration du ")
    assert words == "Tout est chiffré."
    assert [note.partition(", le ")[0] for note in story["notes"]] == ["Corrigé au téléphone par Breizh Cyber"]

    declarant = open_by_link(incident)
    for page in (
        declarant.get(f"/suivi/{incident.reference}/"),
        declarant.get(f"/suivi/{incident.reference}/dossier/"),
    ):
        text = read_text(page)
        assert "Corrigé au téléphone par Breizh Cyber, le " in text
        assert "Complété au téléphone par Breizh Cyber, le " in text
        assert "Tout est chiffré." in text


def test_the_pack_keeps_what_the_body_wrote_after_the_declaration_and_a_call_replaced(client):
    """Each text of the body that a call replaced has its own date. A text of the centre is not kept."""
    incident = declare(description="")
    declarant, responder = open_by_link(incident), Client()
    responder.force_login(a_responder())
    for by_body, by_centre in (("Une tour est chiffrée.", "Deux tours."), ("Trois tours.", "Quatre tours.")):
        correct_story(edit=make_edit(incident, "recit"), description=by_body)
        post_call(responder, incident, description=by_centre)
    lines = get_story_section(incident)["lines"][1:]
    assert [[label.partition(" le ")[0], words] for label, words in lines] == [
        ["Récit", "Quatre tours."],
        ["Récit, écrit", "Une tour est chiffrée."],
        ["Récit, écrit", "Trois tours."],
    ]
    assert "Une tour est chiffrée." in read_text(declarant.get(f"/suivi/{incident.reference}/dossier/"))


def test_the_pack_does_not_repeat_what_the_body_itself_replaced_later(client):
    incident = declare(description="")
    client.force_login(a_responder())
    for words in ("Une tour.", "Deux tours."):
        correct_story(edit=make_edit(incident, "recit"), description=words)
    post_call(client, incident, description="Deux tours. Depuis 5 h.")
    assert [words for _label, words in get_story_section(incident)["lines"][1:]] == ["Deux tours. Depuis 5 h."]


def test_the_pack_keeps_the_declared_situation_that_a_call_corrected(client):
    incident = declare(type="inconnu")
    client.force_login(a_responder())
    post_call(client, incident, type="rancon")
    story = get_story_section(incident)
    assert [label.partition(" du ")[0] for label, _words in story["lines"][:2]] == [
        "Situation",
        "Situation, dans la déclaration",
    ]
    assert ["rançongiciel" in words for _label, words in story["lines"][:2]] == [True, False]
    assert story["notes"][-1].startswith("Situation corrigée par Breizh Cyber, le ")


def test_a_text_that_a_call_only_lengthens_is_completed_and_printed_once(client):
    incident = declare(description="Tout est chiffré.")
    client.force_login(a_responder())
    post_call(client, incident, description="Tout est chiffré. Depuis 5 h.")
    story = get_story_section(incident)
    assert [note.partition(", le ")[0] for note in story["notes"]] == ["Complété au téléphone par Breizh Cyber"]
    assert [words for _label, words in story["lines"]].count("Tout est chiffré.") == 0


def test_the_declarant_reads_in_the_history_that_a_call_changed_facts(client):
    incident, responder = declare(description="Tout est chiffré."), a_responder()
    client.force_login(responder)
    post_call(client, incident)
    sentence = "a complété ou corrigé votre déclaration au téléphone"
    assert sentence not in read_text(open_by_link(incident).get(f"/suivi/{incident.reference}/"))
    post_call(client, incident, description="Un seul poste.")
    assert f"(Breizh Cyber) {sentence}" in read_text(open_by_link(incident).get(f"/suivi/{incident.reference}/"))


def test_the_form_says_that_the_declared_text_is_replaced(client):
    client.force_login(a_responder())
    warning = "Ce que vous écrivez ici remplace ce qui a été déclaré. Les mots d’avant restent dans l’historique."
    assert warning in read_text(client.get(case_url(declare(description="Tout est chiffré."), "appel")))
    assert warning not in read_text(client.get(case_url(declare(description=""), "appel")))


def test_the_form_asks_who_calls(client):
    incident = declare()
    client.force_login(a_responder())
    page = client.get(case_url(incident, "appel"))
    assert not re.search(r'name="direction"[^>]*checked', page.content.decode())
    refused = post_call(client, incident, direction="", description="Mes mots.")
    assert refused.status_code == 422
    assert "Dites qui appelle." in read_text(refused)
    assert "Mes mots." in refused.content.decode()


@pytest.mark.parametrize(
    ("fields", "kind", "is_lifted"),
    [
        ({"direction": "call_in"}, NoteKind.CALL_IN, True),
        ({"direction": "call_out", "answers_question": "oui"}, NoteKind.CALL_OUT, True),
        ({"direction": "call_out"}, NoteKind.CALL_OUT, False),
    ],
)
def test_a_call_that_brings_the_answer_lifts_the_question(client, fields, kind, is_lifted):
    incident, responder = declare(), a_responder()
    letter = Letter(text="Depuis quand ?", key="k", asks_answer=True)
    write_to_declarant(reference=incident.reference, actor=responder, letter=letter)
    client.force_login(responder)
    assert "Sa réponse est dans cet appel" in read_text(client.get(case_url(incident, "appel")))
    post_call(client, incident, **fields)
    incident.refresh_from_db()
    assert incident.notes.get().kind == kind
    assert (incident.awaited_since is None) == is_lifted
    assert ("Sa réponse est dans cet appel" in read_text(client.get(case_url(incident, "appel")))) != is_lifted
