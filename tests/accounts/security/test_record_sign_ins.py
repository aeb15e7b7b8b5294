"""Each sign-in, each failed one, and each change of what opens an account is a security event, recorded once."""

import re
import time
from datetime import timedelta

import pytest
import time_machine
from allauth.mfa.totp.internal.auth import format_hotp_value, hotp_value
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from accounts.enums import LinkPurpose, Role
from accounts.models import SecurityEvent, User
from accounts.services.links import answer_password_requests, make_link, send_link
from accounts.services.recovery_codes import make_recovery_codes
from accounts.session_limits import SESSION_UID
from accounts.tokens import derive_link_token
from tests.accounts.security.events import is_about, list_events
from tests.cast import (
    PASSWORD,
    a_lead,
    a_person,
    a_responder,
    an_agent,
    breizh_cyber,
    code_of,
    sign_in_by_password,
    signed_in,
)

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("empty_cache")]
NEW_PASSWORD = "une-autre-phrase-bien-longue"
PAGE = {"Accept": "text/html"}


def post_password(client, address, password=PASSWORD):
    return client.post("/connexion/", {"login": address, "password": password})


def test_a_sign_in_with_a_password_is_recorded(client):
    agent = an_agent()
    assert post_password(client, agent.email).status_code == 302
    assert list_events() == [("sign_in", "done", "password")]
    assert is_about(agent)
    event = SecurityEvent.objects.get()
    assert re.fullmatch(r"[0-9a-f]{12}", event.source)
    assert timezone.now() - event.at < timedelta(minutes=1)


def test_a_sign_in_with_a_second_factor_names_it(client):
    responder = a_responder()
    codes = make_recovery_codes(responder)
    for number, code in enumerate((code_of(responder), codes[0])):
        post_password(client, responder.email)
        assert len(list_events()) == 2 * number, "a password alone signs nobody in"
        assert client.post("/connexion/code/", {"code": code}).status_code == 302
        assert is_about(responder)
        client.post("/deconnexion/")
    assert list_events() == [
        *[("sign_in", "done", "totp"), ("sign_out", "done", "")],
        *[("sign_in", "done", "recovery_codes"), ("sign_out", "done", "")],
    ]


def test_a_wrong_password_is_recorded_with_its_account_if_there_is_one(client):
    agent, closed = an_agent(), an_agent()
    User.objects.filter(pk=closed.pk).update(is_active=False)
    for address, password, person in (
        (agent.email, "faux", agent),
        (closed.email, PASSWORD, closed),
        ("inconnu@demo.example", "faux", None),
    ):
        assert post_password(client, address, password).status_code == 422
        assert is_about(person)
    assert list_events() == [("sign_in", "failed", "password")] * 3


def test_a_wrong_password_costs_the_same_for_an_address_without_account():
    """The time of the answer would otherwise tell who has an account."""
    works = []
    for address in (an_agent().email, "inconnu@demo.example"):
        with CaptureQueriesContext(connection) as queries:
            post_password(Client(), address, "faux")
        works.append([query["sql"].split()[0] for query in queries])
    assert works[0] == works[1]
    assert works[0].count("INSERT") == 1


def test_a_sign_in_that_the_limit_refuses_is_recorded(client):
    agent = an_agent()
    for _ in range(5):
        post_password(client, agent.email, "faux")
    assert post_password(client, agent.email).status_code == 422
    assert list_events()[-1] == ("sign_in", "refused", "password")
    assert is_about(agent)


def test_a_wrong_second_factor_and_one_too_many_are_recorded(client):
    responder = a_responder()
    post_password(client, responder.email)
    for _ in range(5):
        client.post("/connexion/code/", {"code": "000000"})
    assert list_events() == [("second_factor", "failed", "code")] * 5
    client.post("/connexion/code/", {"code": code_of(responder)})
    assert list_events()[-1] == ("second_factor", "refused", "code")
    assert is_about(responder)


def test_a_malformed_passkey_is_recorded(client):
    responder = a_responder()
    client.post("/connexion/cle/", {"credential": "{}"})
    assert is_about(None)
    post_password(client, responder.email)
    client.post("/connexion/code/", {"credential": "{}"})
    assert is_about(responder)
    assert list_events() == [("sign_in", "failed", "passkey"), ("second_factor", "failed", "webauthn")]


def test_a_proof_of_identity_is_recorded_right_or_wrong(client):
    responder = a_responder()
    client.force_login(responder)
    client.post("/compte/confirmer/", {"password": "faux"})
    client.post("/compte/confirmer/", {"password": PASSWORD})
    client.post("/compte/confirmer/code/", {"code": "000000"})
    client.post("/compte/confirmer/code/", {"code": code_of(responder)})
    assert list_events() == [
        *[("identity_proof", "failed", "password"), ("identity_proof", "done", "password")],
        *[("identity_proof", "failed", "code"), ("identity_proof", "done", "code")],
    ]
    assert is_about(responder)


def test_the_limit_of_proofs_is_recorded(client):
    client.force_login(a_responder())
    for _ in range(5):
        client.post("/compte/confirmer/", {"password": "faux"})
    client.post("/compte/confirmer/", {"password": PASSWORD})
    assert list_events()[-1] == ("identity_proof", "refused", "password")
    for _ in range(5):
        answer = client.post("/compte/confirmer/", {"password": PASSWORD})
    assert answer.status_code == 429
    assert list_events()[-1] == ("limit_reached", "refused", "account_reauthenticate")


@pytest.mark.parametrize("address", ["/deconnexion/", "/admin/logout/"])
def test_signing_out_is_recorded_by_each_door(client, address):
    responder = a_responder()
    client.force_login(responder)
    assert client.post(address).headers["Location"] == "/"
    assert client.post(address).status_code == 302
    assert list_events() == [("sign_out", "done", "")]
    assert is_about(responder)


def test_a_session_that_its_owner_ends_is_recorded(client):
    agent, other = an_agent(), Client()
    client.force_login(agent)
    signed_in(other, agent)
    ended = other.session[SESSION_UID]
    client.post(f"/compte/sessions/{ended}/terminer/")
    client.post(f"/compte/sessions/{ended}/terminer/")
    signed_in(Client(), agent)
    client.post("/compte/sessions/autres/terminer/")
    assert list_events() == [("session_ended", "done", "owner")] * 2
    assert is_about(agent)


@pytest.mark.parametrize(("delay", "reason"), [({"minutes": 31}, "idle"), ({"hours": 12}, "absolute")])
@pytest.mark.usefixtures("short_limits")
def test_a_session_that_ends_by_itself_is_recorded_once_it_is_noticed(client, settings, delay, reason):
    settings.SESSION_IDLE_LIMIT = timedelta(minutes=30) if reason == "idle" else timedelta(hours=13)
    responder = a_responder()
    client.force_login(responder)
    with time_machine.travel(timezone.now() + timedelta(**delay), tick=False):
        client.get("/admin/incidents/incident/etat/", headers={"X-Timer": "1"})
        assert list_events() == [], "a script may ask again and again"
        client.get("/compte/", headers=PAGE)
        client.get("/compte/", headers=PAGE)
    assert list_events() == [("session_ended", "done", reason)]
    assert is_about(responder)


def test_a_session_that_passed_no_factor_is_recorded_as_ended(client):
    responder = a_responder()
    sign_in_by_password(client, responder)
    client.get("/compte/")
    assert list_events() == [("session_ended", "done", "no_factor")]
    assert is_about(responder)


def test_a_new_password_is_recorded(client):
    agent = an_agent()
    client.force_login(agent)
    fields = {"password1": NEW_PASSWORD, "password2": NEW_PASSWORD}
    client.post("/compte/mot-de-passe/", fields | {"oldpassword": "faux"})
    client.post("/compte/mot-de-passe/", fields | {"oldpassword": PASSWORD, "password2": "autre"})
    client.post("/compte/mot-de-passe/", fields | {"oldpassword": PASSWORD})
    assert list_events() == [("password_changed", "failed", "page"), ("password_changed", "done", "page")]
    assert is_about(agent)


def test_a_lost_password_is_recorded_as_it_is_asked_sent_and_chosen(client):
    agent = an_agent()
    for address in (agent.email, "inconnu@demo.example"):
        client.post("/mot-de-passe/", {"email": address})
        assert is_about(None), "the page looks for no account"
    answer_password_requests()
    assert is_about(agent)
    link = make_link(LinkPurpose.PASSWORD, user=agent, made_by=None)
    assert client.post(f"/acces/{derive_link_token(link)}/", {"password": NEW_PASSWORD}).status_code == 200
    assert list_events() == [
        *[("password_link", "done", "requested")] * 2,
        ("password_link", "done", "sent_password"),
        ("password_changed", "done", "link"),
    ]
    assert is_about(agent)


def test_one_lost_password_too_many_is_recorded(client):
    for _ in range(4):
        client.post("/mot-de-passe/", {"email": "inconnu@demo.example"})
    assert list_events()[-1] == ("limit_reached", "refused", "lost_password")


def test_a_link_that_somebody_else_sends_names_both(lead, client):
    responder = a_responder()
    client.post(f"/equipe/{responder.uid}/lien/")
    assert list_events() == [("password_link", "done", "sent_password")]
    assert is_about(responder, actor=lead)


def test_the_welcome_of_a_new_account_is_recorded():
    user = User.objects.create_user("nour@demo.example", display_name="")
    send_link(LinkPurpose.WELCOME, user=user, made_by=None)
    assert list_events() == [("password_link", "done", "sent_welcome")]


def test_factors_that_come_and_go_are_recorded(client):
    responder = a_person(Role.RESPONDER, csirt=breizh_cyber(), enrolled=False)
    post_password(client, responder.email)
    secret = client.get("/compte/application/").context["form"].secret
    code = format_hotp_value(hotp_value(secret, int(time.time()) // 30))
    assert client.post("/compte/application/", {"code": code}).status_code == 200
    client.post("/compte/codes-de-secours/nouveaux/")
    responder.membership_set.update(ended_on=timezone.localdate())
    client.post("/compte/application/retirer/")
    assert list_events() == [
        ("sign_in", "done", "password"),
        ("factor_added", "done", "totp"),
        ("codes_renewed", "done", ""),
        ("factor_removed", "done", "totp"),
    ]
    assert is_about(responder)


def test_a_factor_that_a_lead_resets_is_recorded_once(lead, client):
    responder = a_responder()
    for _click in range(2):
        client.post(f"/equipe/{responder.uid}/second-facteur/")
    assert list_events() == [("factor_reset", "done", "")]
    assert is_about(responder, actor=lead)


def test_two_people_of_one_building_are_told_apart_and_their_address_is_one(client):
    for person in (a_lead(), an_agent()):
        post_password(Client(), person.email, "faux")
    first, second = SecurityEvent.objects.order_by("id")
    assert first.person != second.person
    assert first.source == second.source
