"""The pages that a person reads after an error."""

import pytest
from django.core.exceptions import PermissionDenied, RequestDataTooBig, SuspiciousOperation
from django.template.loader import render_to_string
from django.test import Client
from django.urls import path

from config.urls import *  # noqa: F403  the handlers, with routes that fail on purpose
from config.urls import urlpatterns as real
from tests.cast import an_agent

pytestmark = [pytest.mark.django_db, pytest.mark.urls(__name__)]


def fail(error):
    def view(request):
        raise error

    view.login_required = False
    return view


urlpatterns = [
    *real,
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


@pytest.mark.parametrize("url", ["/refus/", "/suspect/", "/trop/", "/nulle-part/", "/panne/"])
def test_the_text_of_a_refused_form_stays_in_the_tab(url):
    page = Client(raise_request_exception=False).get(url).content.decode()
    assert "typed." in page
    assert " data-typed-stays>" in page


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
