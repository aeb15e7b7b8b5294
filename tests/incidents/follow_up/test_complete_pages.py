"""The pages that complete a case: by the link, by a colleague, twice, together, too late, and with hostile words."""

import re

import pytest
import time_machine
from django.conf import settings

from incidents.enums import EventKind, IncidentType
from incidents.models import AnswerSheet, Incident, IncidentEvent
from incidents.questions.catalogue import SNAPSHOTS, get_current_version
from incidents.reference import hyphenate
from incidents.services.declarant.access import rotate_access_by_responder
from incidents.services.handling.close import close_incident
from tests import harmless
from tests.cast import a_responder, an_agent, breizh_cyber, declare, plouexemple
from tests.hostile import ADDRESSES, FORMULAS, INVISIBLE, MARKUP, TEMPLATES
from tests.incidents.completing_pages import NOW, open_by_link, post, url
from tests.reading import read_hidden_value, read_markup, read_text

pytestmark = pytest.mark.django_db
HOSTILE = [MARKUP[0], MARKUP[1], FORMULAS[0], ADDRESSES[0], *INVISIBLE[:1], INVISIBLE[3], TEMPLATES[0]]


@time_machine.travel(NOW, tick=False)
def test_a_section_is_filled_saved_and_read_again(client, opened_case):
    listed = read_text(client.get(url(opened_case)))
    assert "À compléter 7 questions" in listed
    assert "Déclaré par Dominique Exemple, le mardi 24 novembre 2026" in listed

    saved = post(client, opened_case, "precisions", {"q-note_vue": "oui", "q-extension": ".abcd", "q-autre-nsp": "on"})

    assert (saved.status_code, saved["Location"]) == (302, url(opened_case) + "?fait=precisions")
    confirmation = read_text(client.get(saved["Location"]))
    assert "C’est enregistré : Des précisions sur ce qui arrive. Par Dominique, accueil, le" in confirmation
    assert "Commencé 3 réponses sur" in confirmation
    assert AnswerSheet.objects.get(section="precisions").values == {
        "note_vue": "oui",
        "extension": ".abcd",
        "autre": None,
    }
    again = client.get(url(opened_case, "precisions")).content.decode()
    assert 'value=".abcd"' in again
    assert "Vous écrivez comme" in again
    assert re.search(r'value="oui" checked', again)
    assert re.search(r'id="id_q-autre-nsp" checked', again)


def test_the_title_of_the_list_names_the_case(client, opened_case):
    title = re.search(r"<title>(.*?)</title>", read_markup(client.get(url(opened_case))))[1]
    assert f"{hyphenate(opened_case.reference)} : ce qui aiderait encore" in title


@time_machine.travel(NOW, tick=False)
def test_the_case_counts_one_open_section_in_the_singular(client, opened_case):
    case = f"/suivi/{opened_case.reference}/"
    post(client, opened_case, "precisions", {"q-extension": ".abcd"})
    post(client, opened_case, "machines", {"q-postes-nsp": "on"})
    post(client, opened_case, "demarches", {"q-cnil_quand-nsp": "on"})
    assert "Compléter, corriger : 2 rubriques, rien d’obligatoire" in read_text(client.get(case))

    post(client, opened_case, "sauvegardes", {"q-sauvegarde_derniere-nsp": "on"})

    assert "Compléter, corriger : 1 rubrique, rien d’obligatoire" in read_text(client.get(case))


def test_after_ransomware_the_announcement_is_that_of_the_attackers(client, opened_case):
    asked_words = read_text(client.get(url(opened_case, "suites")))
    assert "Si les attaquants annoncent qu’ils publient vos données, à quelle adresse ?" in asked_words


def test_reading_the_pages_changes_nothing(client, opened_case):
    count = IncidentEvent.objects.count(), AnswerSheet.objects.count()
    for section in (*SNAPSHOTS, *(extra_section.code for extra_section in get_current_version().sections)):
        assert client.get(url(opened_case, section)).status_code == 200
        assert client.head(url(opened_case, section)).status_code == 200
    client.get(url(opened_case))
    client.get(url(opened_case, "services", "avant"))
    assert (IncidentEvent.objects.count(), AnswerSheet.objects.count()) == count


@pytest.mark.parametrize("kind", IncidentType.values)
def test_each_type_has_its_pages(client, kind):
    breizh_cyber()
    incident = declare(type=kind)
    open_by_link(client, incident)
    for section in get_current_version().list_sections(kind):
        page = client.get(url(incident, section.code))
        assert page.status_code == 200
        for question in section.questions:
            assert f'name="q-{question.code}' in page.content.decode()
    assert client.get(url(incident, "secrets")).status_code == 404


def test_a_section_that_nobody_filled_has_no_history(client, opened_case):
    history = url(opened_case, "precisions") + "avant/"
    assert client.get(history).status_code == 404
    post(client, opened_case, "precisions", {"q-extension": ".abcd"})
    assert ".abcd" in read_text(client.get(history))
    assert client.get(url(opened_case, "aucune") + "avant/").status_code == 404


def test_the_name_of_the_writer_is_remembered_on_the_next_section(client, opened_case):
    post(client, opened_case, "machines", {"q-postes": "8"})
    morsel = client.cookies[settings.SIGNATURE_COOKIE_NAME]
    assert (morsel["path"], morsel["httponly"], morsel["samesite"]) == ("/", True, "Lax")
    page = client.get(url(opened_case, "sauvegardes")).content.decode()
    assert 'value="Dominique, accueil"' in page
    post(client, opened_case, "sauvegardes", {"q-sauvegardes_atteintes": "non"}, author="Camille")
    assert [sheet.author for sheet in opened_case.sheets.order_by("id")][-2:] == ["Dominique, accueil", "Camille"]


def test_a_colleague_writes_under_their_account_s_name(client, opened_case):
    client.cookies.clear()
    agent = an_agent()
    client.force_login(agent)
    assert f"Enregistré sous le nom de {agent.display_name}" in read_text(client.get(url(opened_case, "machines")))
    post(client, opened_case, "machines", {"q-postes": "8"}, author="Monsieur le préfet")
    sheet = AnswerSheet.objects.get(section="machines")
    assert (sheet.author, sheet.actor) == (agent.display_name, agent)


def test_only_the_declarant_and_colleagues_may_complete(client, opened_case):
    client.cookies.clear()
    neighbour = plouexemple(insee_code="29998", name="Saint-Exemple", stem="saintexemple")
    for user, code in ((None, 404), (an_agent(), 200), (an_agent(neighbour), 404), (a_responder(), 403)):
        client.logout()
        if user:
            client.force_login(user)
        assert client.get(url(opened_case)).status_code == code
        assert client.get(url(opened_case, "precisions")).status_code == code
        assert client.get(url(opened_case, "services", "avant")).status_code == code
    assert "Ce dossier ne s’ouvre pas ici" in read_text(open_without_account(client, opened_case))


def open_without_account(client, incident):
    client.logout()
    return client.get(url(incident))


def test_the_holder_of_another_link_completes_nothing(client, opened_case):
    client.cookies.clear()
    open_by_link(client, declare())
    assert client.get(url(opened_case)).status_code == 404
    assert client.post(url(opened_case, "precisions"), {"q-note_vue": "oui"}).status_code == 404
    assert client.post(url(opened_case, "repris"), {"service": "civil"}).status_code == 404
    assert not opened_case.events.filter(kind=EventKind.FACTS).exists()


def test_a_form_sent_after_the_link_was_renewed_shows_the_typed_text_again(client, opened_case):
    rotate_access_by_responder(reference=opened_case.reference, actor=a_responder())
    answer = client.post(url(opened_case, "precisions"), {"seen": "", "q-note_texte": "Signé : Exemple."})
    assert answer.status_code == 404
    assert "Signé : Exemple." in answer.content.decode()


WRONG = {
    "choice": ("rancon", {"q-note_vue": "peut-être"}, "Sélectionnez un choix valide"),
    "several": ("boite", {"q-envois_vers": ["martiens"]}, "Sélectionnez un choix valide"),
    "text": ("rancon", {"q-extension": "x" * 201}, "200 suffisent"),
    "long": ("rancon", {"q-note_texte": "x" * 3001}, "3000 suffisent"),
    "day": ("admin", {"q-premiere_connexion-date": "31/02/2026"}, "Ce jour n’existe pas"),
    "hour": ("admin", {"q-premiere_connexion-time": "10:00"}, "Donnez aussi le jour"),
    "no such hour": ("admin", {"q-premiere_connexion-time": "25 h"}, "Cette heure n’existe pas"),
    "future": ("admin", {"q-premiere_connexion-date": "2060-01-01"}, "Cette date est à venir. Vérifiez-la."),
    "amount": ("virement", {"q-montant": "beaucoup"}, "Écrivez un montant en euros"),
    "iban": ("virement", {"q-iban": "FR76 3000 6000 0112 3456 7890 188"}, "ne suit pas la règle des IBAN"),
    "url": ("fuite", {"q-annonce": "là-bas"}, "ne ressemble pas à une adresse"),
    "mail": ("boite", {"q-boite": "accueil chez nous"}, "Cette adresse mail est incomplète"),
    "count": ("boite", {"q-envois": "-3"}, "Écrivez seulement un nombre"),
}


@pytest.mark.parametrize(("kind", "data", "complaint"), WRONG.values(), ids=WRONG)
def test_a_refused_value_is_shown_again_in_its_field(client, kind, data, complaint):
    breizh_cyber()
    incident = declare(type=kind)
    open_by_link(client, incident)
    page = post(client, incident, "precisions", data, **{"q-autre": "Ceci reste."})
    assert page.status_code == 422
    assert complaint in read_text(page)
    content = page.content.decode()
    assert "<title>Erreur" in content
    assert f'href="#id_{next(iter(data)).removesuffix("-time")}' in content
    assert "Ceci reste." in content
    assert not AnswerSheet.objects.filter(section="precisions").exists()


def test_usual_spellings_of_values_are_understood(client):
    breizh_cyber()
    incident = declare(type="virement")
    open_by_link(client, incident)
    data = {
        "q-montant": "12 340,5 €",
        "q-iban": "fr76 3000 6000 0112 3456 7890 189",
        "q-virement_quand-date": "24/11/2025",
        "q-virement_quand-time": "8h10",
        "q-comptable": "nsp",
        "q-autre": "Société Exemple",
        "q-autre-nsp": "on",
    }
    assert post(client, incident, "precisions", data).status_code == 302
    assert AnswerSheet.objects.get(section="precisions").values == {
        "montant": 1234050,
        "iban": "FR7630006000011234567890189",
        "virement_quand": "2025-11-24T07:10:00+00:00",
        "comptable": None,
        "autre": "Société Exemple",
    }
    again = client.get(url(incident, "precisions")).content.decode()
    assert 'value="12340,50"' in again
    assert 'value="08:10"' in again


def test_a_bad_iban_is_kept_when_the_declarant_insists(client):
    breizh_cyber()
    incident = declare(type="virement")
    open_by_link(client, incident)
    bad = {"q-iban": "FR76 3000 6000 0112 3456 7890 188"}
    assert "gardez-le tel quel" in read_text(post(client, incident, "precisions", bad))
    assert post(client, incident, "precisions", bad, **{"q-iban-garder": "on"}).status_code == 302
    assert "gardé tel quel" in read_text(client.get(url(incident, "precisions", "avant")))
    assert re.search(r'id="id_q-iban-garder" checked', client.get(url(incident, "precisions")).content.decode())


def test_a_section_left_empty_is_no_answer(client, opened_case):
    """A centre that waits for an answer would take an empty section for one."""
    answer = post(client, opened_case, "precisions")
    assert answer.status_code == 422
    assert "Rien n’est encore rempli. Répondez à une question" in read_text(answer)
    opened_case.refresh_from_db()
    assert (opened_case.sheets.filter(section="precisions").count(), opened_case.declarant_wrote_at) == (0, None)
    assert post(client, opened_case, "precisions", {"q-note_vue": "oui"}).status_code == 302
    assert post(client, opened_case, "precisions").status_code == 302  # an answer may be taken back


def test_a_double_click_writes_once(client, opened_case):
    page = client.get(url(opened_case, "precisions"))
    fields = {"seen": read_hidden_value(page, "seen"), "author": "Dominique", "q-note_vue": "oui"}
    for _click in range(2):
        assert client.post(url(opened_case, "precisions"), fields).status_code == 302
    assert AnswerSheet.objects.filter(section="precisions").count() == 1
    assert opened_case.events.filter(kind=EventKind.FACTS).count() == 1


def test_the_second_of_two_tabs_gets_a_conflict_and_loses_nothing(client, opened_case):
    page = client.get(url(opened_case, "precisions"))
    first = {"seen": read_hidden_value(page, "seen"), "author": "Camille", "q-note_texte": "Payez en monnaie."}
    second = {"seen": read_hidden_value(page, "seen"), "author": "Dominique", "q-note_texte": "Signé : Exemple."}
    client.post(url(opened_case, "precisions"), first)
    answer = client.post(url(opened_case, "precisions"), second)
    assert answer.status_code == 409
    content = read_text(answer)
    assert "Camille a enregistré autre chose pendant ce temps" in content
    assert "Payez en monnaie." in content
    assert "Signé : Exemple." in content
    assert (
        client.post(url(opened_case, "precisions"), second | {"seen": read_hidden_value(answer, "seen")}).status_code
        == 302
    )
    assert opened_case.sheets.filter(section="precisions").count() == 2
    before = read_text(client.get(url(opened_case, "precisions", "avant")))
    assert before.index("Signé : Exemple.") < before.index("Payez en monnaie.")


def test_the_same_text_under_another_spelling_is_no_conflict(client, opened_case):
    page = client.get(url(opened_case, "precisions"))
    for words in ("Payez l’argent.", "Payez\u00a0l'argent\u200b."):
        fields = {"seen": read_hidden_value(page, "seen"), "q-note_texte": words}
        assert client.post(url(opened_case, "precisions"), fields).status_code == 302
    assert opened_case.sheets.filter(section="precisions").count() == 1


def test_a_caller_without_telephone_and_mail_is_refused(client, opened_case):
    page = post(client, opened_case, "rappel", {"contact_name": "Camille", "contact_phone": "", "contact_email": ""})
    assert page.status_code == 422
    assert 'href="#id_contact_phone"' in page.content.decode()


def test_an_incomplete_number_is_refused_if_others_may_read_the_mailbox(client, opened_case):
    Incident.objects.update(type="saturation")
    fields = {"contact_phone": "02 98", "contact_email": "mairie@plouexemple.example"}
    refused = post(client, opened_case, "rappel", fields | {"mail_without_code": "oui"})
    assert refused.status_code == 422
    assert "il y manque des chiffres" in read_text(refused)
    assert post(client, opened_case, "rappel", fields).status_code == 302


def test_a_wrong_number_and_a_wrong_address_are_reported_together(client, opened_case):
    Incident.objects.update(type="saturation")
    fields = {"contact_phone": "12 34", "contact_email": "mairie@"}
    page = post(client, opened_case, "rappel", fields).content.decode()
    assert 'href="#id_contact_phone"' in page
    assert 'href="#id_contact_email"' in page
    answer = post(client, opened_case, "rappel", fields | {"contact_email": "mairie@plouexemple.example"})
    assert answer.status_code == 302


def test_a_form_sent_to_a_closed_case_says_why_it_is_refused_and_keeps_its_text(client, opened_case):
    page = client.get(url(opened_case, "precisions"))
    close_incident(reference=opened_case.reference, reason="handed_over", handed_to="la DSI", actor=a_responder())
    answer = client.post(
        url(opened_case, "precisions"), {"seen": read_hidden_value(page, "seen"), "q-note_texte": "Trop tard."}
    )
    assert answer.status_code == 409
    assert "Ce dossier est clos" in read_text(answer)
    assert "Trop tard." in answer.content.decode()
    assert client.get(url(opened_case, "precisions"))["Location"] == url(opened_case)
    assert "Ce dossier est clos" in read_text(
        client.post(url(opened_case, "repris"), {"service": "civil"}, follow=True)
    )
    assert not opened_case.events.filter(kind=EventKind.FACTS).exists()


WORDS = {"text", "long", "iban", "url", "mail"}
ALL_OF_IT = " ".join(HOSTILE)


@pytest.mark.parametrize("kind", ["virement", "fuite", "prestataire"])
def test_hostile_text_is_escaped_in_every_field(client, kind):
    breizh_cyber()
    incident = declare(type=kind)
    open_by_link(client, incident)
    for section in get_current_version().list_sections(kind):
        questions = [question for question in section.questions if question.kind in WORDS]
        if not questions:
            continue
        data = {f"q-{question.code}": ALL_OF_IT if question.kind != "iban" else HOSTILE[0] for question in questions}
        data |= {f"{name}-garder": "on" for name in data}
        assert post(client, incident, section.code, data, author=ALL_OF_IT[:100]).status_code == 302
        for page in (url(incident, section.code), url(incident, section.code, "avant"), url(incident)):
            assert_harmless(client.get(page))


def assert_harmless(response):
    assert response.status_code == 200
    harmless.check_response(response)


def test_hostile_text_is_escaped_in_corrections(client, opened_case):
    facts = {
        "recit": {"description": ALL_OF_IT, "supplier": ALL_OF_IT[:110]},
        "rappel": {
            "contact_phone": f"02 98 00 00 00 {MARKUP[0]}",
            "contact_name": HOSTILE[1],
            "contact_role": HOSTILE[4],
        },
        "services": {"row": ["civil"], "r0-workaround": ALL_OF_IT},
    }
    for section, data in facts.items():
        assert post(client, opened_case, section, data).status_code == 302
        for page in (url(opened_case, section), url(opened_case, section, "avant"), url(opened_case)):
            assert_harmless(client.get(page))


def test_hostile_choices_are_refused_and_shown_harmless(client, opened_case):
    for words in HOSTILE:
        for data in ({"q-note_vue": words}, {"q-annonce-nsp": words, "q-rancon_montant": words, "seen": words}):
            page = client.post(url(opened_case, "precisions"), data | {"version": words, "author": "x"})
            assert page.status_code in {302, 409, 422}
            harmless.check_response(page)


@pytest.mark.parametrize("number", [2, 12, pytest.param(50, marks=pytest.mark.proof)])
def test_pages_cost_few_queries(client, opened_case, django_assert_max_num_queries, number):
    for turn in range(number):
        post(client, opened_case, "machines", {"q-postes": str(turn)})
    sections = [(), ("machines",), ("services",), ("machines", "avant")]
    for page in [url(opened_case, *section) for section in sections]:
        client.get(page)
        with django_assert_max_num_queries(10):
            assert client.get(page).status_code == 200
