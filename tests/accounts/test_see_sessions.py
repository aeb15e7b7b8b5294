"""People see the sessions of their account, and end them."""

from datetime import timedelta

import pytest
import time_machine
from django.contrib.sessions.backends.base import UpdateError
from django.contrib.sessions.exceptions import SessionInterrupted
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone
from selectolax.lexbor import LexborHTMLParser

from accounts.models import StoredSession
from accounts.session_limits import SIGNED_IN_AT
from tests.cast import PASSWORD, a_responder, an_agent, code_of, signed_in
from tests.reading import read_text

pytestmark = pytest.mark.django_db
SESSIONS = "/compte/sessions/"
FIREFOX = "Mozilla/5.0 (X11; Linux x86_64; rv:145.0) Gecko/20100101 Firefox/145.0"


def list_rows(client):
    """Return the text of each session on the page."""
    return [" ".join(row.text().split()) for row in LexborHTMLParser(client.get(SESSIONS).content).css(".people > li")]


def list_actions(client):
    """Return the addresses to which the buttons of the sessions post."""
    return [form.attributes["action"] for form in LexborHTMLParser(client.get(SESSIONS).content).css(".people form")]


def is_signed_in(client):
    return client.get("/compte/").status_code == 200


def sign_in_from(user, user_agent, address):
    client = Client(headers={"User-Agent": user_agent, "X-Forwarded-For": address})
    client.post("/connexion/", {"login": user.email, "password": PASSWORD})
    client.post("/connexion/code/", {"code": code_of(user)})
    return client


def test_a_person_sees_each_session_and_ends_one(client):
    responder = a_responder()
    with time_machine.travel("2026-11-16 09:30+01:00", tick=False):
        phone = sign_in_from(responder, FIREFOX, "198.51.100.7, 2001:db8::5")
    with time_machine.travel("2026-11-16 10:00+01:00", tick=False):
        client.force_login(responder)
        other = signed_in(Client(), an_agent())
        rows = list_rows(client)
        assert len(rows) == 2
        assert rows[0].startswith("Firefox sur Windows Ouverte le lundi 16 novembre")
        assert rows[0].endswith("cette session")
        assert rows[1].startswith("Firefox sur Linux Ouverte le lundi 16 novembre")
        assert "9 h 30" in rows[1].replace("\N{NO-BREAK SPACE}", " ")
        assert "l’adresse 2001:db8::5" in rows[1]
        (action,) = list_actions(client)
        assert "Terminer l’autre session" in read_text(client.get(SESSIONS))
        page = client.post(action, follow=True)
        assert "Cette session est terminée." in read_text(page)
        assert not is_signed_in(phone)
        assert is_signed_in(client)
        assert is_signed_in(other)
        assert len(list_rows(client)) == 1
        assert "Votre compte n’est ouvert nulle part ailleurs." in read_text(client.get(SESSIONS))
        page = client.post(action, follow=True)
        assert "Cette session était déjà terminée, ou elle a changé." in read_text(page), "a second click"


def test_a_session_is_ended_though_its_key_changed_since_the_list(client):
    responder = a_responder()
    client.force_login(responder)
    phone = signed_in(Client(), responder)
    (action,) = list_actions(client)
    phone.post("/compte/confirmer/", {"password": PASSWORD})
    assert "Cette session est terminée." in read_text(client.post(action, follow=True))
    assert not is_signed_in(phone)


@pytest.mark.parametrize("path", ["autres/terminer/", None])
def test_a_session_ended_during_its_confirmation_does_not_come_back(client, path):
    responder = a_responder()
    client.force_login(responder)
    phone = signed_in(Client(), responder)
    confirming = phone.session
    confirming["confirmed"] = True
    client.post(f"{SESSIONS}{path}" if path else list_actions(client)[0])
    with pytest.raises(SessionInterrupted):
        confirming.cycle_key()
    with pytest.raises(UpdateError):
        confirming.save()
    assert StoredSession.objects.count() == 1
    assert not is_signed_in(phone)


def test_no_proof_is_asked_to_sign_out(client):
    """An hour after signing in, ending other sessions asks for one, and ending one's own does not."""
    responder = a_responder()
    desk = signed_in(Client(), responder)
    with time_machine.travel(timezone.now() - timedelta(hours=1)):
        client.force_login(responder)
    assert client.post(f"{SESSIONS}autres/terminer/").headers["Location"].startswith("/compte/confirmer/")
    assert is_signed_in(desk)
    assert client.post("/deconnexion/").headers["Location"] == "/"
    assert not is_signed_in(client)


@pytest.mark.parametrize("act", ["end", "end_others", "confirm"])
def test_ending_and_confirming_lock_the_account(client, act):
    """A session that changes its key while others are ended would be missed."""
    responder = a_responder()
    client.force_login(responder)
    signed_in(Client(), responder)
    actions = {"end": list_actions(client)[0], "end_others": f"{SESSIONS}autres/terminer/"}
    with CaptureQueriesContext(connection) as queries:
        client.post(actions.get(act, "/compte/confirmer/"), {"password": PASSWORD})
    statements = [query["sql"] for query in queries]
    lock = next(number for number, sql in enumerate(statements) if "FOR NO KEY UPDATE" in sql)
    change = next(n for n, sql in enumerate(statements) if sql.startswith('DELETE FROM "accounts_storedsession"'))
    assert lock < change


def test_a_person_ends_all_other_sessions(client):
    responder = a_responder()
    client.force_login(responder)
    others = [signed_in(Client(), responder) for _number in range(3)]
    stranger = signed_in(Client(), an_agent())
    assert "Terminer toutes les autres sessions" in read_text(client.get(SESSIONS))
    page = client.post(f"{SESSIONS}autres/terminer/", follow=True)
    assert "Votre compte n’est plus ouvert que sur cet appareil." in read_text(page)
    assert [is_signed_in(each) for each in others] == [False, False, False]
    assert is_signed_in(client)
    assert is_signed_in(stranger)


def test_sessions_that_ended_hide_no_open_one(client, settings):
    """Their rows stay for two weeks: sixty of them are few for somebody who works at several desks."""
    settings.SESSION_ABSOLUTE_LIMIT = timedelta(hours=12)
    responder = a_responder()
    signed_in(Client(), responder)
    for _number in range(60):
        ended = signed_in(Client(), responder).session
        ended[SIGNED_IN_AT] = (timezone.now() - timedelta(hours=13)).timestamp()
        ended.save()
    client.force_login(responder)
    assert len(list_rows(client)) == 2


def test_nobody_ends_the_session_of_another_person(client):
    responder = a_responder()
    browser = signed_in(Client(), responder)
    client.force_login(responder)
    (action,) = list_actions(client)
    thief = signed_in(Client(), a_responder())
    thief.post(action)
    thief.post(f"{SESSIONS}autres/terminer/")
    assert is_signed_in(browser)


def test_the_page_shows_no_key_of_a_session(client):
    responder = a_responder()
    signed_in(Client(), responder)
    client.force_login(responder)
    page = client.get(SESSIONS).content.decode().replace("-", "")
    keys = StoredSession.objects.values_list("session_key", flat=True)
    assert len(keys) == 2
    assert not any(part in page for key in keys for part in (key[:16], key.encode().hex()[:16]))


def test_a_session_that_ended_is_not_listed(client, settings):
    settings.SESSION_IDLE_LIMIT = timedelta(minutes=30)
    responder, agent = a_responder(), an_agent()
    signed_in(Client(), responder)
    signed_in(Client(), agent)
    with time_machine.travel(timezone.now() + timedelta(minutes=31), tick=False):
        client.force_login(responder)
        assert len(list_rows(client)) == 1
        office = signed_in(Client(), agent)
        assert len(list_rows(office)) == 2, "people of a body have no limit"


def test_a_session_from_before_a_new_password_is_not_listed(client):
    agent = an_agent()
    signed_in(Client(), agent)
    agent.set_password("une autre phrase")
    agent.save()
    client.force_login(agent)
    assert len(list_rows(client)) == 1


def test_a_session_keeps_its_line_when_its_key_changes(client):
    """A confirmation gives another key, and so does a new password."""
    responder = a_responder()
    client.force_login(responder)
    desk = signed_in(Client(), responder)
    before = client.session.session_key
    client.post("/compte/confirmer/", {"password": PASSWORD})
    assert client.session.session_key != before
    assert StoredSession.objects.filter(user=responder).count() == len(list_rows(desk)) == 2
    desk.post(f"{SESSIONS}autres/terminer/")
    assert not is_signed_in(client)


def test_the_list_costs_the_same_at_every_length(client, django_assert_num_queries):
    responder = a_responder()
    for _number in range(60):
        signed_in(Client(), responder)
    client.force_login(responder)
    with django_assert_num_queries(4):  # the session, the person, the roles, the other sessions
        rows = list_rows(client)
    assert len(rows) == 51
    assert rows[0].endswith("cette session")


def test_a_session_that_says_nothing_of_itself_is_listed_and_ended(client):
    """A session from before this page, which nobody has used since."""
    responder = a_responder()
    old = signed_in(Client(), responder)
    session = old.session
    for name in ("signed_in_at", "session_uid", "device", "address"):
        del session[name]
    session.save()
    client.force_login(responder)
    row = list_rows(client)[1]
    assert row.startswith("Appareil inconnu Ouverte à une date inconnue, depuis une adresse inconnue.")
    assert is_signed_in(old)  # which gives it its limits
    assert "Ouverte à une date inconnue" in list_rows(client)[1]
    client.post(list_actions(client)[0])
    assert not is_signed_in(old)


def test_the_address_of_a_client_that_lies_is_not_kept():
    responder = a_responder()
    browser = sign_in_from(responder, "<script>", "<b>ici</b>")
    assert (browser.session["device"], browser.session["address"]) == ("", "")
