"""Links sent by mail: a lost password, an account that was opened for somebody."""

import re
from contextlib import ExitStack, contextmanager
from datetime import timedelta
from unittest.mock import patch
from uuid import uuid4

import pytest
from django.contrib.auth.hashers import make_password
from django.core.cache import cache, caches
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from accounts.enums import LinkPurpose, MailKind, Role
from accounts.models import AccessLink, PasswordRequest, PendingMail, User
from accounts.services import links
from accounts.services.links import answer_password_requests, find_live_link, make_link, send_link, use_link
from accounts.tasks import send_mails
from accounts.tokens import derive_link_token, list_link_tokens
from config.logs import mask_text
from csirts.models import Csirt
from tests.accounts.lead_pages import make_link_path, post_invitation, read_plain_markup
from tests.cast import PASSWORD, a_lead, a_person, a_responder, an_agent, plouexemple, signed_in

pytestmark = pytest.mark.django_db
LOST = "/mot-de-passe/"
NEW = "une phrase assez longue"


@pytest.fixture(autouse=True)
def _nobody_has_asked() -> None:
    cache.clear()


def link_path(link):
    return f"/acces/{derive_link_token(link)}/"


def a_link(user, purpose=LinkPurpose.PASSWORD):
    return send_link(purpose, user=user, made_by=None)


def test_a_link_sent_by_mail_changes_a_lost_password(client):
    agent = an_agent()
    assert client.post(LOST, {"email": agent.email.upper()}).status_code == 200
    answer_password_requests()
    link = AccessLink.objects.get(user=agent)
    assert client.get(link_path(link)).status_code == 200
    assert client.post(link_path(link), {"password": NEW}).status_code == 200
    assert client.post("/connexion/", {"login": agent.email, "password": NEW}).status_code == 302
    assert list(PendingMail.objects.order_by("id").values_list("kind", flat=True)) == [
        MailKind.PASSWORD_LINK,
        MailKind.PASSWORD_CHANGED,
    ]


def test_a_new_password_does_not_replace_the_second_factor(client):
    responder = a_responder()
    client.post(link_path(a_link(responder)), {"password": NEW})
    answer = client.post("/connexion/", {"login": responder.email, "password": NEW})
    assert answer.headers["Location"] == "/connexion/code/"


def test_an_unknown_address_and_a_closed_account_get_the_same_answer_and_no_mail(client):
    agent, closed = an_agent(), an_agent()
    User.objects.filter(pk=closed.pk).update(is_active=False)
    pages = [
        client.post(LOST, {"email": email}).content.decode().replace(email, "…")
        for email in (agent.email, closed.email, "inconnu@demo.example")
    ]
    assert pages[0] == pages[1] == pages[2]
    answer_password_requests()
    assert not PasswordRequest.objects.exists()
    assert PendingMail.objects.get().user == agent


def test_asking_for_a_password_costs_the_same_for_each_address(client):
    """The time of the answer would otherwise tell who has an account. Times vary, so the work itself is compared."""
    known, closed = an_agent(), an_agent()
    User.objects.filter(pk=closed.pk).update(is_active=False)
    client.post(LOST, {"email": "premiere@demo.example"})  # which reads what is cached afterwards

    works = [list_work(client, email) for email in (known.email, closed.email, "inconnu@demo.example")]

    assert works[0] == works[1] == works[2]
    assert any("INSERT" in statement for statement in works[0])


def list_work(client, email):
    """Return the statements of the database and the operations of the cache that a request for this address runs."""
    with CaptureQueriesContext(connection) as queries, record_cache_calls() as calls:
        assert client.post(LOST, {"email": email}).status_code == 200
    statements = (re.sub(r'"s\d+_x\d+"', "…", query["sql"]) for query in queries)  # the names of savepoints
    return [*(statement.replace(email, "…").split("'")[0] for statement in statements), *calls]


@contextmanager
def record_cache_calls():
    """Yield the list of the operations of the cache that run in the block."""
    calls, backend = [], type(caches["default"])
    with ExitStack() as patches:
        for name in ("get", "set", "add", "incr", "delete"):
            original = getattr(backend, name)

            def record(self, *args, _name=name, _original=original, **options):
                calls.append(_name)
                return _original(self, *args, **options)

            patches.enter_context(patch.object(backend, name, record))
        yield calls


def test_a_password_is_asked_for_twice_and_sent_once(client):
    agent = an_agent()
    for _ in range(2):
        client.post(LOST, {"email": agent.email})
    send_mails()
    send_mails()
    assert PendingMail.objects.get().user == agent


def test_an_address_is_not_flooded(client):
    agent = an_agent()
    for _ in range(6):
        assert client.post(LOST, {"email": agent.email}).status_code == 200
        answer_password_requests()
    assert PendingMail.objects.count() == 3


def test_a_wrong_address_is_refused(client):
    answer = client.post(LOST, {"email": "pas une adresse"})
    assert answer.status_code == 422
    assert "pas une adresse" in answer.content.decode()
    assert "Un point à corriger" in answer.content.decode()
    assert "Le reste est gardé" not in answer.content.decode(), "the form has one field"


def test_a_link_works_once(client):
    agent = an_agent()
    link = a_link(agent)
    client.post(link_path(link), {"password": NEW})
    for again in (client.get(link_path(link)), client.post(link_path(link), {"password": "encore une autre phrase"})):
        assert again.status_code == 404
        assert "Ce lien ne sert plus" in again.content.decode()
    agent.refresh_from_db()
    assert agent.check_password(NEW)


def test_opening_the_page_does_not_use_up_the_link(client):
    link = a_link(an_agent())
    for _ in range(3):
        client.get(link_path(link))
    link.refresh_from_db()
    assert link.used_at is None


def test_a_newer_link_ends_the_older(client):
    agent = an_agent()
    older, newer = a_link(agent), a_link(agent)
    assert client.get(link_path(older)).status_code == 404
    assert client.get(link_path(newer)).status_code == 200


@pytest.mark.parametrize(("purpose", "lasts"), [("password", timedelta(hours=2)), ("welcome", timedelta(days=7))])
def test_a_link_expires(client, purpose, lasts):
    link = a_link(an_agent(), LinkPurpose(purpose))
    assert lasts - (link.expires_at - timezone.now()) < timedelta(seconds=10)
    AccessLink.objects.filter(pk=link.pk).update(expires_at=timezone.now() - timedelta(seconds=1))
    assert client.post(link_path(link), {"password": NEW}).status_code == 404


def test_an_altered_link_opens_nothing(client):
    token = derive_link_token(a_link(an_agent()))
    for altered in (token[:-1], token[::-1], token + "0", token.upper() + " ", "%00", "é"):
        assert client.get(f"/acces/{altered}/").status_code == 404


def test_a_closed_account_is_not_opened(client):
    agent = an_agent()
    link = a_link(agent)
    User.objects.filter(pk=agent.pk).update(is_active=False)
    assert client.post(link_path(link), {"password": NEW}).status_code == 404


@pytest.mark.parametrize("password", ["", "court", "123456789012", "motdepasse12"])
def test_a_weak_password_is_refused_and_the_link_stays(client, password):
    link = a_link(an_agent())
    assert client.post(link_path(link), {"password": password}).status_code == 422
    link.refresh_from_db()
    assert link.used_at is None


def test_a_new_password_ends_the_sessions(client):
    agent = an_agent()
    phone = Client()
    phone.post("/connexion/", {"login": agent.email, "password": PASSWORD})
    client.post(link_path(a_link(agent)), {"password": NEW})
    assert phone.get("/mes-dossiers/").status_code == 302


def test_the_secret_of_a_link_is_in_no_referer(client):
    """« strict-origin » names the site alone. The CSRF check of the form still finds the Origin that it compares."""
    link = a_link(an_agent())
    browser = Client(enforce_csrf_checks=True)
    page = browser.get(link_path(link))
    token = page.context["csrf_token"]
    fields = {"password": NEW, "csrfmiddlewaretoken": str(token)}
    used = browser.post(link_path(link), fields, headers={"Origin": "http://testserver"})
    for response in (page, used, client.get(link_path(link)), client.get(f"/equipe/adresse/confirmer/{'0' * 64}/")):
        assert response["Referrer-Policy"] == "strict-origin"
        assert "no-store" in response["Cache-Control"]
    assert used.status_code == 200


def test_a_link_cannot_be_derived_from_its_row_alone(client, settings):
    """The secret needs the server's key too."""
    link = a_link(an_agent())
    original = link_path(link)
    settings.SECRET_KEY = "another key of another server, long enough"
    assert derive_link_token(link) == ""
    assert list_link_tokens(link.nonce)[0] not in original
    assert link.nonce not in original


def test_a_new_password_ends_the_other_links(client):
    agent = an_agent()
    other = a_link(agent, LinkPurpose.WELCOME)
    client.post(link_path(a_link(agent)), {"password": NEW})
    assert client.get(link_path(other)).status_code == 404


def test_a_password_changed_with_the_old_one_ends_the_links_too(client):
    agent = an_agent()
    link = a_link(agent)
    client.force_login(agent)
    client.post("/compte/mot-de-passe/", {"oldpassword": PASSWORD, "password1": NEW, "password2": NEW})
    assert Client().get(link_path(link)).status_code == 404


def test_no_link_is_logged(client):
    """After a refused password the link still opens the account."""
    path = link_path(a_link(an_agent()))
    assert client.post(path, {"password": "court"}).status_code == 422
    assert mask_text(f"Unprocessable Content: {path}") == "Unprocessable Content: /acces/***"


def test_link_of_a_closed_account_says_that_it_is_closed(client):
    client.force_login(a_lead())
    person = an_agent()
    post_invitation(client, person.email)
    User.objects.filter(pk=person.pk).update(is_active=False)
    page = Client().get(make_link_path(AccessLink.objects.get()))
    assert page.status_code == 404
    assert f"Le compte de {person.email} est fermé" in read_plain_markup(page)
    assert "Cette adresse n’ouvre rien" not in read_plain_markup(page)
    assert "Demandez une autre invitation" not in read_plain_markup(page)


def test_person_who_accepts_while_signed_in_is_not_asked_to_sign_in(client):
    client.force_login(a_lead())
    person = an_agent()
    post_invitation(client, person.email)
    own = signed_in(Client(), person)
    invitation = make_link_path(AccessLink.objects.get())
    page = read_plain_markup(own.post(invitation))
    assert "Vous êtes de l’équipe de Breizh Cyber." in page
    assert "Connectez-vous" not in page
    assert '<a class="button button--large" href="/admin/">' in page
    assert "Connectez-vous" not in read_plain_markup(own.get(invitation))
    assert "Connectez-vous avec l’adresse" in read_plain_markup(Client().get(invitation))


def test_pages_of_a_link_contract_the_name_of_a_centre_with_its_preposition(client):
    client.force_login(a_lead())
    person = an_agent()
    post_invitation(client, person.email)
    Csirt.objects.filter(slug="breizh-cyber").update(name="CSIRT Exemple")
    path = make_link_path(AccessLink.objects.get())
    page = read_plain_markup(Client().get(path))
    assert "Rejoindre le CSIRT Exemple<" in page
    assert "à répondre aux dossiers du CSIRT Exemple." in page
    assert "Vous êtes de l’équipe du CSIRT Exemple." in read_plain_markup(Client().post(path))
    AccessLink.objects.update(used_at=None, revoked_at=timezone.now())
    assert "L’invitation à rejoindre le CSIRT Exemple a été retirée" in read_plain_markup(Client().get(path))


def test_an_invitation_undoes_no_password_that_was_chosen_meanwhile(monkeypatch):
    """Who accepts it keeps the password of the account, not the one that this request has read."""
    person = a_person(Role.AGENT, collectivity=plouexemple(insee_code="29998", name="Saint-Exemple", stem="saint"))
    link = make_link(LinkPurpose.INVITATION, user=person, made_by=None, collectivity=plouexemple())
    chosen = {"password": make_password(NEW), "session_stamp": uuid4()}

    def find_link_before_a_new_password(token, *, lock):
        live_link = find_live_link(token, lock=lock)
        User.objects.filter(pk=person.pk).update(**chosen)
        return live_link

    monkeypatch.setattr(links, "find_live_link", find_link_before_a_new_password)
    assert use_link(token=derive_link_token(link), display_name="Nour Exemple")
    assert User.objects.filter(pk=person.pk).values(*chosen).get() == chosen
