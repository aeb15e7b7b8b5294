"""A form of the case page is rendered only when it is opened: in place of its button, or on a full page."""

from datetime import timedelta

import pytest
from selectolax.lexbor import LexborHTMLParser

from incidents.enums import ClosingReason
from incidents.services.handling.close import close_incident
from incidents.services.handling.erase import erase_personal_data
from incidents.triage.case.opened_forms import FORMS
from tests import harmless
from tests.cast import a_lead
from tests.incidents.desk import acknowledge_as
from tests.incidents.triage_pages import case_url

pytestmark = pytest.mark.django_db
PLACES = {
    "qualifier": "details[open] > [data-form=qualifier]",
    "gravite": "details[open] > [data-form=gravite]",
    "tache": "details[open] > [data-form=tache]",
    "attribution": ".assigned__form",
    "message-type": "[data-ready]",
}
POSTED_TO = {
    "qualifier": "/qualifier/#qualification",
    "gravite": "/gravite/#gravite",
    "tache": "/taches/#taches",
    "attribution": "/attribuer/#attribution",
    "message-type": "",
}


def parse_page(response):
    assert response.status_code == 200
    harmless.check_response(response)
    return LexborHTMLParser(response.content.decode())


def find_form(tree, name):
    return tree.css_first(PLACES[name])


def get_normalised_html(node):
    return " ".join(node.html.split())


@pytest.mark.parametrize("name", FORMS)
def test_a_form_is_the_same_in_place_and_on_a_full_page(client, responder, incident, name):
    case = acknowledge_as(responder, incident)
    closed = parse_page(client.get(case_url(case)))
    assert find_form(closed, name) is None
    button = closed.css_first(f"button[name=ouvrir][value={name}]").attributes
    assert (button["form"], button["formaction"]) == ("ecrits", case_url(case, "garder"))

    form = find_form(parse_page(client.post(button["formaction"], {"ouvrir": name}, follow=True)), name)
    alone = parse_page(client.get(button["hx-get"]))

    assert form.css_first("button").attributes.get("formaction", "").endswith(POSTED_TO[name])
    assert {field.attributes["form"] for field in form.css("input, select, textarea, button")} == {"ecrits"}
    assert get_normalised_html(find_form(alone, name)) == get_normalised_html(form)
    assert alone.css_first("#container") is None


def test_only_one_form_is_open_at_a_time(client, responder, incident):
    page = parse_page(client.get(case_url(acknowledge_as(responder, incident)), {"ouvrir": "gravite"}))
    assert find_form(page, "gravite")
    assert find_form(page, "qualifier") is None


@pytest.mark.parametrize("name", ["", "effacer", "<b>"])
def test_an_unknown_form_opens_nothing(client, responder, incident, name):
    page = parse_page(client.get(case_url(incident), {"ouvrir": name}))
    assert not [form for form in FORMS if find_form(page, form)]


def test_a_form_that_the_page_does_not_offer_is_not_found(client, incident):
    lead = a_lead()
    client.force_login(lead)
    assert client.get(case_url(incident, "formulaire", "effacer")).status_code == 404
    erase_personal_data(reference=incident.reference, actor=lead)
    assert [client.get(case_url(incident, "formulaire", name)).status_code for name in FORMS] == [404] * 5


@pytest.mark.parametrize("name", FORMS)
def test_a_form_requested_before_its_page_redirects_to_the_page(client, responder, incident, name):
    """The page records the reader and shows what is new."""
    case = acknowledge_as(responder, incident)
    answer = client.get(case_url(case, "formulaire", name))
    assert (answer.status_code, answer["Location"]) == (302, f"{case_url(case)}?ouvrir={name}")
    assert not case.readings.exists()
    assert find_form(parse_page(client.get(answer["Location"])), name)
    assert client.get(case_url(case, "formulaire", name)).status_code == 200


def test_opening_a_form_does_not_count_as_reading(client, responder, incident):
    case = acknowledge_as(responder, incident)
    client.get(case_url(case))
    before = case.readings.get().last_at
    case.readings.update(first_at=before - timedelta(hours=2), last_at=before - timedelta(hours=1))
    client.get(case_url(case, "formulaire", "qualifier"))
    assert case.readings.get().last_at == before - timedelta(hours=1)


def test_forms_that_do_not_fit_the_status_are_not_found(client, responder, incident):
    client.get(case_url(incident))
    assert client.get(case_url(incident, "formulaire", "tache")).status_code == 404
    acknowledge_as(responder, incident)
    close_incident(reference=incident.reference, reason=ClosingReason.NOT_AN_INCIDENT, actor=a_lead())
    statuses = {name: client.get(case_url(incident, "formulaire", name)).status_code for name in FORMS}
    assert {name for name, status in statuses.items() if status == 404} == {"tache", "attribution"}
