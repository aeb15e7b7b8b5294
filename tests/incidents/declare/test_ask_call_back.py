"""« Pas le temps : qu’on me rappelle »: one screen that is a declaration, and what the centre reads of it."""

import re
from datetime import timedelta

import pytest
import time_machine
from django.test import Client

from accounts.enums import Role
from config.pages.templatetags.tocsin import format_full_moment
from config.tasks import run_bounded_turns
from csirts.models import Coverage, Csirt
from csirts.routing import CASES_FOLLOW_AFTER
from incidents.enums import NoteKind, Origin
from incidents.models import Draft, Incident, Story
from incidents.reference import hyphenate
from incidents.services.declarant.access import derive_secret
from incidents.services.handling.notes import write_note
from incidents.services.handling.verify import verify_incident
from notifications.facts import describe_case_facts
from stats.counting.facts import load_facts
from tests.cast import a_person, a_responder, an_agent, breizh_cyber, bretagne, declare, plouexemple, signed_in
from tests.incidents.devices import open_by_link
from tests.incidents.express import NOW, PHONE, URL, declare_express, post_express
from tests.incidents.journeys import START, WHERE, begin, find_commune, make_address
from tests.incidents.triage_pages import case_url
from tests.reading import NBSP, read_field_errors, read_hidden_value, read_text

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("town")]

EXPRESS = "à rappeler : déclaration express"


@time_machine.travel(NOW, tick=False)
def test_an_express_declaration_takes_two_pages_and_gives_the_receipt(client):
    """The first page takes the search and a number, the second one which body it is."""
    for door in ("/", START):
        assert f'href="{URL}"' in client.get(door).content.decode()
    results = post_express(client, q="plouexemple")
    assert results.status_code == 200
    assert "Est-ce bien elle ?" in read_text(results)
    assert f'value="{plouexemple().uid}" checked' in results.content.decode()
    data = {"plume": read_hidden_value(results, "plume"), "contact_phone": PHONE, "quoi": "rancon", "q": "plouexemple"}
    data |= {"pour": read_hidden_value(results, "pour"), "rappel": "oui"}
    redirect = client.post(URL, data | {"collectivite": str(plouexemple().uid)})
    assert (redirect.status_code, redirect.url) == (303, "/declarer/envoyee/")
    incident = Incident.objects.get()
    assert (incident.type, incident.origin, incident.csirt.slug) == ("rancon", Origin.WEB, "breizh-cyber")
    assert incident.is_to_call_back
    assert incident.story.contact_phone == PHONE
    answer = client.get(redirect.url)
    page = read_text(answer)
    assert hyphenate(incident.reference) in page
    assert hyphenate(derive_secret(incident.accesses.get())) in page
    first = ("Vous serez rappelé au 02 99 00 00 00", "Par une personne de Breizh Cyber", "Si cela s’aggrave, appelez")
    assert [page.index(words) for words in first] == sorted(page.index(words) for words in first)
    assert (
        page.index("Si cela s’aggrave, appelez") < page.index("0 800 200 008") < page.index("Continuer la déclaration")
    )
    assert "Appelez maintenant" not in page
    assert page.count("02 99 00 00 00") == 1
    assert 'href="tel:0800200008"' in answer.content.decode()
    assert f'href="/suivi/{incident.reference}/completer/recit/?suite=oui"' in answer.content.decode()


def test_a_choice_among_several_bodies_is_sent_by_the_button_alone(client):
    """A wrong tap in the list is mended by another tap."""
    plouexemple(insee_code="29998", name="Plouexemple-Bihan", stem="plouexemplebihan")
    results = post_express(client, q="plouexemple")
    bodies = re.findall(r'type="radio" name="collectivite" value="([^"]*)"(?! checked)', results.content.decode())
    assert len(bodies) > 1
    assert 'class="choice" name="collectivite"' not in results.content.decode()
    none = post_express(client, q="plouexemple", pour="plouexemple", rappel="oui")
    assert none.status_code == 422
    assert "Choisissez votre collectivité dans la liste." in read_text(none)
    other_words = post_express(client, q="plouexemple-bihan", pour="plouexemple", rappel="oui", collectivite=bodies[0])
    assert other_words.status_code == 200
    assert not Incident.objects.exists()
    redirect = post_express(client, q="plouexemple", pour="plouexemple", rappel="oui", collectivite=bodies[1])
    assert redirect.url == "/declarer/envoyee/"
    assert str(Incident.objects.get().collectivity.uid) == bodies[1]


def test_the_receipt_of_a_centre_without_mail_asks_for_a_call(client):
    Csirt.objects.filter(slug="breizh-cyber").update(notification_email="")
    declare_express(client)
    page = read_text(client.get("/declarer/envoyee/"))
    assert "Vous serez rappelé" not in page
    assert page.index("Appelez maintenant") < page.index("Votre numéro est noté : 02 99 00 00 00")
    assert "rappel est demandé" not in page


@pytest.mark.parametrize(("mail", "title"), [(None, "Vous serez rappelé"), ("", "Vous avez demandé à être rappelé")])
def test_the_receipt_repeats_no_number_that_cannot_be_called(client, mail, title):
    declare_express(client)
    Story.objects.update(contact_phone="aucun", contact_email="mairie@plouexemple.example")
    if mail is not None:
        Csirt.objects.filter(slug="breizh-cyber").update(notification_email=mail)
    page = read_text(client.get("/declarer/envoyee/"))
    assert title in page
    assert "Donnez un numéro entier" in page
    assert "aucun " not in page.replace("aucun avis", "")


def test_the_screen_of_a_centre_without_mail_asks_for_a_call(client):
    Csirt.objects.filter(slug="breizh-cyber").update(notification_email="")
    page = read_text(post_express(client, q="Quimper 29000"))
    assert "Votre déclaration sera dans la liste de Breizh Cyber, mais aucun avis ne part" in page
    assert "voit aussitôt que vous attendez son appel" not in page


def test_the_confirmation_page_promises_one_call_with_its_target_and_the_spaced_number(client):
    with time_machine.travel(NOW, tick=False):
        incident = declare_express(client, contact_phone="0299000000")
        page = read_text(client.get("/declarer/envoyee/"))
    target = format_full_moment(incident.acknowledge_by)
    assert "Vous serez rappelé au 02 99 00 00 00" in page
    assert f"Par une personne de Breizh Cyber. Objectif : avant le {target}".replace(NBSP, " ") in page
    assert page.count("Objectif") == 1
    assert "peut vous rappeler" not in page
    assert "Son objectif" not in page


def test_questions_that_were_not_asked_stay_unanswered(client):
    incident = declare_express(client, quoi="inconnu")
    assert (incident.service_stopped, incident.data_concerned, incident.occurred_certainty) == ("", "", "")
    assert not incident.interruptions.exists()
    assert not incident.leaks.exists()
    case_facts = describe_case_facts(incident)
    assert [str(case_facts[name]) for name in ("services_answer", "data_answer", "no_moments")] == ["pas dit"] * 3
    fact = load_facts([incident.pk])[incident.pk]
    assert (fact.type, fact.interruption_services, fact.leak_statuses) == ("inconnu", [], [])
    assert (fact.cause, fact.discovery_delay) == ("", "unknown")


def test_topics_that_were_not_asked_are_not_shown_as_declared(client):
    incident = declare_express(client)
    topics = read_text(client.get(f"/suivi/{incident.reference}/completer/"))
    assert topics.count("Pas encore dit.") == 4
    assert topics.count("Déclaré par") == 1
    for section in ("moments", "services"):
        assert "Dernière version" not in read_text(client.get(f"/suivi/{incident.reference}/completer/{section}/"))
    assert "Dernière version" in read_text(client.get(f"/suivi/{incident.reference}/completer/rappel/"))


def test_the_follow_up_page_repeats_the_number_to_call_back_until_the_call(client):
    incident = declare_express(client, contact_phone="0299000000")
    page = client.get(f"/suivi/{incident.reference}/")
    assert "Vous avez demandé à être rappelé au 02 99 00 00 00" in read_text(page)
    assert f'href="/suivi/{incident.reference}/completer/rappel/"' in page.content.decode()
    Story.objects.filter(incident=incident).update(contact_phone="")
    assert "votre dossier n’a plus de numéro. Donnez-en un" in read_text(client.get(f"/suivi/{incident.reference}/"))
    verify_incident(reference=incident.reference, actor=a_responder())
    assert "être rappelé" not in read_text(client.get(f"/suivi/{incident.reference}/"))


def test_all_missing_fields_are_reported_together_and_typed_values_are_kept(client):
    refused = post_express(client, q="plouexemple", contact_phone="", quoi="")
    assert refused.status_code == 422
    assert "2 points à corriger" in read_text(refused)
    error = "Donnez un téléphone : sans lui, personne ne peut vous rappeler."
    assert [read_field_errors(page, "contact_phone") for page in (client.get(URL), refused)] == [[], [error]]
    assert "adresse mail" not in read_text(refused)
    assert 'value="plouexemple"' in refused.content.decode()
    assert not Draft.objects.exists()
    nothing = post_express(client)
    assert "Quelle collectivité est touchée" in read_text(nothing)
    assert f'value="{PHONE}"' in nothing.content.decode()
    unknown = post_express(client, q="Nullepartville")
    assert "Nous n’avons pas trouvé « Nullepartville »" in read_text(unknown)
    for number in ("02", "+33 2 98 12", "0298123456789", "06 12 34 56 78 90", "123456"):
        wrong = post_express(client, collectivite=str(plouexemple().uid), contact_phone=number)
        assert (wrong.status_code, Incident.objects.count()) == (422, 0)
    long = post_express(client, collectivite=str(plouexemple().uid), contact_phone="0" * 60)
    assert (long.status_code, Incident.objects.count()) == (422, 0)
    assert "0" * 60 in long.content.decode()


@pytest.mark.parametrize(
    ("q", "answers"),
    [
        ("hopital de brest", ["« hopital de brest » : voici qui vous répond", "CERT Santé", "L’ajouter à Brest"]),
        ("SARL Dupont", ["« SARL Dupont » : voici qui vous répond", "Entreprise"]),
        ("entreprise dupont", ["voici qui vous répond", "17cyber.gouv.fr"]),
        ("syndicat des eaux de brest", ["n’est pas dans la liste", "L’ajouter à Brest (Finistère)"]),
        ("zzzzqq", ["Essayez le code postal de la mairie.", "Pas une collectivité ? Voici qui appeler"]),
        ("99999", ["Essayez le nom de la collectivité."]),
    ],
)
def test_the_search_gives_the_results_of_the_second_screen(client, q, answers):
    page = post_express(client, q=q)
    for answer in answers:
        assert answer in read_text(page)
    assert ("Nous n’avons pas trouvé" in read_text(page)) is (q in {"zzzzqq", "99999"})
    assert f'value="{PHONE}"' in page.content.decode()


def test_nobody_is_promised_a_call_where_no_centre_answers(client):
    results = post_express(client, q="Mamoudzou 97600")
    page = read_text(results)
    assert page.index("Personne ne vous rappellera d’ici") < page.index("CERT-FR, +33 9 70 83 32 18")
    assert "Enregistrer ma déclaration" in page
    assert "Être rappelé" not in page
    body = str(find_commune("Mamoudzou").uid)
    unwarned = post_express(client, q="mamou", pour="mamou", rappel="oui", collectivite=body)
    assert "Personne ne vous rappellera d’ici" in read_text(unwarned)
    assert not Incident.objects.exists()
    redirect = post_express(client, collectivite=body, rappel="oui", averti=read_hidden_value(unwarned, "averti"))
    assert redirect.url == "/declarer/envoyee/"
    assert "Vous serez rappelé" not in read_text(client.get(redirect.url))


@pytest.mark.parametrize(("cookies", "status"), [({}, 400), ({"theme": "dark"}, 403)])
def test_typed_values_are_shown_again_when_the_cookies_are_gone(cookies, status):
    browser = Client(REMOTE_ADDR=make_address(), enforce_csrf_checks=True)
    data = {
        "contact_phone": PHONE,
        "quoi": "boite",
        "q": "plouexemple",
        "plume": read_hidden_value(browser.get(URL), "plume"),
    }
    browser.cookies.clear()
    browser.cookies.load(cookies)
    lost = browser.post(URL, data | {"csrfmiddlewaretoken": "x" * 64})
    page = lost.content.decode()
    assert lost.status_code == status
    assert "Cet envoi n’est pas parti" in read_text(lost)
    assert "vous n’avez encore rien écrit" not in read_text(lost)
    assert f'value="{PHONE}"' in page
    assert 'value="plouexemple"' in page
    assert 'value="boite" selected' in page
    assert not Draft.objects.exists()
    again = browser.post(URL, data | {"csrfmiddlewaretoken": read_hidden_value(lost, "csrfmiddlewaretoken")})
    assert "Est-ce bien elle ?" in read_text(again)


def test_adding_a_body_redirects_to_the_filled_screen(client):
    add = post_express(client, q="Syndicat des eaux de Brest", ajouter=f"syndicate {find_commune('Brest').uid}")
    assert add.url.startswith("/declarer/qui/nouvelle/?retour=rappel&nom=Syndicat")
    assert PHONE.replace(" ", "") not in add.url.replace("+", "")
    form = client.get(add.url)
    assert "Brest" in form.content.decode()
    fields = {"kind": "ccas", "name": "CCAS d’Exempleville", "no_siren": "oui", "town": "29232"}
    back = client.post("/declarer/qui/nouvelle/", fields | {"retour": read_hidden_value(form, "retour")})
    assert back.url.startswith(f"{URL}?collectivite=")
    page = client.get(back.url)
    assert f'value="{PHONE}"' in page.content.decode()
    assert 'value="rancon" selected' in page.content.decode()
    assert "CCAS d’Exempleville" in read_text(page)
    data = {"plume": read_hidden_value(page, "plume"), "contact_phone": PHONE, "quoi": "rancon", "rappel": "oui"}
    assert (
        client.post(URL, data | {"collectivite": read_hidden_value(page, "collectivite")}).url == "/declarer/envoyee/"
    )
    assert Incident.objects.get().collectivity.name == "CCAS d’Exempleville"


def test_a_screen_sent_twice_is_one_case(client):
    page = client.get(URL)
    data = {"contact_phone": PHONE, "quoi": "rancon", "collectivite": str(plouexemple().uid)}
    data["plume"] = read_hidden_value(page, "plume")
    assert [client.post(URL, data).url for _click in range(2)] == ["/declarer/envoyee/"] * 2
    other = client.post(URL, data | {"contact_phone": "02 99 00 00 01"})
    assert other.status_code == 409
    assert "02 99 00 00 01" in read_text(other)
    assert Incident.objects.count() == Draft.objects.count() == 1


def test_a_second_browser_gets_another_case(client):
    declare_express(client)
    declare_express(Client(REMOTE_ADDR=make_address()))
    assert Incident.objects.count() == 2


def test_a_form_that_was_already_sent_redirects_to_the_confirmation_page(client):
    declare_express(client)
    assert client.get(URL).url == "/declarer/envoyee/"


def test_the_express_screen_takes_over_the_draft(client):
    begin(client, quoi="boite")
    client.post(WHERE["services"], {"service_stopped": "yes", "service": ["civil"]})
    page = client.get(URL)
    assert 'value="boite" selected' in page.content.decode()
    assert "Plouexemple (Finistère)" in read_text(page)
    incident = declare_express(client, quoi="boite")
    assert (incident.type, incident.interruptions.get().service) == ("boite", "civil")
    assert Draft.objects.get().incident == incident


def test_a_mistake_on_another_screen_is_corrected_there(client):
    begin(client)
    client.post(
        WHERE["services"], {"service_stopped": "yes", "service": ["civil"], "civil-started_date": "32/13/2026"}
    )
    response = post_express(client, collectivite=str(plouexemple().uid))
    assert response.url == f"{WHERE['services']}?corriger=oui"
    assert PHONE in client.get(WHERE["rappel"]).content.decode()
    assert not Incident.objects.exists()


def test_a_suspected_bot_is_asked_to_press_one_more_button_and_loses_nothing(client):
    page = post_express(client, collectivite=str(plouexemple().uid), site_web="http://spam.example")
    assert "Encore un bouton" in read_text(page)
    assert not Incident.objects.exists()
    fields = dict(re.findall(r'type="hidden" name="(\w+)" value="([^"]*)"', page.content.decode()))
    fields.pop("csrfmiddlewaretoken", None)
    assert client.post(URL, fields).url == "/declarer/envoyee/"
    assert Incident.objects.get().story.contact_phone == PHONE


def test_a_browser_without_cookies_is_refused_and_keeps_the_number():
    browser = Client(REMOTE_ADDR=make_address())
    refusal = browser.post(URL, {"contact_phone": PHONE})
    assert refusal.status_code == 400
    assert f'value="{PHONE}"' in refusal.content.decode()


def test_a_member_declares_for_their_own_body(client):
    client.force_login(an_agent())
    assert "Plouexemple (Finistère)" in read_text(client.get(URL))
    incident = declare_express(client)
    assert (incident.origin, incident.is_verified, incident.is_to_call_back) == (Origin.ACCOUNT, True, True)


def test_the_code_on_the_wall_names_the_body(client):
    page = client.get(URL, {"collectivite": str(plouexemple().uid)})
    assert f'name="collectivite" value="{plouexemple().uid}"' in page.content.decode()
    other = post_express(client, collectivite=str(plouexemple().uid), chercher="autre")
    assert (other.status_code, 'id="q"' in other.content.decode()) == (200, True)
    assert f'value="{PHONE}"' in other.content.decode()


def test_the_link_to_the_call_form_keeps_the_body_that_the_code_on_the_wall_named(client):
    page = client.get(START, {"collectivite": str(plouexemple().uid)})
    assert f'href="{URL}?collectivite={plouexemple().uid}"' in page.content.decode()
    assert f'href="{URL}"' in client.get(START).content.decode()


def test_the_centre_reads_the_call_back_in_the_queue_the_case_and_the_mail(client):
    incident = declare_express(client)
    declare()
    client.force_login(a_responder())
    assert read_text(client.get("/admin/incidents/incident/")).count("à rappeler ·") == 1
    page = client.get(case_url(incident))
    assert EXPRESS in read_text(page)

    assert EXPRESS in read_text(client.get(f"/triage/{incident.reference}/"))
    assert describe_case_facts(incident)["is_to_call_back"]


@pytest.mark.parametrize("act", ["call", "verify"])
def test_a_call_back_is_due_until_somebody_has_spoken_with_the_declarant(client, act):
    incident, responder = declare_express(client), a_responder()
    note = {"reference": incident.reference, "actor": responder, "text": "Pas de réponse."}
    write_note(kind=NoteKind.CALL_OUT, key="a", spoke=False, **note)
    incident.refresh_from_db()
    assert incident.is_to_call_back
    if act == "call":
        write_note(kind=NoteKind.CALL_OUT, key="b", **note)
    else:
        verify_incident(reference=incident.reference, actor=responder)
    incident.refresh_from_db()
    assert not incident.is_to_call_back


def test_a_case_without_a_centre_moves_once_a_coverage_starts(client, time_machine):
    """It moves some minutes after the administrator gives the ground to a centre, and its page says so."""
    time_machine.move_to(NOW)
    centre = breizh_cyber()
    Coverage.objects.all().delete()
    body = str(plouexemple().uid)
    warned = post_express(client, collectivite=body)
    post_express(client, collectivite=body, averti=read_hidden_value(warned, "averti"))
    incident = Incident.objects.get()
    assert incident.csirt is None
    administrator = signed_in(Client(), a_person(Role.ADMINISTRATOR))
    ground = {"csirt": centre.pk, "region": bretagne().pk, "source": "essai"}
    assert administrator.post("/admin/csirts/coverage/add/", ground).status_code == 302

    run_bounded_turns()
    assert Incident.objects.get(pk=incident.pk).csirt is None
    time_machine.shift(CASES_FOLLOW_AFTER + timedelta(seconds=1))
    run_bounded_turns()

    assert Incident.objects.get(pk=incident.pk).csirt == centre
    assert "Breizh Cyber reçoit votre dossier" in read_text(
        open_by_link(incident).get(f"/suivi/{incident.reference}/")
    )
