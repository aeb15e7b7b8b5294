"""The journey of somebody without an account, from « que se passe-t-il ? » to the reference on the screen."""

import re
from datetime import UTC, datetime

import pytest
import time_machine
from django.urls import reverse

from config.pages.templatetags.tocsin import format_full_moment
from csirts.models import Contact, Csirt
from incidents.catalogues.reflex_sheets import REFLEXES
from incidents.declare.choices import CHOICE_GROUPS
from incidents.enums import IncidentType, Screen, Verification
from incidents.models import Draft, Incident
from incidents.reference import hyphenate
from incidents.services.declarant.access import derive_secret
from incidents.sharing import TYPES_WITH_OPEN_MAILBOX
from tests.cast import a_responder, an_agent, breizh_cyber, plouexemple
from tests.incidents.journeys import START, WHERE, begin, find_commune, post, search_bodies
from tests.reading import NBSP, read_text

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("town")]

NOW = datetime(2026, 11, 24, 9, 51, tzinfo=UTC)


def go(client, where, **fields):
    """Post a screen with these fields, and return where it leads."""
    response = client.post(where, fields)
    assert response.status_code == 303, read_text(response)
    return response.url


@time_machine.travel(NOW, tick=False)
def test_a_declaration_goes_from_the_first_screen_to_the_receipt(client):
    assert "Nos fichiers ne s’ouvrent plus" in read_text(client.get("/declarer/"))
    assert go(client, WHERE["quoi"], quoi="rancon") == WHERE["qui"] + "?suite=oui"
    who = client.get(WHERE["qui"], {"q": "plouexemple"})
    assert f'value="{plouexemple().uid}"' in who.content.decode()
    assert go(client, WHERE["qui"], collectivite=plouexemple().uid) == WHERE["services"]
    assert go(client, WHERE["services"], passer="oui") == WHERE["donnees"]
    assert go(client, WHERE["donnees"], data_concerned="unknown") == WHERE["rappel"]
    fields = {"description": "Tout est bloqué.", "contact_name": "Dominique Exemple"}
    assert go(client, WHERE["rappel"], contact_phone="02 99 00 00 00", **fields) == "/declarer/envoyee/"
    answer = client.get("/declarer/envoyee/")
    incident = Incident.objects.get()
    page = read_text(answer)
    assert answer.status_code == 200
    assert "Votre déclaration est transmise à Breizh Cyber" in page
    assert "Breizh Cyber peut vous appeler au 02 99 00 00 00 . Ce n’est pas le bon numéro ? Corrigez-le" in page
    assert f'href="/suivi/{incident.reference}/completer/rappel/"' in answer.content.decode()
    assert "mardi 24 novembre 2026 à 10 h 51, heure de Paris" in page
    assert hyphenate(incident.reference) in page
    assert hyphenate(derive_secret(incident.accesses.get())) in page
    assert 'href="tel:0800200008"' in answer.content.decode()
    assert "non vérifiée" in page
    assert "Débranchez, n’éteignez pas" in page
    assert incident.story.description == "Tout est bloqué."
    assert (incident.type, incident.origin, incident.verification) == ("rancon", "web", "unverified")


def test_every_declared_fact_is_stored(client):
    fields = {
        "occurred_date": "2026-11-23",
        "occurred_time": "22:30",
        "occurred_certainty": "exact",
        "detected_date": "24/11/2026",
        "attack_known_date": "2026-11-24",
        "attack_known_time": "8h10",
        "breach_known_certainty": "unknown",
        "service_stopped": "yes",
        "service": ["civil", "messagerie"],
        "civil-extent": "stopped",
        "civil-started_date": "2026-11-24",
        "civil-started_time": "08:10",
        "civil-ended_date": "2026-11-24",
        "civil-people": "1 200",
        "data_concerned": "yes",
        "leak_status": "claimed",
        "categories": ["etat_civil", "sante"],
        "persons_band": "51-300",
        "civil-workaround": "Registre papier.",
        "person_categories": ["employes", "mineurs"],
        "supplier": "Logiciels Exemple",
        "contact_email": "mairie@plouexemple.example",
    }
    with time_machine.travel(datetime(2026, 11, 24, 19, tzinfo=UTC)):
        assert post(client, fields).status_code == 200
    incident = Incident.objects.get()
    assert (incident.occurred_at, incident.occurred_certainty) == (datetime(2026, 11, 23, 21, 30, tzinfo=UTC), "exact")
    # A day without its hour: its first minute, in Paris. How well it is known was not said.
    assert incident.detected_at == datetime(2026, 11, 23, 23, 0, tzinfo=UTC)
    assert incident.detected_certainty == ""
    assert incident.attack_known_at == datetime(2026, 11, 24, 7, 10, tzinfo=UTC)
    assert (incident.breach_known_at, incident.breach_known_certainty) == (None, "unknown")
    civil, mail = incident.interruptions.order_by("id")
    assert (civil.service, civil.extent, civil.people_affected) == ("civil", "stopped", 1200)
    assert civil.started_at == civil.ended_at == datetime(2026, 11, 24, 7, 10, tzinfo=UTC)
    assert civil.workaround == "Registre papier."
    assert (mail.extent, mail.started_at, mail.ended_at) == ("", None, None)
    leak = incident.leaks.get()
    assert (leak.status, leak.categories, leak.persons_band) == ("claimed", ["etat_civil", "sante"], "51-300")
    assert leak.person_categories == ["employes", "mineurs"]
    assert incident.story.supplier == "Logiciels Exemple"


@pytest.mark.parametrize("kind", TYPES_WITH_OPEN_MAILBOX)
def test_the_field_says_that_no_code_goes_to_a_mailbox_in_doubt(client, kind):
    begin(client, quoi=kind.value)
    page = client.get(WHERE[Screen.CALLER]).content.decode()
    assert "le mail dira seulement qu’une déclaration existe et qui appeler" in page
    assert 'name="mail_without_code"' not in page
    assert "Donnez plutôt un téléphone, ou une autre messagerie" in page


@pytest.mark.parametrize(("kind", "is_read_by_others"), [("boite", True), ("rancon", False)])
def test_the_receipt_asks_for_a_telephone_if_there_is_only_a_mailbox(client, kind, is_read_by_others):
    fields = {"contact_phone": "", "contact_email": "mairie@plouexemple.example"}
    page = read_text(post(client, fields, quoi=kind))
    assert "Vous n’avez pas donné de téléphone, seulement l’adresse mairie@plouexemple.example" in page
    assert (
        "Quelqu’un d’autre la lit peut-être. Ajoutez un téléphone, ou une autre adresse" in page
    ) is is_read_by_others
    assert "peut vous appeler au" not in page


@pytest.mark.parametrize("phone", ["aucun", "02 98", "le standard est coupé"])
def test_the_receipt_promises_no_call_to_a_text_without_number(client, phone):
    page = read_text(
        post(client, {"contact_phone": phone, "contact_email": "mairie@plouexemple.example"}, quoi="saturation")
    )
    assert "Vous n’avez pas donné de numéro entier, seulement l’adresse mairie@plouexemple.example" in page
    assert "peut vous appeler au" not in page


def test_the_receipt_of_a_centre_that_gets_no_mail_repeats_the_number(client):
    Csirt.objects.update(notification_email="")
    page = read_text(post(client))
    assert "Vous avez donné le 02 99 00 00 00" in page
    assert "peut vous appeler au" not in page


def test_no_code_by_mail_may_be_chosen(client):
    begin(client)
    page = client.get(WHERE[Screen.CALLER]).content.decode()
    assert "Le lien et le code de votre dossier y arrivent." in page
    assert "Si cette messagerie est touchée, donnez une autre adresse ou cochez la case en dessous." in page
    assert "n’y envoyez ni lien ni code" in page

    post(client, {"contact_email": "mairie@plouexemple.example", "mail_without_code": "oui"})

    assert Incident.objects.get().mail_without_code


def test_a_code_goes_by_mail_unless_it_is_refused(client):
    post(client, {"contact_email": "mairie@plouexemple.example"})
    assert not Incident.objects.get().mail_without_code


def test_a_declarant_who_knows_nothing_can_declare(client):
    fields = {"service_stopped": "unknown", "data_concerned": "unknown"}
    assert post(client, fields, quoi="inconnu").status_code == 200
    incident = Incident.objects.get()
    assert (incident.type, incident.service_stopped, incident.data_concerned) == ("inconnu", "unknown", "unknown")
    assert not incident.interruptions.exists()
    assert not incident.leaks.exists()


def test_ticking_a_service_answers_yes_to_the_question_before_it(client):
    post(client, {"service": "civil"})
    assert Incident.objects.get().service_stopped == "yes"


@time_machine.travel(datetime(2026, 11, 24, 20, 0, tzinfo=UTC), tick=False)
def test_dates_are_those_of_the_place(client):
    """In Nouméa it is already the 25th; the 25th at 6 is not in the future there."""
    noumea = find_commune("Nouméa")
    begin(client, body=noumea)
    page = read_text(client.get(WHERE["rappel"]))
    assert "C’est l’heure de Nouméa." in page
    assert "mercredi 25 novembre 2026 à 7 h 00" in page
    post(client, {"occurred_date": "2026-11-25", "occurred_time": "06:00"}, body=noumea)
    assert Incident.objects.get().occurred_at == datetime(2026, 11, 24, 19, 0, tzinfo=UTC)


def test_the_receipt_of_a_centre_without_telephone_gives_a_number_that_answers(client):
    Contact.objects.filter(csirt__slug="cyber-corsica", kind="phone").delete()
    page = read_text(post(client, body=find_commune("Ajaccio")))
    assert "Votre déclaration est enregistrée. Appelez le CERT-FR" in page
    assert "c’est vous qui le prévenez, par son site" in page
    order = (
        "Appelez maintenant le CERT-FR +33 9 70 83 32 18",
        "Le CSIRT CyberCorsica n’a pas publié",
        "cyber.corsica",
    )
    places = [page.index(words) for words in order]
    assert places == sorted(places)
    assert "Donnez votre référence" not in page


def test_the_receipt_puts_number_and_code_first(client):
    with time_machine.travel(NOW, tick=False):
        page = read_text(post(client))
    secret = hyphenate(derive_secret(Incident.objects.get().accesses.get()))
    first = [page.index(words) for words in ("0 800 200 008", "Donnez votre référence", secret, "La suite")]
    assert first == sorted(first)
    assert page.index(secret) < page.index("Débranchez")
    assert "faites une capture d’écran, ou notez le code sur papier" in page
    assert "votre déclaration est dans la liste de Breizh Cyber" in page
    by = format_full_moment(Incident.objects.get().acknowledge_by).replace(NBSP, " ")
    assert f"Son objectif : s’en occuper avant le {by}, ou dès sa réouverture s’il est fermé." in page
    assert "0 800 200 008 Fermé, ou pas de réponse ? CERT-FR, +33 9 70 83 32 18 (à toute heure" in page
    note = "presse, à confirmer ; hors de ces heures, le centre national prend le relais"
    assert f"Horaires de Breizh Cyber : lun.–jeu. 9 h–17 h 30, ven. 9 h–17 h ({note})." in page
    assert page.count("Fermé, ou pas de réponse") == 1
    assert "source" not in page[: page.index("Débranchez")].lower(), "the directory says who published what"


@pytest.mark.parametrize("button", [{}, {"passer": "oui"}])
def test_the_answer_yes_is_stored_even_if_no_service_is_named(client, button):
    """Nobody must say which service is stopped, but everybody reads that one is."""
    begin(client)
    assert go(client, WHERE["services"], service_stopped="yes", **button) == WHERE["donnees"]
    go(client, WHERE["donnees"], data_concerned="unknown")
    assert "Oui, lesquels : pas dit" in read_text(client.get(WHERE["rappel"]))
    go(client, WHERE["rappel"], contact_phone="02 99 00 00 00")
    incident = Incident.objects.get()
    assert incident.service_stopped == "yes"
    followed = read_text(client.get(f"/suivi/{incident.reference}/"))
    assert "Des services sont arrêtés ou ralentis. Lesquels : pas dit." in followed
    client.force_login(a_responder())
    assert "oui, non précisés" in read_text(
        client.get(reverse("admin:incidents_incident_change", args=[incident.reference]))
    )


def test_a_message_is_signed_with_the_name_of_the_declaration(client):
    post(client, {"contact_name": "Dominique Exemple"})
    incident = Incident.objects.get()
    where = f"/suivi/{incident.reference}/"
    page = client.get(where).content.decode()
    assert 'value="Dominique Exemple"' in page
    client.post(where + "message/", {"text": "Rien de neuf.", "author": "Dominique Exemple", "key": "k"})
    content = read_text(client.get(where))
    assert re.search(r"Dominique Exemple Envoyé le \w+ \d", content)
    client.post(where + "message/", {"text": "Sans nom.", "author": "", "key": "l"})
    assert "Sans signature" in read_text(client.get(where))
    assert "effacée" not in read_text(client.get(where))


def test_the_receipt_marks_a_number_taken_from_the_press(client):
    page = read_text(post(client, body=find_commune("Ajaccio")))
    assert "04 20 97 00 97 Presse, à confirmer" in page
    assert "Donnez votre référence" in page


def test_the_receipt_says_that_no_centre_covers_the_place(client):
    page = read_text(post(client, body=find_commune("Mamoudzou")))
    assert "Votre déclaration est enregistrée" in page
    assert "Personne n’est prévenu à votre place" in page
    assert "non vérifiée : sans centre pour votre territoire, personne ne vous rappellera." in page
    assert "tant qu’un centre" not in page
    assert "Aucun centre ne couvre votre territoire. Demandez de l’aide ici : CERT-FR, +33 9 70 83 32 18" in page
    assert re.search(r"17cyber.gouv.fr ?\. Horaires : tchat ouvert à toute heure", page)
    assert "Donnez votre référence" not in page
    assert "ppelez" not in page
    assert Incident.objects.get().csirt is None


def test_the_last_screen_promises_no_call_where_no_centre_answers(client):
    begin(client, body=find_commune("Mamoudzou"))
    last = read_text(client.get(WHERE["rappel"]))
    assert "Le centre vous rappelle" not in last
    assert "personne n’est prévenu à votre place" in last
    begin(client)
    assert "Le centre vous rappelle aussi" in read_text(client.get(WHERE["rappel"]))


def test_the_receipt_asks_to_call_a_centre_without_channel(client):
    breizh_cyber(notification_email="")
    page = read_text(post(client))
    assert "c’est votre appel qui le prévient" in page
    assert "transmise à" not in page


def test_an_agent_declares_for_its_own_body(client):
    agent = an_agent()
    client.force_login(agent)
    assert "D’après votre compte" in read_text(search_bodies(client))
    page = read_text(post(client))
    incident = Incident.objects.get()
    assert (incident.origin, incident.verification) == ("account", Verification.MEMBER)
    assert incident.events.get().actor == agent
    assert "votre déclaration est vérifiée" in page
    assert client.get(f"/suivi/{incident.reference}/").status_code == 200


def test_an_agent_declares_for_another_body_as_anybody(client):
    client.force_login(an_agent())
    post(client, body=find_commune("Ajaccio"))
    incident = Incident.objects.get()
    assert (incident.origin, incident.verification) == ("web", "unverified")
    assert incident.events.get().actor is None


def test_a_declarant_outside_collectivites_learns_at_once_whom_to_call(client):
    page = read_text(client.get(START)).replace(" ,", ",").replace(" :", " :")
    assert "Une vie est en danger ? Appelez le 112" in page
    assert "Vous n’êtes pas une collectivité ?" in page
    for way in (
        "Entreprise : 17Cyber, 17cyber.gouv.fr",
        "santé : CERT Santé, cyberveille",
        "État : CERT-FR, +33 9 70",
    ):
        assert way in page


def test_a_former_commune_is_offered_under_its_name(client):
    assert "Arbignieu, aujourd’hui dans Arboys en Bugey (Ain)" in read_text(search_bodies(client, q="arbignieu"))


def test_a_single_match_still_asks_for_confirmation(client):
    page = read_text(search_bodies(client, q="plouexemple"))
    assert "Est-ce bien elle ?" in page
    assert "Plouexemple (Finistère) commune, 4 210 habitants, Bretagne" in page


def test_no_match_says_what_to_do(client):
    page = read_text(search_bodies(client, q="zzqxkjw"))
    assert "Nous n’avons pas trouvé « zzqxkjw »" in page
    assert "17cyber.gouv.fr" in page


def test_each_type_has_its_card_and_its_reflexes():
    cards = [choice.type for group in CHOICE_GROUPS for choice in group.choices]
    assert sorted([*cards, IncidentType.UNKNOWN]) == sorted(IncidentType)
    assert set(REFLEXES) == set(IncidentType)
    for reflexes in REFLEXES.values():
        assert len(str(reflexes.words).replace("?", "").split()) <= 7
        assert reflexes.source


def test_an_old_link_to_a_merged_commune_opens_the_one_that_took_it_in(db, client):
    breizh_cyber()
    new = plouexemple()
    old = plouexemple(insee_code="29998", name="Plouancien", vanished_on="2026-01-01", merged_into=new)
    gone = plouexemple(insee_code="29997", name="Plouparti", vanished_on="2026-01-01")

    search_bodies(client)
    lost = client.post(WHERE["qui"], {"collectivite": gone.uid})
    chosen = client.post(WHERE["qui"], {"collectivite": old.uid})

    assert lost.status_code == 400
    assert chosen.url == WHERE["services"]
    assert Draft.objects.get().collectivity == new


def test_the_number_of_the_centre_is_shown_once_the_body_is_known(db, client):
    """The code of the card on the wall gives the body before anything is answered."""
    breizh_cyber()
    town = plouexemple()
    assert "Trouver le numéro" in read_text(client.get(START))
    first = client.get(START, {"collectivite": town.uid})
    assert "0 800 200 008 Breizh Cyber" in read_text(first)
    following = client.post(START, {"quoi": "rancon", "collectivite": town.uid}, follow=True)
    assert "0 800 200 008 Breizh Cyber Débranchez, n’éteignez pas, ne payez pas." in read_text(following)


@pytest.mark.parametrize("where", ["/annuaire/", "/secours/", WHERE["qui"]])
def test_an_empty_search_asks_for_a_name_or_a_postcode(client, where):
    begin(client)
    page = client.get(where, {"q": " "})
    assert "Écrivez d’abord un nom ou un code postal" in read_text(page)
    assert 'aria-invalid="true"' in page.content.decode()


def test_the_story_asks_for_no_password(client):
    begin(client)
    assert "N’écrivez aucun mot de passe ici." in read_text(client.get(WHERE["rappel"]))
