"""A responder on the telephone writes a declaration down, on one page."""

import html
import re

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from selectolax.lexbor import LexborHTMLParser

from collectivities.enums import Kind
from collectivities.models import Collectivity
from collectivities.services import create_proposed_body
from csirts.models import Csirt
from incidents.enums import EventKind, Origin, PublicService, Verification
from incidents.models import Incident, IncidentEvent, Story
from incidents.reference import compact
from incidents.services.declarant.access import find_access
from incidents.services.handling.triage import close_incident
from tests import harmless
from tests.cast import a_lead, a_responder, an_agent, breizh_cyber, declare, plouexemple
from tests.factories.collectivities import made_up_siren
from tests.hostile import TRICK
from tests.reading import text_of

URL = "/triage/saisir/"
KEY = "k" * 43


def said(**changes):
    known = {"cle": KEY, "body": "29999", "type": "rancon", "contact_phone": "02 99 00 00 00"}
    return {name: value for name, value in (known | changes).items() if value is not None}


@pytest.fixture
def responder(db, client):
    breizh_cyber()
    plouexemple()
    responder = a_responder()
    client.force_login(responder)
    return responder


def test_it_works(client, responder):
    assert client.get(URL).status_code == 200
    page = client.post(
        URL,
        said(
            contact_name="Dominique Exemple",
            description="Tout est chiffré.",
            civil="stopped",
            eau="degraded",
            stopped_date="24/11/2025",
            stopped_time="8 h 10",
            data_concerned="yes",
            leak_status="suspected",
            categories=["nir"],
            person_categories=["mineurs"],
            persons_band="51-300",
            occurred_date="23/11/2025",
        ),
    )
    incident = Incident.objects.get()
    assert (incident.origin, incident.type, incident.csirt.slug) == (Origin.PHONE, "rancon", "breizh-cyber")
    assert incident.verification == Verification.UNVERIFIED
    assert {event.actor for event in incident.events.all()} == {responder}
    stopped = {one.service: (one.extent, one.started_at.isoformat()) for one in incident.interruptions.all()}
    assert stopped == {
        "civil": ("stopped", "2025-11-24T07:10:00+00:00"),
        "eau": ("degraded", "2025-11-24T07:10:00+00:00"),
    }
    leak = incident.leaks.get()
    assert (leak.status, leak.categories, leak.person_categories) == ("suspected", ["nir"], ["mineurs"])
    assert (leak.persons_band, incident.occurred_certainty) == ("51-300", "approximate")
    assert incident.story.description == "Tout est chiffré."
    text = text_of(page)
    signs = re.findall(r'<li><span class="hash">(\w{4})</span>', page.content.decode())
    assert "".join(signs[:2]) == incident.reference
    assert find_access(compact("".join(signs[2:]))).incident == incident
    assert "Débranchez" in text
    assert "no-store" in page.headers["Cache-Control"]


def test_a_service_that_nobody_asked_about_is_unsaid(client, responder):
    form = LexborHTMLParser(client.get(URL).content.decode())
    services = form.css("#services-liste select")
    assert {one.css_first("option").text() for one in services} == {"pas demandé"}
    assert not form.css("#services-liste option[selected]")
    page = client.post(URL, said(body="", civil="works"))
    assert 'value="works" selected>marche<' in page.content.decode()
    client.post(URL, said(civil="works", eau=""))
    incident = Incident.objects.get()
    assert (incident.service_stopped, incident.interruptions.count()) == ("", 0)


def test_no_code_by_mail_may_be_chosen(client, responder):
    client.post(URL, said(contact_email="mairie@plouexemple.example", mail_without_code="oui"))
    assert Incident.objects.get().mail_without_code


def test_the_groups_are_spelled(client, responder):
    page = text_of(client.post(URL, said()))
    for group in re.findall(r'<span class="hash">(\w{4})</span>', page):
        assert re.search(rf"{group}</span> <small>[^<]*, [^<]*, [^<]*, [^<]*</small>", page)


def test_sent_twice_is_one_case(client, responder):
    first, second = client.post(URL, said()), client.post(URL, said())
    assert Incident.objects.count() == 1
    assert first.context["reference"] == second.context["reference"]


def test_the_same_page_with_other_words_says_so_and_keeps_them(client, responder):
    client.post(URL, said())
    page = client.post(URL, said(description="Autre chose."))
    assert page.status_code == 409
    assert "Autre chose." in text_of(page)
    assert Incident.objects.count() == 1
    key = re.search(r'name="cle" value="([^"]+)"', page.content.decode())[1]
    seen = Incident.objects.get().reference
    assert client.post(URL, said(description="Autre chose.", cle=key, vus=seen)).status_code == 200
    assert Incident.objects.count() == 2


def test_the_key_of_another_person_gives_no_case(client, responder):
    client.post(URL, said())
    client.force_login(a_responder())
    client.post(URL, said(vus=Incident.objects.get().reference))
    assert Incident.objects.count() == 2


def test_called_back_is_verified_at_once(client, responder):
    client.post(URL, said(rappele="oui"))
    client.post(URL, said(rappele="oui"))
    incident = Incident.objects.get()
    assert incident.verification == Verification.CALL_BACK
    kinds = [EventKind.DECLARED, EventKind.ACKNOWLEDGED, EventKind.NOTED, EventKind.VERIFIED]
    assert [one.kind for one in incident.events.order_by("id")] == kinds


def test_whoever_took_the_call_has_the_case_and_has_answered(client, responder):
    client.post(URL, said())
    client.post(URL, said())
    incident = Incident.objects.get()
    assert (incident.status, incident.acknowledged_by, incident.assignee) == ("acknowledged", responder, responder)
    assert (incident.answer_by, incident.answered_at) == (None, incident.notes.get().written_at)
    assert (incident.notes.get().kind, incident.notes.get().author) == ("call_in", responder)
    assert incident.due_for == "review"


def test_open_cases_of_the_body_and_of_the_number_are_shown_before_it_is_saved(client, responder):
    village = plouexemple(insee_code="29998", name="Saint-Exemple", stem="saintexemple")
    of_body, of_number, gone = declare(), declare(collectivity=village), declare()
    Story.objects.filter(incident=of_body).update(contact_phone="02 98 11 11 11")
    Story.objects.filter(incident=of_number).update(contact_phone="+33 (0)2.99.00.00.00")
    close_incident(reference=gone.reference, reason="not_an_incident", actor=responder)

    for sent in (said(), said(chercher="oui")):
        page = client.post(URL, sent)
        assert page.status_code == 200
        assert {case for case, _term in page.context["open_cases"]} == {of_body, of_number}
        assert "2 dossiers sont déjà ouverts" in text_of(page)
        assert "Enregistrer un autre dossier" in text_of(page)
        assert 'value="02 99 00 00 00"' in text_of(page), "nothing that was typed is lost"
        assert Incident.objects.count() == 3

    seen = re.search(r'name="vus" value="([^"]+)"', page.content.decode())[1]
    client.post(URL, said(vus=of_body.reference))
    assert Incident.objects.count() == 3, "one of the two was not seen"
    assert client.post(URL, said(vus=seen)).context["reference"]
    assert Incident.objects.count() == 4


def test_open_cases_of_another_centre_are_not_shown(client, responder):
    theirs = declare()
    Incident.objects.filter(pk=theirs.pk).update(csirt=Csirt.objects.exclude(slug="breizh-cyber").first())
    assert client.post(URL, said()).context["reference"]


def test_an_unconfirmed_body_is_not_verified_by_the_same_call(client, responder):
    siren = made_up_siren(818_181)
    create_proposed_body(kind=Kind.SDIS, name="SDIS d’Exemple", siren=siren, seat=plouexemple())
    page = client.post(URL, said(body=siren, rappele="oui"))
    assert "Confirmez d’abord la collectivité" in text_of(page)
    assert Incident.objects.get().verification == Verification.UNVERIFIED


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"body": ""}, "Quelle collectivité appelle ?"),
        ({"body": "zzqxkjw"}, "Rien ne répond à ce nom"),
        ({"body": "123456789"}, "Rien ne répond à ce nom"),
        ({"body": "Saint-Denis"}, "Plusieurs collectivités répondent"),
        ({"contact_phone": ""}, "Donnez un téléphone ou une adresse mail"),
        ({"contact_email": "x"}, "Cette adresse mail est incomplète"),
        ({"occurred_date": "31/02/2026"}, "Ce jour n’existe pas"),
        ({"detected_date": "24/11/2096"}, "Cette date est à venir. Vérifiez-la."),
        ({"detected_time": "8 h"}, "Donnez aussi le jour"),
        ({"stopped_time": "25 h"}, "Cette heure n’existe pas"),
        ({"civil": "stopped", "eau": "stopped", "stopped_date": "24/11/2096"}, "Cette date est à venir. Vérifiez-la."),
        ({"data_concerned": "no", "leak_status": "confirmed"}, "ne peut pas être « Non »"),
        ({"type": "inconnue"}, "Sélectionnez un choix valide"),
        ({"description": "x" * 5001}, "5001 caractères"),
        ({"collectivite": "\x00", "body_asked": "zzq", "body": "zzq"}, "Rien ne répond"),
    ],
)
def test_what_is_wrong_is_named_and_nothing_typed_is_lost(client, responder, changes, words):
    sent = said(**{"supplier": "Exemple Informatique", "eau": "degraded"} | changes)
    page = client.post(URL, sent)
    assert page.status_code == 422
    assert words in text_of(page)
    text = html.unescape(page.content.decode())
    kept = ("body", "contact_phone", "supplier", "description", "occurred_date", "detected_time", "stopped_time")
    assert all(sent.get(name, "") in text for name in kept)
    assert '<option value="stopped" selected>' in text or '<option value="degraded" selected>' in text
    assert not Incident.objects.exists()


def test_all_that_is_missing_is_said_at_once(client, responder):
    page = client.post(URL, said(body="", contact_phone="", contact_email=""))
    shown = text_of(page)
    assert page.status_code == 422
    assert "Quelle collectivité appelle ?" in shown
    assert "Donnez un téléphone ou une adresse mail" in shown


def test_looking_for_a_body_loses_nothing_and_blames_nobody(client, responder):
    page = client.post(
        URL, {"chercher": "oui", "body": "Saint-Denis", "description": "Déjà dit.", "contact_phone": ""}
    )
    assert page.status_code == 200
    assert "Déjà dit." in text_of(page)
    assert "à corriger" not in text_of(page)
    assert page.content.decode().count('name="collectivite"') > 2


def test_a_chosen_body_and_its_services(client, responder):
    body = Collectivity.objects.get(insee_code="29232")
    page = client.post(URL, {"chercher": "oui", "body": "q", "body_asked": "q", "collectivite": str(body.uid)})
    assert 'id="id_civil"' in page.content.decode()
    assert 'id="id_lycees"' not in page.content.decode()
    assert "Quimper (Finistère)" in text_of(page)


def test_the_plain_search_needs_no_script(client, responder):
    assert "Plouexemple (Finistère)" in text_of(client.get(URL, {"q": "29999"}))


def test_the_case_of_another_centre_is_announced_first(client, responder):
    elsewhere = Csirt.objects.exclude(slug="breizh-cyber").filter(coverages__region__code="28").first()
    caen = {"body": "14118", "rappele": "oui"}
    asked = client.post(URL, said(**caen))
    assert asked.status_code == 200
    assert f"Enregistrer pour {elsewhere.name}" in text_of(asked)
    assert not Incident.objects.exists()
    assert client.post(URL, said(**caen, ailleurs="breizh-cyber")).status_code == 200
    assert not Incident.objects.exists()

    told = client.post(URL, said(**caen, ailleurs=elsewhere.slug))
    incident = Incident.objects.get()
    assert incident.csirt == elsewhere
    text = text_of(told)
    assert f"C’est {elsewhere.name} qui répond" in text
    assert elsewhere.contacts.get(kind="phone").value in text
    assert "Pas vérifiée." in text
    assert "Ouvrir le dossier" not in text
    assert incident.verification == Verification.UNVERIFIED
    assert client.get(f"/admin/incidents/incident/{incident.reference}/").status_code == 404


def test_a_kind_of_body_is_not_taken_for_a_commune(client, responder):
    asked = client.post(URL, said(body="hôpital de Brest"))
    assert asked.status_code == 422
    assert "Un hôpital n’est dans aucune liste" in text_of(asked)
    assert not Incident.objects.exists()


def test_where_no_centre_answers_the_way_out_is_said(client, responder):
    asked = client.post(URL, said(body="97611"))
    assert "Aucun centre connu ne répond" in text_of(asked)
    told = client.post(URL, said(body="97611", ailleurs="personne"))
    assert "Aucun centre régional connu ne répond" in text_of(told)
    assert Incident.objects.get().csirt is None


def test_a_ccas_overseas_without_centre(client, responder):
    seat = Collectivity.objects.with_territory().get(insee_code="97611")
    siren = made_up_siren(919_191)
    create_proposed_body(kind=Kind.CCAS, name="CCAS de Mamoudzou", siren=siren, seat=seat)
    client.post(URL, said(body=siren, ailleurs="personne"))
    incident = Incident.objects.get()
    assert (incident.csirt, incident.region.code) == (None, "06")


def test_the_moments_are_those_of_the_body(client, responder):
    uid = str(Collectivity.objects.get(insee_code="98818").uid)
    noumea = {
        "body": "Nouméa",
        "body_asked": "Nouméa",
        "collectivite": uid,
        "occurred_date": "24/11/2025",
        "occurred_time": "8:10",
    }
    asked = client.post(URL, said(**noumea))
    agreed = re.search(r'name="ailleurs" value="([^"]+)"', asked.content.decode())[1]
    client.post(URL, said(**noumea, ailleurs=agreed))
    assert Incident.objects.get().occurred_at.isoformat() == "2025-11-23T21:10:00+00:00"


@pytest.mark.parametrize("who", [an_agent, None])
def test_whoever_is_of_no_centre_finds_nothing(db, client, who):
    if who:
        client.force_login(who())
    assert client.get(URL).status_code == (404 if who else 302)
    assert client.post(URL, said()).status_code == (404 if who else 302)
    assert not IncidentEvent.objects.exists()


def test_a_lead_may_too_and_the_queue_leads_there(client, responder):
    client.force_login(a_lead())
    assert client.get(URL).status_code == 200
    assert f'href="{URL}"' in client.get("/admin/incidents/incident/").content.decode()


def test_hostile_words_stay_words(client, responder):
    typed = dict.fromkeys(["description", "supplier", "contact_name", "contact_role"], TRICK)
    pages = [
        client.post(URL, said(**typed, body=TRICK)),
        client.get(URL, {"q": TRICK}),
        client.post(URL, said(**typed)),
    ]
    incident = Incident.objects.get()
    pages.append(client.get(f"/admin/incidents/incident/{incident.reference}/"))
    for page in pages:
        harmless.answer(page)
    assert "{{ settings.SECRET_KEY }}" in pages[0].content.decode()


def test_it_costs_few_queries(client, responder):
    with CaptureQueriesContext(connection) as queries:
        client.post(URL, said(body="Saint-Denis"))
    assert len(queries) <= 10
    # Declaring, taking and noting write some twenty rows; the page adds its search, its route and its sheet.
    with CaptureQueriesContext(connection) as queries:
        client.post(URL, said(**{service.value: "stopped" for service in PublicService}))
    reads = [query["sql"] for query in queries if query["sql"].startswith("SELECT")]
    assert len(reads) <= 25, [sql[:90] for sql in reads]
