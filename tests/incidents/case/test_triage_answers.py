"""A responder reads the answers as they were asked, with author, time and earlier values, and without links."""

import pytest
from django.test import Client

from incidents.facts.shapes import Caller
from incidents.models import AnswerSheet, Incident
from incidents.questions.catalogue import get_current_version
from incidents.services.declarant.complete import answer_section
from incidents.services.declarant.correct import correct_caller, end_interruption
from incidents.services.handling.erase import erase_personal_data
from tests import harmless
from tests.cast import CALLER, a_lead, a_responder, breizh_cyber, declare
from tests.hostile import TRICK
from tests.incidents.completing import CIVIL, make_edit
from tests.incidents.triage_pages import case_url
from tests.reading import read_markup

pytestmark = pytest.mark.django_db


@pytest.fixture
def leak_case(client: Client) -> Incident:
    """Return a case about a leak. The client is signed in as a responder of its centre."""
    breizh_cyber()
    client.force_login(a_responder())
    return declare(type="fuite", service_stopped="yes", interruptions=(CIVIL,))


def answer_as_declarant(incident, author="Dominique, accueil", **values):
    edit = make_edit(incident, author=author)
    keep = list(values)
    answer_section(edit=edit, section="precisions", version=get_current_version().code, values=values, keep=keep)


def test_a_responder_reads_the_answers_of_the_declarant(client, leak_case):
    assert "Rien encore." in read_markup(client.get(case_url(leak_case)))
    answer_as_declarant(leak_case, fuite_ou="forum", annonce="https://forum.example/annonce?id=1", annonce_auteur=None)

    page = read_markup(client.get(case_url(leak_case)))

    assert "Des précisions sur ce qui arrive <small>par Dominique, accueil, " in page
    assert "Un forum ou un site de vente" in page
    assert "hxxps://forum[.]example/annonce?id=1" in page
    assert "https://forum.example" not in page
    assert "Je ne sais pas" in page


def test_earlier_values_are_struck_out_and_folded(client, leak_case):
    answer_as_declarant(leak_case, annonce_auteur="Groupe Exemple")
    answer_as_declarant(leak_case, author="Camille", annonce_auteur="Autre Groupe")
    end_interruption(edit=make_edit(leak_case, author="Camille"), service="civil")
    correct_caller(edit=make_edit(leak_case, "rappel", author="Camille"), caller=Caller(phone="02 98 00 00 01"))

    page = read_markup(client.get(case_url(leak_case)))

    was, before = page.index("<s>Groupe Exemple</s>, changé, "), page.index("Valeurs d’avant (1)")
    assert page.index("Autre Groupe") < was < before < page.index("Groupe Exemple", before)
    assert "Les services arrêtés ou ralentis <small>corrigé par Camille" in page
    assert f"<b>{CALLER.name}</b>, " in page
    assert page.count(CALLER.phone) == 2  # in the struck-out line, and in the earlier sheet
    assert "Depuis quand" not in page


def test_answers_to_an_unknown_version_do_not_break_the_page(client, leak_case):
    answer_as_declarant(leak_case, fuite_ou="forum")
    AnswerSheet.objects.filter(section="precisions").update(version="1999-01")
    page = client.get(case_url(leak_case))
    assert page.status_code == 200
    assert "Un forum" not in read_markup(page)


def test_hostile_text_is_escaped_in_the_answers(client, leak_case):
    answer_as_declarant(leak_case, author=TRICK[:60], annonce=TRICK, annonce_auteur=TRICK, autre=TRICK)
    correct_caller(edit=make_edit(leak_case, "rappel"), caller=Caller(phone="02 98 00 00 01", name=TRICK[:25]))
    page = client.get(case_url(leak_case))
    harmless.check_response(page)
    assert "https://piege.example" not in page.content.decode()


def test_erased_answers_are_not_shown(client, leak_case):
    answer_as_declarant(leak_case, annonce_auteur="Groupe Exemple")
    lead = a_lead()
    erase_personal_data(reference=leak_case.reference, actor=lead)
    page = read_markup(client.get(case_url(leak_case)))
    assert "Groupe Exemple" not in page
    assert "effacés" in page


@pytest.mark.parametrize("number", [2, 50])
def test_the_answers_cost_the_same_whatever_their_number(client, leak_case, django_assert_max_num_queries, number):
    for turn in range(number):
        answer_as_declarant(leak_case, annonce_auteur=f"Groupe {turn}")
    client.get(case_url(leak_case))
    with django_assert_max_num_queries(35):
        assert client.get(case_url(leak_case)).status_code == 200
