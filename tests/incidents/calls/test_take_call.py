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
from csirts.models import Contact, Csirt
from incidents.enums import EventKind, Origin, PublicService, Verification
from incidents.models import Incident, IncidentEvent, Story
from incidents.reference import compact_code
from incidents.services.declarant.access import find_access
from incidents.services.handling.close import close_incident
from tests import harmless
from tests.cast import a_lead, a_responder, an_agent, declare, plouexemple
from tests.factories.collectivities import make_fake_siren
from tests.hostile import TRICK
from tests.reading import read_markup, read_text

pytestmark = pytest.mark.usefixtures("town")
URL = "/triage/saisir/"
KEY = "k" * 43


def build_call_fields(**changes):
    fields = {"cle": KEY, "body": "29999", "type": "rancon", "contact_phone": "02 99 00 00 00"}
    return {name: value for name, value in (fields | changes).items() if value is not None}


def test_a_responder_declares_a_case_from_a_call(client, responder):
    assert client.get(URL).status_code == 200
    page = client.post(
        URL,
        build_call_fields(
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
    stopped = {
        interruption.service: (interruption.extent, interruption.started_at.isoformat())
        for interruption in incident.interruptions.all()
    }
    assert stopped == {
        "civil": ("stopped", "2025-11-24T07:10:00+00:00"),
        "eau": ("degraded", "2025-11-24T07:10:00+00:00"),
    }
    leak = incident.leaks.get()
    assert (leak.status, leak.categories, leak.person_categories) == ("suspected", ["nir"], ["mineurs"])
    assert (leak.persons_band, incident.occurred_certainty) == ("51-300", "approximate")
    assert incident.story.description == "Tout est chiffré."
    text = read_markup(page)
    signs = re.findall(r'<li><span class="hash">(\w{4})</span>', page.content.decode())
    assert "".join(signs[:2]) == incident.reference
    assert find_access(compact_code("".join(signs[2:]))).incident == incident
    assert "Débranchez" in text
    assert "no-store" in page.headers["Cache-Control"]


def test_a_service_that_was_not_asked_about_is_recorded_as_unknown(client, responder):
    form = LexborHTMLParser(client.get(URL).content.decode())
    services = form.css("#services-liste select")
    assert {select.css_first("option").text() for select in services} == {"pas demandé"}
    assert not form.css("#services-liste option[selected]")
    page = client.post(URL, build_call_fields(body="", civil="works"))
    assert 'value="works" selected>marche<' in page.content.decode()
    client.post(URL, build_call_fields(civil="works", eau=""))
    incident = Incident.objects.get()
    assert (incident.service_stopped, incident.interruptions.count()) == ("", 0)


def test_the_caller_may_choose_mails_without_the_code(client, responder):
    client.post(URL, build_call_fields(contact_email="mairie@plouexemple.example", mail_without_code="oui"))
    assert Incident.objects.get().mail_without_code


def test_the_groups_of_the_code_are_spelled_out(client, responder):
    page = read_markup(client.post(URL, build_call_fields()))
    for group in re.findall(r'<span class="hash">(\w{4})</span>', page):
        assert re.search(rf"{group}</span> <small>[^<]*, [^<]*, [^<]*, [^<]*</small>", page)


def test_a_form_sent_twice_makes_one_case(client, responder):
    first, second = client.post(URL, build_call_fields()), client.post(URL, build_call_fields())
    assert Incident.objects.count() == 1
    assert first.context["reference"] == second.context["reference"]


def test_a_form_sent_again_with_other_words_conflicts_and_keeps_them(client, responder):
    client.post(URL, build_call_fields())
    page = client.post(URL, build_call_fields(description="Autre chose."))
    assert page.status_code == 409
    assert "Autre chose." in read_markup(page)
    assert Incident.objects.count() == 1
    key = re.search(r'name="cle" value="([^"]+)"', page.content.decode())[1]
    reference = Incident.objects.get().reference
    assert client.post(URL, build_call_fields(description="Autre chose.", cle=key, vus=reference)).status_code == 200
    assert Incident.objects.count() == 2


def test_the_form_key_of_another_person_does_not_lead_to_their_case(client, responder):
    client.post(URL, build_call_fields())
    client.force_login(a_responder())
    client.post(URL, build_call_fields(vus=Incident.objects.get().reference))
    assert Incident.objects.count() == 2


def test_a_case_declared_on_a_call_back_is_verified_at_once(client, responder):
    client.post(URL, build_call_fields(rappele="oui"))
    client.post(URL, build_call_fields(rappele="oui"))
    incident = Incident.objects.get()
    assert (incident.verification, incident.notes.count()) == (Verification.CALL_BACK, 2)
    kinds = [EventKind.DECLARED, EventKind.ACKNOWLEDGED, EventKind.NOTED, EventKind.NOTED, EventKind.VERIFIED]
    assert [event.kind for event in incident.events.order_by("id")] == kinds


def test_the_responder_who_took_the_call_has_the_case_and_has_answered(client, responder):
    client.post(URL, build_call_fields())
    client.post(URL, build_call_fields())
    incident = Incident.objects.get()
    assert (incident.status, incident.acknowledged_by, incident.assignee) == ("acknowledged", responder, responder)
    assert (incident.answer_by, incident.answered_at) == (None, incident.notes.get().written_at)
    assert (incident.notes.get().kind, incident.notes.get().author) == ("call_in", responder)
    assert incident.due_for == "review"


def test_open_cases_of_the_body_or_the_number_are_shown_before_saving(client, responder):
    village = plouexemple(insee_code="29998", name="Saint-Exemple", stem="saintexemple")
    of_body, of_number, closed = declare(), declare(collectivity=village), declare()
    Story.objects.filter(incident=of_body).update(contact_phone="02 98 11 11 11")
    Story.objects.filter(incident=of_number).update(contact_phone="+33 (0)2.99.00.00.00")
    close_incident(reference=closed.reference, reason="not_an_incident", actor=responder)

    for fields in (build_call_fields(), build_call_fields(chercher="oui")):
        page = client.post(URL, fields)
        assert page.status_code == 200
        assert {case for case, _term in page.context["open_cases"]} == {of_body, of_number}
        assert "2 dossiers sont déjà ouverts" in read_markup(page)
        assert "Enregistrer un autre dossier" in read_markup(page)
        assert 'value="02 99 00 00 00"' in read_markup(page), "nothing that was typed is lost"
        assert Incident.objects.count() == 3

    references = re.search(r'name="vus" value="([^"]+)"', page.content.decode())[1]
    client.post(URL, build_call_fields(vus=of_body.reference))
    assert Incident.objects.count() == 3, "one of the two was not seen"
    assert client.post(URL, build_call_fields(vus=references)).context["reference"]
    assert Incident.objects.count() == 4


def test_open_cases_of_another_centre_are_not_shown(client, responder):
    case = declare()
    Incident.objects.filter(pk=case.pk).update(csirt=Csirt.objects.exclude(slug="breizh-cyber").first())
    assert client.post(URL, build_call_fields()).context["reference"]


def test_a_case_of_an_unconfirmed_body_is_not_verified_by_the_call(client, responder):
    siren = make_fake_siren(818_181)
    create_proposed_body(kind=Kind.SDIS, name="SDIS d’Exemple", siren=siren, seat=plouexemple())
    page = client.post(URL, build_call_fields(body=siren, rappele="oui"))
    assert "Confirmez d’abord la collectivité" in read_markup(page)
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
        ({"occurred_date": "hier"}, "Écrivez le jour, le mois et l’année : 24/11/2026."),
        ({"occurred_date": "31/02"}, "Ce jour n’existe pas."),
        ({"detected_date": "24/11/2096"}, "Cette date est à venir. Vérifiez-la."),
        ({"detected_time": "8 h"}, "Donnez aussi le jour"),
        ({"stopped_time": "25 h"}, "Cette heure n’existe pas"),
        ({"civil": "stopped", "eau": "stopped", "stopped_date": "24/11/2096"}, "Cette date est à venir. Vérifiez-la."),
        ({"data_concerned": "no", "leak_status": "confirmed"}, "ne peut pas être « Non »"),
        ({"service_stopped": "no", "civil": "stopped", "eau": ""}, "la réponse doit être « Oui »"),
        ({"type": "inconnue"}, "Sélectionnez un choix valide"),
        ({"description": "x" * 5001}, "5001 caractères"),
        ({"collectivite": "\x00", "body_asked": "zzq", "body": "zzq"}, "Rien ne répond"),
    ],
)
def test_each_error_is_shown_and_nothing_typed_is_lost(client, responder, changes, words):
    fields = build_call_fields(**{"supplier": "Exemple Informatique", "eau": "degraded"} | changes)
    page = client.post(URL, fields)
    assert page.status_code == 422
    assert words in read_markup(page)
    text = html.unescape(page.content.decode())
    names = ("body", "contact_phone", "supplier", "description", "occurred_date", "detected_time", "stopped_time")
    assert all(fields.get(name, "") in text for name in names)
    assert '<option value="stopped" selected>' in text or '<option value="degraded" selected>' in text
    assert not Incident.objects.exists()


def test_a_form_with_an_error_still_warns_before_it_is_saved(client, responder):
    """Of the centre that answers for the body, and of the open cases of the caller. The error has the focus."""
    elsewhere = Csirt.objects.exclude(slug="breizh-cyber").filter(coverages__region__code="28").first()
    of_number = declare()
    page = client.post(URL, build_call_fields(body="14118", occurred_date="hier"))
    assert page.status_code == 422
    assert f'name="ailleurs" value="{elsewhere.slug}"' in read_markup(page)
    assert f"Enregistrer pour {elsewhere.name}" in read_markup(page)
    assert f'name="vus" value="{of_number.reference} "' in read_markup(page)
    assert len(LexborHTMLParser(page.content.decode()).css("[autofocus]")) == 1


def test_all_missing_fields_are_listed_at_once(client, responder):
    page = client.post(URL, build_call_fields(body="", contact_phone="", contact_email=""))
    page_text = read_markup(page)
    assert page.status_code == 422
    assert "Quelle collectivité appelle ?" in page_text
    assert "Donnez un téléphone ou une adresse mail" in page_text


def test_searching_a_body_keeps_the_form_and_shows_no_error(client, responder):
    page = client.post(
        URL, {"chercher": "oui", "body": "Saint-Denis", "description": "Déjà dit.", "contact_phone": ""}
    )
    assert page.status_code == 200
    assert "Déjà dit." in read_markup(page)
    assert "à corriger" not in read_markup(page)
    assert page.content.decode().count('name="collectivite"') > 2


def test_a_chosen_body_lists_its_own_services(client, responder):
    body = Collectivity.objects.get(insee_code="29232")
    page = client.post(URL, {"chercher": "oui", "body": "q", "body_asked": "q", "collectivite": str(body.uid)})
    assert 'id="id_civil"' in page.content.decode()
    assert 'id="id_lycees"' not in page.content.decode()
    assert "Quimper (Finistère)" in read_markup(page)


def test_the_warnings_alone_are_given_once_the_body_is_chosen(client, responder):
    """The script of the page asks for them, with the body and the number: nothing is saved, nothing else is shown."""
    elsewhere = Csirt.objects.exclude(slug="breizh-cyber").filter(coverages__region__code="28").first()
    of_body, foreign = declare(), declare(collectivity=Collectivity.objects.get(insee_code="14118"))
    chosen = {"body": "Plouexemple", "body_asked": "Plouexemple", "collectivite": plouexemple().uid}

    own_warnings = read_markup(client.post(URL, chosen | {"prevenir": "oui", "contact_phone": ""}))
    assert "Un dossier est déjà ouvert" in own_warnings
    assert f'name="vus" value="{of_body.reference} "' in own_warnings
    assert 'data-save="' in own_warnings
    assert "Enregistrer un autre dossier" in own_warnings
    assert "<form" not in own_warnings

    caen = {"body": "Caen", "body_asked": "Caen", "collectivite": foreign.collectivity.uid, "prevenir": "oui"}
    other_warnings = read_markup(client.post(URL, caen))
    assert f"Enregistrer pour {elsewhere.name}" in other_warnings
    assert f'name="ailleurs" value="{elsewhere.slug}"' in other_warnings
    assert "déjà ouvert" not in other_warnings, "the open cases of another centre are its own"
    assert foreign.reference not in other_warnings
    assert "<section" not in read_markup(client.post(URL, {"body": "Nulle part", "prevenir": "oui"}))
    assert Incident.objects.count() == 2

    client.force_login(an_agent())
    assert client.post(URL, caen).status_code == 404


def test_a_body_is_found_without_a_script(client, responder):
    assert "Plouexemple (Finistère)" in read_markup(client.get(URL, {"q": "29999"}))


def test_a_case_of_another_centre_must_be_confirmed(client, responder):
    elsewhere = Csirt.objects.exclude(slug="breizh-cyber").filter(coverages__region__code="28").first()
    caen = {"body": "14118", "rappele": "oui"}
    confirm_page = client.post(URL, build_call_fields(**caen))
    assert confirm_page.status_code == 200
    assert f"Enregistrer pour {elsewhere.name}" in read_markup(confirm_page)
    assert not Incident.objects.exists()
    assert client.post(URL, build_call_fields(**caen, ailleurs="breizh-cyber")).status_code == 200
    assert not Incident.objects.exists()

    page = client.post(URL, build_call_fields(**caen, ailleurs=elsewhere.slug))
    incident = Incident.objects.get()
    assert incident.csirt == elsewhere
    text = read_markup(page)
    assert f"C’est {elsewhere.name} qui répond" in text
    assert elsewhere.contacts.get(kind="phone").value in text
    assert "Pas vérifiée." in text
    assert "Ouvrir le dossier" not in text
    assert incident.verification == Verification.UNVERIFIED
    assert client.get(f"/admin/incidents/incident/{incident.reference}/").status_code == 404


def test_another_centre_without_a_telephone_is_given_with_its_site(client, responder):
    elsewhere = Csirt.objects.exclude(slug="breizh-cyber").filter(coverages__region__code="28").first()
    elsewhere.contacts.filter(kind="phone").delete()
    Contact.objects.update_or_create(csirt=elsewhere, kind="website", defaults={"value": "https://garde.example/"})
    page = client.post(URL, build_call_fields(body="14118", ailleurs=elsewhere.slug))
    assert "n’a pas publié de téléphone. Son site : garde.example" in read_text(page)


def test_a_kind_of_body_is_not_taken_for_a_commune(client, responder):
    page = client.post(URL, build_call_fields(body="hôpital de Brest"))
    assert page.status_code == 422
    assert "Un hôpital n’est dans aucune liste" in read_markup(page)
    assert not Incident.objects.exists()


def test_a_case_without_a_centre_must_be_confirmed_and_says_whom_to_call(client, responder):
    confirm_page = client.post(URL, build_call_fields(body="97611"))
    assert "Aucun centre connu ne répond" in read_markup(confirm_page)
    page = client.post(URL, build_call_fields(body="97611", ailleurs="personne"))
    assert "Aucun centre régional connu ne répond" in read_markup(page)
    assert Incident.objects.get().csirt is None


def test_a_case_of_an_overseas_ccas_has_a_region_but_no_centre(client, responder):
    seat = Collectivity.objects.with_territory().get(insee_code="97611")
    siren = make_fake_siren(919_191)
    create_proposed_body(kind=Kind.CCAS, name="CCAS de Mamoudzou", siren=siren, seat=seat)
    client.post(URL, build_call_fields(body=siren, ailleurs="personne"))
    incident = Incident.objects.get()
    assert (incident.csirt, incident.region.code) == (None, "06")


def test_times_are_read_in_the_time_zone_of_the_body(client, responder):
    uid = str(Collectivity.objects.get(insee_code="98818").uid)
    noumea = {
        "body": "Nouméa",
        "body_asked": "Nouméa",
        "collectivite": uid,
        "occurred_date": "24/11/2025",
        "occurred_time": "8:10",
    }
    confirm_page = client.post(URL, build_call_fields(**noumea))
    centre = re.search(r'name="ailleurs" value="([^"]+)"', confirm_page.content.decode())[1]
    client.post(URL, build_call_fields(**noumea, ailleurs=centre))
    assert Incident.objects.get().occurred_at.isoformat() == "2025-11-23T21:10:00+00:00"


@pytest.mark.parametrize("who", [an_agent, None])
def test_only_people_of_a_centre_may_take_a_call(db, client, who):
    if who:
        client.force_login(who())
    assert client.get(URL).status_code == (404 if who else 302)
    assert client.post(URL, build_call_fields()).status_code == (404 if who else 302)
    assert not IncidentEvent.objects.exists()


def test_a_lead_may_take_a_call_from_the_queue(client, responder):
    client.force_login(a_lead())
    assert client.get(URL).status_code == 200
    assert f'href="{URL}"' in client.get("/admin/incidents/incident/").content.decode()


def test_hostile_text_of_a_call_is_escaped(client, responder):
    hostile_fields = dict.fromkeys(["description", "supplier", "contact_name", "contact_role"], TRICK)
    pages = [
        client.post(URL, build_call_fields(**hostile_fields, body=TRICK)),
        client.get(URL, {"q": TRICK}),
        client.post(URL, build_call_fields(**hostile_fields)),
    ]
    incident = Incident.objects.get()
    pages.append(client.get(f"/admin/incidents/incident/{incident.reference}/"))
    for page in pages:
        harmless.check_response(page)
    assert "{{ settings.SECRET_KEY }}" in pages[0].content.decode()


def test_taking_a_call_costs_few_queries(client, responder):
    with CaptureQueriesContext(connection) as queries:
        client.post(URL, build_call_fields(body="Saint-Denis"))
    assert len(queries) <= 10
    # Only reads are counted: those of declaring, taking and noting, then of the search, the route and the sheet.
    with CaptureQueriesContext(connection) as queries:
        client.post(URL, build_call_fields(**{service.value: "stopped" for service in PublicService}))
    reads = [query["sql"] for query in queries if query["sql"].startswith("SELECT")]
    assert len(reads) <= 25, [sql[:90] for sql in reads]
