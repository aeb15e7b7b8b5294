"""The page that changes a password, while somebody else changes the account."""

from uuid import uuid4

import pytest
from django.contrib.auth.hashers import make_password
from django.test import Client

from accounts.enums import LinkPurpose
from accounts.models import AccessLink, User
from accounts.services.links import make_link
from accounts.views import factors
from tests.cast import PASSWORD, a_responder

pytestmark = pytest.mark.django_db
URL, NEW_PASSWORD = "/compte/mot-de-passe/", "une-autre-phrase-bien-longue"
FIELDS = {"oldpassword": PASSWORD, "password1": NEW_PASSWORD, "password2": NEW_PASSWORD}


@pytest.fixture
def person(client: Client) -> User:
    responder = a_responder()
    client.force_login(responder)
    return responder


def change_first(monkeypatch, person, **fields):
    """Save these fields of the account after the page has read it, and before it saves the password."""
    revoke_links = factors.revoke_links

    def revoke_links_after_the_change(*args):
        User.objects.filter(pk=person.pk).update(**fields)
        revoke_links(*args)

    monkeypatch.setattr(factors, "revoke_links", revoke_links_after_the_change)


def test_the_page_undoes_nothing_that_was_saved_meanwhile(client, person, monkeypatch):
    change_first(monkeypatch, person, display_name="Un autre nom")
    assert client.post(URL, FIELDS).headers["Location"] == "/compte/"
    saved = User.objects.get(pk=person.pk)
    assert saved.display_name == "Un autre nom"
    assert saved.check_password(NEW_PASSWORD)
    assert client.get("/compte/").status_code == 200


@pytest.mark.parametrize(
    "change",
    [
        {"password": make_password("une-troisieme-phrase-bien-longue"), "session_stamp": uuid4()},
        {"is_active": False},
    ],
    ids=["another password", "closed"],
)
def test_a_session_that_has_ended_meanwhile_changes_no_password(client, person, monkeypatch, change):
    """Nor does it revoke a link with which the person could set one."""
    make_link(LinkPurpose.PASSWORD, user=person, made_by=None)
    change_first(monkeypatch, person, **change)
    answer = client.post(URL, FIELDS)
    assert answer.headers["Location"] == "/connexion/"
    assert not User.objects.get(pk=person.pk).check_password(NEW_PASSWORD)
    assert AccessLink.objects.get().revoked_at is None
