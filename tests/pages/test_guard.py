"""Requests that reach no page: an address with a NUL, a large file."""

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client

from accounts.enums import Role
from tests.cast import a_lead, a_person, an_agent

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


@pytest.mark.parametrize("version", ["%0d%0aX:1", "%00", "v2"])
def test_the_description_of_the_api_has_one_version(version):
    response = Client(raise_request_exception=False).get(f"/api/schema/?version={version}")

    assert response.status_code == 200
    assert response["Content-Disposition"] == 'inline; filename="Tocsin (v1).yaml"'
    assert b"/api/v1/incidents/" in response.content
