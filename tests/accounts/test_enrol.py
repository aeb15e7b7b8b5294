"""Enrolling a second factor, removing it, and confirming with it."""

import re
import time
from collections.abc import Callable, Iterator
from datetime import timedelta
from urllib.parse import parse_qs, urlsplit

import pytest
import time_machine
from allauth.mfa.models import Authenticator
from allauth.mfa.totp.internal.auth import format_hotp_value, hotp_value
from django.test import Client
from django.utils import timezone
from selectolax.lexbor import LexborHTMLParser

from accounts.enums import MailKind, Role
from accounts.models import PendingMail, User
from tests.cast import PASSWORD, a_person, a_responder, an_agent, breizh_cyber, code_of, plouexemple
from tests.reading import read_text

pytestmark = pytest.mark.django_db
NEW, RENEW = "/compte/application/", "/compte/codes-de-secours/nouveaux/"


@pytest.fixture
def new_responder(client: Client) -> User:
    """Return a responder who has just signed in with a password, for the first time."""
    responder = a_person(Role.RESPONDER, csirt=breizh_cyber(), enrolled=False)
    client.post("/connexion/", {"login": responder.email, "password": PASSWORD})
    return responder


@pytest.fixture
def later() -> Iterator[Callable[..., None]]:
    """Move the clock: `later(hours=1)`."""
    with time_machine.travel(timezone.now()) as clock:
        yield lambda **by: clock.shift(timedelta(**by))


def code_for(secret, steps=0):
    return format_hotp_value(hotp_value(secret, int(time.time()) // 30 + steps))


def enrol(client):
    secret = client.get(NEW).context["form"].secret
    return secret, client.post(NEW, {"code": code_for(secret)})


def read_codes(page):
    return [item.text(strip=True) for item in LexborHTMLParser(page.content).css("ol.codes li")]


def test_responder_enrols_an_application_and_gets_recovery_codes(client, new_responder):
    secret, answer = enrol(client)
    assert len(read_codes(answer)) == 10
    assert client.get("/admin/incidents/incident/").status_code == 200
    stored = Authenticator.objects.get(user=new_responder, type="totp").data["secret"]
    assert secret not in stored
    assert PendingMail.objects.get().kind == MailKind.FACTOR_ADDED


def test_the_recovery_codes_are_shown_once(client, new_responder):
    """The answer to the form shows them, and no other page."""
    codes = read_codes(enrol(client)[1])
    pages = [client.get(page, follow=True) for page in ("/compte/", "/compte/codes-de-secours/", RENEW)]
    assert not any(code[-11:] in read_text(page).replace(" ", "") for page in pages for code in codes)
    assert "Il en reste 10" in read_text(pages[0])


def test_the_qr_code_holds_the_key_of_the_page(client, new_responder):
    answer = client.get(NEW)
    page = answer.content.decode()
    url = urlsplit(answer.context["totp_url"])
    assert parse_qs(url.query) == {"secret": [answer.context["form"].secret], "issuer": ["Tocsin"]}
    assert "<svg" in page
    assert "data:" not in page


def test_a_wrong_code_enrols_nothing_and_keeps_the_key(client, new_responder):
    secret = client.get(NEW).context["form"].secret
    answer = client.post(NEW, {"code": "000000"})
    assert answer.status_code == 422
    assert answer.context["form"].secret == secret
    assert not Authenticator.objects.exists()
    assert client.get("/admin/").headers["Location"] == "/compte/"


def test_enrolling_renews_the_session_key(client, new_responder):
    before = client.session.session_key
    enrol(client)
    assert client.session.session_key != before


@pytest.mark.parametrize("proof", ["password", "code"])
def test_confirming_renews_the_session_key(client, proof):
    """Who knew the key from before does not gain the rights of the confirmation."""
    responder = a_responder()
    client.force_login(responder)
    before = client.session.session_key
    if proof == "password":
        answer = client.post("/compte/confirmer/", {"password": PASSWORD, "next": "/compte/"})
    else:
        answer = client.post("/compte/confirmer/code/", {"code": code_of(responder), "next": "/compte/"})
    assert answer.headers["Location"] == "/compte/"
    assert client.session.session_key != before
    assert not type(client.session)().exists(before)
    assert client.get("/compte/").status_code == 200


def test_a_responder_cannot_remove_the_last_second_factor(client):
    responder = a_responder()
    client.force_login(responder)
    assert "votre seul second facteur" in client.get("/compte/application/retirer/").content.decode()
    client.post("/compte/application/retirer/")
    assert Authenticator.objects.filter(user=responder, type="totp").exists()


def test_an_agent_may_remove_the_second_factor(client):
    agent = an_agent()
    client.post("/connexion/", {"login": agent.email, "password": PASSWORD})
    enrol(client)
    assert client.get("/mes-dossiers/").status_code == 200
    client.post("/compte/application/retirer/")
    assert not Authenticator.objects.exists()
    mail_kinds = PendingMail.objects.order_by("id").values_list("kind", flat=True)
    assert list(mail_kinds) == ["factor_added", "factor_removed"]


def test_the_key_is_shown_in_groups_of_four(client, new_responder):
    """The groups have no space between them, so that the key can be copied whole."""
    page = client.get(NEW)
    secret = page.context["form"].secret
    fours = [secret[i : i + 4] for i in range(0, len(secret), 4)]
    assert "<wbr>".join(f"<span>{four}</span>" for four in fours) in page.content.decode()


def test_the_password_is_asked_again_an_hour_after_signing_in(client, later):
    responder = a_responder()
    client.force_login(responder)
    later(hours=1)
    redirect = client.get("/compte/codes-de-secours/nouveaux/")
    assert redirect.headers["Location"].startswith("/compte/confirmer/?next=")
    page = client.get(redirect.headers["Location"]).content.decode()
    address, label = re.search(r'<a href="(/compte/confirmer/code/[^"]*)">([^<]*)</a>', page).groups()
    assert (client.get(address).status_code, label) == (200, "Avec un code")
    wrong = client.post(redirect.headers["Location"], {"password": "faux"})
    assert wrong.status_code == 422
    assert client.get("/compte/codes-de-secours/nouveaux/").status_code == 302
    client.post(redirect.headers["Location"], {"password": PASSWORD})
    assert client.get("/compte/codes-de-secours/nouveaux/").headers["Location"].startswith("/compte/confirmer/code/")


def test_a_code_confirms_instead_of_the_password(client, later):
    responder = a_responder()
    client.force_login(responder)
    later(hours=1)
    url = "/compte/confirmer/code/?next=/compte/jetons/nouveau/"
    assert client.post(url, {"code": code_of(responder)}).headers["Location"] == "/compte/jetons/nouveau/"
    assert client.get("/compte/jetons/nouveau/").status_code == 200


def test_confirming_never_redirects_to_another_site(client):
    client.force_login(a_responder())
    answer = client.post("/compte/confirmer/?next=https://piege.example/", {"password": PASSWORD})
    assert answer.headers["Location"] == "/admin/"


def test_change_the_password(client):
    agent = an_agent()
    client.force_login(agent)
    words = {"oldpassword": PASSWORD, "password1": "une phrase assez longue", "password2": "une phrase assez longue"}
    assert client.post("/compte/mot-de-passe/", words | {"oldpassword": "faux"}).status_code == 422
    short = words | {"password1": "court", "password2": "court"}
    assert client.post("/compte/mot-de-passe/", short).status_code == 422
    assert client.post("/compte/mot-de-passe/", words).status_code == 302
    agent.refresh_from_db()
    assert agent.check_password("une phrase assez longue")
    assert client.get("/mes-dossiers/").status_code == 200
    assert PendingMail.objects.get().kind == MailKind.PASSWORD_CHANGED


def test_people_of_a_body_are_asked_for_a_second_factor_until_they_have_one(client):
    """They are not made to: docs/decisions/0030-sign-in-with-allauth.md says why."""
    manager = a_person(Role.MANAGER, collectivity=plouexemple())
    client.post("/connexion/", {"login": manager.email, "password": PASSWORD})
    for page in (client.get("/mes-dossiers/"), client.get("/compte/")):
        assert "Votre compte n’a qu’un mot de passe" in read_text(page)
    enrol(client)
    for page in (client.get("/mes-dossiers/"), client.get("/compte/")):
        assert "Votre compte n’a qu’un mot de passe" not in read_text(page)


def test_a_manager_with_a_second_factor_is_asked_for_it(client):
    manager = a_person(Role.MANAGER, collectivity=plouexemple())
    client.post("/connexion/", {"login": manager.email, "password": PASSWORD})
    enrol(client)
    client.post("/deconnexion/")
    answer = client.post("/connexion/", {"login": manager.email, "password": PASSWORD})
    assert answer.headers["Location"] == "/connexion/code/"
    assert client.get("/mes-dossiers/").status_code == 302
