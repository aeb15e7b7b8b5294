"""Requests that reach no page: an address with a NUL, a large file, the API over plain HTTP."""

import asyncio

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client

from accounts.enums import Role
from config.gate import NO_SLOT, NO_TRACE, NOT_UTF8_TEXT, TOO_SLOW, Gate, make_types_refusal
from tests.cast import a_lead, a_person, an_agent
from tests.factories.accounts import make_api_token

pytestmark = pytest.mark.django_db


def get_as(user, url):
    client = Client(raise_request_exception=False)
    client.force_login(user)
    return client.get(url)


@pytest.mark.parametrize(
    "url",
    [
        "/triage/%00/",
        "/admin/incidents/incident/%00/",
        "/admin/incidents/incident/%00/effacer/demande/",
        "/admin/csirts/csirt/?level=%00",
    ],
)
def test_an_address_with_a_nul_is_refused(url):
    response = get_as(a_lead(), url)

    assert response.status_code == 400
    assert "Nous n’avons pas compris cet envoi" in response.content.decode()


@pytest.mark.parametrize(
    "url", ["collectivities/collectivity/?kind=%00", "accounts/user/?membership__role__exact=%00"]
)
def test_a_list_of_the_administrator_refuses_a_nul(url):
    assert get_as(a_person(Role.ADMINISTRATOR), f"/admin/{url}").status_code == 400


def test_the_api_is_refused_over_plain_http_and_a_page_is_redirected(settings):
    """A redirection would hide from a program that it sends its token in clear."""
    settings.SECURE_SSL_REDIRECT = True
    token = {"Authorization": f"Bearer {make_api_token(an_agent())}"}
    client = Client()

    for response in (
        client.get("/api/v1/incidents/", headers=token),
        client.post("/api/v1/incidents/", headers=token),
        client.get("/api/v1/csirts/"),
    ):
        assert (response.status_code, response["Content-Type"]) == (403, "application/problem+json")
        assert response.json()["detail"].endswith("révoquez-le.")
        assert response["Cache-Control"] == "no-store"
    assert client.get("/annuaire/")["Location"] == "https://testserver/annuaire/"
    assert client.get("/api/v1/incidents/", headers=token, secure=True).status_code == 200


def test_a_page_that_handles_a_nul_itself_is_served():
    assert get_as(an_agent(), "/annuaire/?q=%00").status_code == 200
    assert get_as(a_lead(), "/admin/incidents/incident/?dans=%00&type=%00&apres=%00").status_code == 200


def test_a_large_file_is_refused_before_it_is_kept(monkeypatch):
    """Django's own limit ignores files, which would be written to the disk."""
    monkeypatch.setattr("django.core.files.uploadhandler.MemoryFileUploadHandler.new_file", None)
    client = Client(raise_request_exception=False)

    response = client.post("/suivi/", {"reference": SimpleUploadedFile("x", b"x" * 5_000_000)})

    assert response.status_code == 413
    assert "Votre texte est trop long" in response.content.decode()


INCIDENTS = "/api/v1/incidents/"


@pytest.mark.parametrize(
    ("status", "method", "url", "headers"),
    [
        (200, "get", INCIDENTS, {}),
        (401, "get", INCIDENTS, {"Authorization": "Bearer tocsin_faux"}),
        (400, "get", INCIDENTS, {"Host": "inconnu.example"}),
        (400, "post", INCIDENTS, {"Content-Type": "application/json"}),
        (404, "get", f"{INCIDENTS}ZZZZZZZZ/", {}),
        (404, "get", "/api/nulle-part/", {}),
        (405, "delete", INCIDENTS, {}),
        (406, "get", INCIDENTS, {"Accept": "text/csv"}),
        (415, "post", INCIDENTS, {"Content-Type": "text/csv"}),
        (301, "get", "/api/v1/incidents", {}),
    ],
)
def test_no_answer_of_the_api_may_be_stored(status, method, url, headers):
    """Not even a refusal, which repeats what was sent and says what a token may see."""
    client, own = Client(raise_request_exception=False), {"Authorization": f"Bearer {make_api_token(an_agent())}"}
    response = client.generic(method.upper(), url, "x", headers.get("Content-Type", ""), headers=own | headers)

    assert (response.status_code, response["Cache-Control"]) == (status, "no-store")


def test_a_failure_of_the_api_may_not_be_stored(monkeypatch):
    monkeypatch.setattr("incidents.api.views.NewestFirstPagination", None)
    client, token = Client(raise_request_exception=False), make_api_token(an_agent())
    response = client.get(INCIDENTS, headers={"Authorization": f"Bearer {token}"})

    assert (response.status_code, response["Cache-Control"]) == (500, "no-store")


@pytest.mark.parametrize("path", [INCIDENTS, "/declarer/"])
def test_a_refusal_of_the_gate_is_neither_stored_nor_framed_nor_sniffed(path):
    safe_headers = {
        (b"cache-control", b"no-store"),
        (b"content-security-policy", b"default-src 'none'; frame-ancestors 'none'"),
        (b"x-content-type-options", b"nosniff"),
    }
    for headers in (make_types_refusal(path, NOT_UTF8_TEXT)[1], TOO_SLOW[1], NO_SLOT[1], NO_TRACE[1]):
        assert safe_headers <= set(headers)


def test_no_request_is_traced():
    """The lists of Django's admin answer TRACE as they answer GET."""
    messages = []

    async def send(message):
        messages.append(message)

    request = {"type": "http", "method": "TRACE", "path": "/admin/", "headers": [], "query_string": b""}
    asyncio.run(Gate(None, threads=1)(request, None, send))
    assert messages[0]["status"] == 405


@pytest.mark.parametrize("version", ["%0d%0aX:1", "%00", "v2"])
def test_the_description_of_the_api_has_one_version(version):
    response = Client(raise_request_exception=False).get(f"/api/schema/?version={version}")

    assert response.status_code == 200
    assert response["Content-Disposition"] == 'inline; filename="Tocsin (v1).yaml"'
    assert b"/api/v1/incidents/" in response.content
