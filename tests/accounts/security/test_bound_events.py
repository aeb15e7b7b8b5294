"""A burst of refusals is counted, and does not fill the disk; a row that cannot be written stops nobody."""

import logging

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from structlog.testing import capture_logs

from accounts.models import SecurityEvent, StoredSession
from accounts.security import record
from accounts.security.record import count_events_of_row
from tests.accounts.security.events import is_about, list_events
from tests.cast import PASSWORD, a_lead, a_responder, an_agent, declare, signed_in
from tests.incidents.triage_pages import case_url

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("empty_cache")]
FORBIDDEN, QUEUE = "/admin/accounts/user/", "/admin/incidents/incident/"


def sign_in(address, password=PASSWORD, **request):
    return Client().post("/connexion/", {"login": address, "password": password}, **request)


def test_a_burst_of_refused_requests_writes_few_rows_that_count_them(lead, client):
    for _request in range(85):
        client.get(FORBIDDEN)
    numbers = list(SecurityEvent.objects.order_by("id").values_list("number", flat=True))
    assert numbers == [1] * 10 + [10, 20, 40], "85 requests, of which the last five wait for the next row"


def test_the_line_of_the_log_is_bounded_as_the_row_is(lead, client):
    with capture_logs() as lines:
        for _request in range(40):
            client.get(FORBIDDEN)
    assert [line["number"] for line in lines if line["event"] == "security event"] == [1] * 10 + [10, 20]


def test_bursts_of_two_kinds_and_of_two_people_are_counted_apart(lead):
    for person in (lead, a_lead()):
        client = signed_in(Client(), person)
        for _request in range(12):
            client.get(FORBIDDEN)
        client.get("/admin/incidents/incident/ABCD2345/")
    assert [list_events().count(event) for event in sorted(set(list_events()))] == [20, 2]


def test_what_one_person_does_is_counted_for_that_person_and_not_for_the_address():
    """A whole town hall signs in from one address as its day begins."""
    for _person in range(12):
        assert sign_in(an_agent().email).status_code == 302
    assert list_events() == [("sign_in", "done", "password")] * 12


def test_many_addresses_together_write_few_rows_too(monkeypatch):
    """One row without a name stands for those that came after."""
    monkeypatch.setattr(record, "ROWS_OF_PROCESS", 5)
    for number in range(20):
        sign_in("inconnu@demo.example", "faux", REMOTE_ADDR=f"192.0.2.{number}")
    assert list_events() == [("sign_in", "failed", "password")] * 5 + [("overflow", "refused", "")] * 4
    numbers = [event.number for event in SecurityEvent.objects.filter(kind="overflow").order_by("id")]
    assert numbers == [1, 1, 2, 4], "the first one at once"
    assert set(SecurityEvent.objects.filter(kind="overflow").values_list("source", flat=True)) == {""}


def test_strangers_hide_nothing_that_is_refused_to_somebody_who_is_signed_in(monkeypatch, lead, client):
    monkeypatch.setattr(record, "ROWS_OF_PROCESS", 5)
    for number in range(20):
        sign_in("inconnu@demo.example", "faux", REMOTE_ADDR=f"192.0.2.{number}")
    before = len(list_events())
    client.force_login(lead)
    client.get(FORBIDDEN)
    assert list_events()[before:] == [("access_refused", "refused", "admin:accounts_user_changelist")]
    assert is_about(lead)


def test_what_is_refused_to_one_person_is_counted_for_that_person_and_not_for_the_address():
    """Nor may somebody get more rows from several addresses."""
    for person in (a_lead(), a_responder()):
        for number in range(12):
            client = signed_in(Client(REMOTE_ADDR=f"192.0.2.{number}"), person)
            client.get(FORBIDDEN)
    assert list_events() == [("access_refused", "refused", "admin:accounts_user_changelist")] * 20


def test_the_rows_of_a_process_are_counted_anew_each_minute(monkeypatch, time_machine):
    monkeypatch.setattr(record, "ROWS_OF_PROCESS", 1)
    for number, moment in enumerate(("10:00:01", "10:00:59", "10:01:01")):
        time_machine.move_to(f"2026-11-30T{moment}+00:00", tick=False)
        sign_in("inconnu@demo.example", "faux", REMOTE_ADDR=f"192.0.2.{number}")
    assert [kind for kind, _outcome, _detail in list_events()] == ["sign_in", "overflow", "sign_in"]


def test_refusals_are_bounded_while_the_cache_does_not_answer(monkeypatch, lead, client):
    monkeypatch.setattr(record, "count_up", lambda *_arguments, **_options: 0)
    monkeypatch.setattr(record, "ROWS_OF_PROCESS", 3)
    for _request in range(5):
        client.get(FORBIDDEN)
    assert [kind for kind, _outcome, _detail in list_events()] == ["access_refused"] * 3 + ["overflow"] * 2


def test_requests_that_reach_no_page_are_bounded_too(client):
    """Django refuses a wrong host name before the address of the sender is read."""
    for _request in range(12):
        assert client.get("/", headers={"host": "ailleurs.example"}).status_code == 400
    assert list_events() == [("request_refused", "refused", "")] * 10


def test_a_row_stands_for_as_many_events_as_came_since_the_last_one():
    rows = [count_events_of_row(count, 10) for count in range(1, 321)]
    assert sum(rows) == 320
    assert len([number for number in rows if number]) == 10 + 5


def test_recording_costs_one_insert_and_a_plain_page_none(client):
    responder, incident = a_responder(), declare()
    client.force_login(responder)
    for address, cost in ((case_url(incident), 0), ("/compte/", 0), (FORBIDDEN, 1), (f"{QUEUE}ABCD2345/", 1)):
        with CaptureQueriesContext(connection) as queries:
            client.get(address)
        inserts = [query["sql"] for query in queries if "accounts_securityevent" in query["sql"]]
        assert len(inserts) == cost, address
        assert all(insert.startswith("INSERT") for insert in inserts)


def test_a_row_that_cannot_be_written_is_logged_and_stops_nobody(monkeypatch):
    """The transaction of the act goes on, too."""
    agent = an_agent()
    monkeypatch.setattr(record, "seal_accounts", lambda *_users: "x" * 1_000)  # PostgreSQL refuses such a row
    with capture_logs() as lines:
        assert sign_in(agent.email).status_code == 302
    failure = {"event": "security event not recorded", "log_level": "error", "kind": "sign_in", "error": "DataError"}
    assert failure in lines
    assert StoredSession.objects.get().user == agent
    assert list_events() == []


def test_neither_rows_nor_lines_hold_an_address_a_password_or_a_name(client, caplog):
    """Nor what a stranger typed in the place of an address."""
    responder = a_responder()
    client.defaults["REMOTE_ADDR"] = "198.51.100.7"
    with caplog.at_level(logging.INFO):
        client.post("/connexion/", {"login": responder.email, "password": "tape-par-erreur"})
        client.post("/connexion/", {"login": "quelqu-un@mairie.example", "password": "tape-par-erreur"})
        client.post("/mot-de-passe/", {"email": "quelqu-un@mairie.example"})
        client.get("/api/v1/incidents/", headers={"Authorization": "Bearer tape-par-erreur"})
        client.force_login(responder)
        client.get("/admin/incidents/incident/tape-par-erreur/")
    rows = str(list(SecurityEvent.objects.values()))
    lines = "\n".join(str(entry.msg) for entry in caplog.records if entry.name == record.__name__)
    assert len(list_events()) == lines.count("'event': 'security event'") == 5
    people = (responder.email, responder.display_name, str(responder.uid), str(responder.session_stamp))
    for secret in ("tape-par-erreur", "quelqu-un", "198.51.100", *people):
        assert secret not in rows + lines
