"""A responder finds a case from what a caller says on the telephone."""

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from accounts.enums import Role
from csirts.models import Csirt
from incidents.enums import ClosingReason
from incidents.models import Incident
from incidents.reference import hyphenate, make_reference
from incidents.services.handling.close import close_incident
from tests.cast import a_responder, breizh_cyber, declare, plouexemple
from tests.incidents.devices import QUEUE
from tests.incidents.triage_pages import case_url
from tests.reading import read_markup

URL = f"{QUEUE}recherche/"
SPOKEN = {"T": "Thérèse", "K": "Kléber", "E": "Eugène", "M": "Marcel"}
pytestmark = pytest.mark.django_db


def find_references(client, query):
    page = client.get(URL, {"q": query})
    assert page.status_code == 200
    return {hit.incident.reference for hit in page.context["hits"]}


def get_redirect(client, query):
    """Return the address that the search redirects to instead of listing results."""
    answer = client.get(URL, {"q": query})
    assert answer.status_code == 302
    return answer["Location"]


def test_a_query_in_the_queue_is_sent_to_the_search(client, responder):
    incident = declare()
    page = client.get(QUEUE, {"q": "Plouexemple", "etat": "clos"}, follow=True)

    assert page.redirect_chain == [(f"{URL}?q=Plouexemple", 302)]
    assert [hit.incident for hit in page.context["hits"]] == [incident]
    assert f'action="{URL}"' in client.get(QUEUE).content.decode()


def test_a_reference_opens_its_case(client, responder):
    incident, other = declare(), declare(collectivity=plouexemple(insee_code="29998", name="Saint-Exemple"))

    assert get_redirect(client, incident.reference) == case_url(incident)
    page = client.get(QUEUE, {"q": other.reference}, follow=True)
    assert page.redirect_chain == [(f"{URL}?q={other.reference}", 302), (case_url(other), 302)]
    assert page.context["incident"] == other


def test_a_forbidden_case_looks_like_a_missing_one(client, responder):
    case_elsewhere = declare()
    elsewhere = Csirt.objects.create(slug="ailleurs", name="Ailleurs", level="territorial")
    Incident.objects.filter(pk=case_elsewhere.pk).update(csirt=elsewhere)

    for query in (case_elsewhere.reference, hyphenate(case_elsewhere.reference), make_reference()):
        assert find_references(client, query) == set()
        assert "Rien ne répond à" in read_markup(client.get(URL, {"q": query}))


def test_an_agent_who_responds_elsewhere_does_not_find_their_own_bodys_case(client):
    incident = declare()
    elsewhere = Csirt.objects.create(slug="ailleurs", name="Ailleurs", level="territorial")
    person = a_responder(elsewhere)
    person.membership_set.create(role=Role.AGENT, collectivity=plouexemple(), since_on="2021-01-01")
    client.force_login(person)

    assert find_references(client, incident.reference) == set()


@pytest.mark.parametrize("more", ["etat:clos", "-exercice", '"une phrase"', "serveur"])
def test_a_reference_among_other_words_is_a_search(client, responder, more):
    incident = declare()

    assert find_references(client, f"{incident.reference} {more}") == set()


def spell_out(reference):
    return ", ".join(SPOKEN.get(symbol, symbol) for symbol in reference)


@pytest.mark.parametrize(
    "say",
    [str.lower, hyphenate, lambda text: f"  {text[:4]} {text[4:]} ", spell_out, " ".join],
    ids=["lower case", "dashed", "spaced", "spelled", "one by one"],
)
def test_a_reference_is_understood_in_any_dictated_form(client, responder, say):
    incident = declare()
    declare()
    assert get_redirect(client, say(incident.reference)) == case_url(incident)


@pytest.mark.parametrize(
    "cut",
    [
        lambda text: text[:4],
        lambda text: text[:4].lower(),
        lambda text: hyphenate(text)[:5],
        lambda text: text[-4:].lower(),
        lambda text: hyphenate(text)[2:],
        lambda text: f"{text[:4]} {text[4:6]}",
    ],
    ids=["beginning", "lower case", "dash at the end", "end", "end with a dash", "spaced"],
)
def test_the_beginning_or_the_end_of_a_reference_finds_its_case(client, responder, cut):
    incident, _other = declare(), declare()
    Incident.objects.filter(pk=incident.pk).update(reference="7K3M9QXH")
    page = client.get(URL, {"q": cut("7K3M9QXH")})
    assert [hit.incident for hit in page.context["hits"]] == [incident]
    assert "Référence qui commence ou finit ainsi" in read_markup(page)


def test_three_symbols_or_the_middle_of_a_reference_find_nothing(client, responder):
    incident = declare()
    Incident.objects.filter(pk=incident.pk).update(reference="7K3M9QXH")
    for query in ("7K3", "3M9Q"):
        assert find_references(client, query) == set()


def test_part_of_a_reference_of_another_centre_finds_nothing(client, responder):
    incident = declare()
    elsewhere = Csirt.objects.create(slug="ailleurs", name="Ailleurs", level="territorial")
    Incident.objects.filter(pk=incident.pk).update(reference="7K3M9QXH", csirt=elsewhere)
    for query in ("7K3M", "9QXH"):
        assert find_references(client, query) == set()


@pytest.mark.parametrize("query", ["Plouexemple", "plou exemple", "PLOUEXEMPLE", "Plouexempl", "29999"])
def test_a_body_is_found_by_name_or_code(client, responder, query):
    incident = declare()
    declare(collectivity=plouexemple(insee_code="35999", name="Trifouillis", stem="trifouillis"))
    assert find_references(client, query) == {incident.reference}


def test_a_body_is_found_by_its_siren(client, responder):
    incident = declare(collectivity=plouexemple(insee_code="29998", siren="219999999"))
    declare()
    assert find_references(client, "219 999 999") == {incident.reference}


def test_an_impossible_siren_is_reported(client, responder):
    page = client.get(URL, {"q": "123456789"})
    assert page.context["hits"] == []
    assert "Ce numéro SIREN n’existe pas" in page.content.decode()


def test_closed_cases_are_found(client, responder):
    incident = declare()
    close_incident(reference=incident.reference, reason=ClosingReason.RESOLVED, why="Vu.", actor=responder)

    assert get_redirect(client, incident.reference) == case_url(incident)
    assert find_references(client, "Plouexemple") == {incident.reference}
    assert find_references(client, "Plouexemple etat:ouvert") == set()


@pytest.mark.parametrize("query", ["rien du tout", "%", "' OR 1=1 --", "\x00", "🙂", "\u202e", "   "])
def test_no_query_causes_a_server_error(client, responder, query):
    breizh_cyber()
    assert client.get(URL, {"q": query}).status_code == 200


@pytest.mark.parametrize("number", [2, 50])
def test_a_search_costs_at_most_ten_queries(client, responder, number):
    for _ in range(number):
        last = declare()
    for ask, query in ((find_references, "Plouexemple"), (find_references, "29999"), (get_redirect, last.reference)):
        with CaptureQueriesContext(connection) as queries:
            ask(client, query)
        assert len(queries) <= 10, (query, len(queries))
