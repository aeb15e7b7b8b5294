"""The pages that a person reads after an error."""

from urllib.parse import parse_qs, urlsplit

import pytest
from django.core.exceptions import PermissionDenied, RequestDataTooBig, SuspiciousOperation
from django.http import HttpResponse
from django.template.loader import render_to_string
from django.test import Client
from django.urls import path
from rest_framework.exceptions import APIException, ValidationError
from selectolax.lexbor import LexborHTMLParser

from accounts.models import StoredSession
from config.api.problems import TITLES, describe_error
from config.urls import *  # noqa: F403  the handlers, with routes that fail on purpose
from config.urls import urlpatterns as real
from tests.cast import a_responder, an_agent, breizh_cyber, declare
from tests.factories.accounts import make_api_token

pytestmark = [pytest.mark.django_db, pytest.mark.urls(__name__)]

QUEUE = "/admin/incidents/incident/"
CASE = f"{QUEUE}{{}}/"


def fail(error):
    def view(request):
        raise error

    view.login_required = False
    return view


def end_session_meanwhile(request):
    StoredSession.objects.all().delete()
    request.session["changed"] = True
    return HttpResponse("fait")


urlpatterns = [
    *real,
    path("terminee/", end_session_meanwhile),
    path("api/terminee/", end_session_meanwhile),
    path("refus/", fail(PermissionDenied("le nom du dossier"))),
    path("suspect/", fail(SuspiciousOperation("un détail"))),
    path("trop/", fail(RequestDataTooBig("un détail"))),
    path("api/trop/", fail(RequestDataTooBig("un détail"))),
    path("panne/", fail(RuntimeError("un détail"))),
]


@pytest.mark.parametrize(
    ("url", "status", "title"),
    [
        ("/refus/", 403, "Cette page n’est pas ouverte à votre compte"),
        ("/suspect/", 400, "Nous n’avons pas compris cet envoi"),
        ("/trop/", 413, "Votre texte est trop long"),
        ("/nulle-part/", 404, "Cette page n’existe pas"),
        ("/panne/", 500, "Une panne de notre côté"),
    ],
)
def test_each_error_has_a_page_without_internal_details(url, status, title):
    response = Client(raise_request_exception=False).get(url)

    page = response.content.decode()
    assert response.status_code == status
    assert f"<h1>{title}</h1>" in page
    assert "17cyber.gouv.fr" in page
    assert "détail" not in page
    assert "le nom du dossier" not in page
    assert "unsafe" not in response["Content-Security-Policy"]


def test_a_session_that_ends_during_a_request_is_said_to_have_ended(client):
    """It is not the form that was wrong, and the person must sign in before looking for what was sent."""
    client.force_login(a_responder())
    response = client.get("/terminee/")
    page = response.content.decode()
    assert response.status_code == 400
    assert "<h1>Votre session a changé pendant cet envoi</h1>" in page
    assert '<a class="button" href="/connexion/">Se connecter</a>' in page
    assert "Se déconnecter" not in page
    client.force_login(a_responder())
    assert client.get("/api/terminee/").json()["title"] == "Votre session a changé pendant cet envoi"


@pytest.mark.parametrize("url", ["/refus/", "/suspect/", "/trop/", "/nulle-part/", "/panne/"])
def test_the_text_of_a_refused_form_stays_in_the_tab(url):
    page = Client(raise_request_exception=False).get(url).content.decode()
    assert "stored_forms." in page
    assert " data-stored-keep>" in page


def test_a_signed_in_person_gets_a_link_to_their_own_pages(client):
    assert "Aller à mes pages" not in client.get("/refus/").content.decode()
    client.force_login(an_agent())
    assert "Aller à mes pages" in client.get("/refus/").content.decode()


def test_a_text_of_ten_megabytes_is_refused_in_french(client):
    response = client.post("/connexion/", {"login": "x" * 10_000_000, "password": "x"})

    assert response.status_code == 413
    assert "votre navigateur a gardé ce que vous avez écrit" in response.content.decode()


def test_a_page_left_open_too_long_says_what_to_do():
    response = Client(enforce_csrf_checks=True).post("/connexion/", {"login": "a", "password": "b"})

    assert response.status_code == 403
    assert "Cet envoi n’est pas accepté" in response.content.decode()


BROWSER = {"Accept": "text/html,application/xhtml+xml,*/*;q=0.8"}
FORM_ONLY = "Cette adresse ne reçoit qu’un formulaire"


@pytest.mark.parametrize(
    ("path", "above", "label"),
    [
        ("/suivi/{}/message/", "/suivi/{}/", "Revenir à la page de suivi"),
        ("/suivi/{}/completer/repris/", "/suivi/{}/", "Revenir à la page de suivi"),
        (CASE + "note/", CASE, "Revenir au dossier"),
        (CASE + "prendre/", CASE, "Revenir au dossier"),
        (f"{CASE}taches/75bcabcb-732a-41f1-ba8f-c5f35f413d3c/", CASE, "Revenir au dossier"),
        (CASE + "transfert/retirer/", CASE, "Revenir au dossier"),
        (f"{QUEUE}actes/", QUEUE, "Remonter d’une page"),
        ("/declarer/autre/", "/declarer/", "Remonter d’une page"),
        ("/deconnexion/", "/", "Revenir à l’accueil"),
    ],
)
def test_an_address_that_only_receives_a_form_says_so_and_leads_to_its_page(client, path, above, label):
    client.force_login(a_responder())
    response = client.get(path.format("T7K4-9MQX"), headers=BROWSER)

    page = LexborHTMLParser(response.content.decode())
    links = {link.text().strip(): link.attributes["href"] for link in page.css(".actions a")}
    assert response.status_code == 405
    assert response["Allow"] in ("POST", "POST, OPTIONS")
    assert page.css_first("h1").text() == FORM_ONLY
    assert links[label] == above.format("T7K4-9MQX")


def test_a_note_whose_session_was_over_leads_back_to_its_case_after_signing_in(client):
    incident, responder = declare(), a_responder()
    case = CASE.format(incident.reference)
    away = client.post(f"{case}note/", {"kind": "note", "text": "Vu avec le maire"}, headers=BROWSER)
    assert away.status_code == 302
    after = parse_qs(urlsplit(away["Location"]).query)["next"][0]
    client.force_login(responder)

    response = client.get(after, headers=BROWSER)

    assert FORM_ONLY in response.content.decode()
    assert f'href="{case}">Revenir au dossier' in response.content.decode()
    assert client.get(case).status_code == 200


def test_a_script_that_opens_such_an_address_gets_no_page(client):
    """Neither does a client of the API."""
    url = "/suivi/T7K4-9MQX/message/"
    assert client.get(url, headers={"Accept": "*/*"}).content == b""
    assert client.get(url, headers=BROWSER | {"HX-Request": "true"}).content == b""
    assert client.put(url, headers=BROWSER).content == b""
    token = {"Authorization": f"Bearer {make_api_token(a_responder())}"}
    answer = client.get("/api/v1/incidents/T7K4-9MQX/acknowledge/", headers=BROWSER | token)
    assert (answer.status_code, answer["Content-Type"]) == (405, "application/problem+json")


def test_a_problem_document_of_the_api_is_in_french(client):
    token = {"Authorization": f"Bearer {make_api_token(a_responder(breizh_cyber()))}"}
    problem = client.post("/api/v1/incidents/", {}, content_type="application/json", headers=token).json()
    assert problem["title"] == "Demande incorrecte"
    assert problem["detail"] == f"La demande a {len(problem['errors'])} points à corriger."
    assert describe_error(ValidationError({"nom": "Trop long."}), 400)["detail"] == "La demande a 1 point à corriger."
    assert client.get("/api/v1/incidents/").json()["title"] == "Authentification nécessaire"


def test_each_error_of_the_api_has_a_french_title():
    pending, statuses = [APIException], set()
    while pending:
        classes = pending.pop().__subclasses__()
        statuses |= {error.status_code for error in classes}
        pending += classes
    assert statuses <= TITLES.keys()


@pytest.mark.parametrize(("url", "status"), [("/api/nulle-part/", 404), ("/api/trop/", 413)])
def test_the_api_gets_a_problem_document(client, url, status):
    response = client.get(url)

    assert response.status_code == status
    assert response["Content-Type"] == "application/problem+json"
    assert response.json()["status"] == status
    assert set(response.json()) == {"type", "title", "status", "detail"}


def test_the_error_500_page_is_rendered_without_a_request():
    page = render_to_string("500.html")

    assert "débranchez le réseau, n’éteignez pas les machines" in page
    assert "<style" not in page
