"""The page of security events, for the administrator of the platform alone."""

import re
from datetime import timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from accounts.enums import Role, SecurityEventKind
from accounts.models import SecurityEvent, User
from accounts.security import admin, overview
from accounts.security.pseudonyms import list_pseudonyms, pseudonymise_account, seal_accounts
from accounts.security.wording import ROUTES
from tests.accounts.security.events import list_events
from tests.cast import a_lead, a_person, a_responder, an_agent, breizh_cyber, bretagne
from tests.reading import read_text
from tests.routes import list_route_names

pytestmark = pytest.mark.django_db
URL = "/admin/accounts/securityevent/"


def make_event(person=None, *, actor=None, hours=0, **fields):
    """Create an event of so many hours ago about this account."""
    values = {
        "kind": SecurityEventKind.SIGN_IN,
        "outcome": "done",
        "at": timezone.now() - timedelta(hours=hours),
        "person": pseudonymise_account(person),
        "actor": pseudonymise_account(actor),
        "sealed_accounts": seal_accounts(person, actor),
    }
    return SecurityEvent.objects.create(**values | fields)


def read_rows(answer):
    return [" ".join(read_text_of(cell) for cell in row) for row in list_cells(answer.content.decode())]


def list_cells(page):
    table = page.partition('id="result_list"')[2].partition("</table>")[0]
    return [
        re.findall(r"<t[dh][^>]*>(.*?)</t[dh]>", row, re.DOTALL)
        for row in re.findall(r"<tr>(.*?)</tr>", table, re.DOTALL)
    ][1:]


def read_text_of(markup):
    return re.sub(r"<[^>]+>", "", markup).replace("\N{NO-BREAK SPACE}", " ").strip()


def test_the_page_lists_the_newest_first_with_the_accounts_that_exist(administration):
    responder, lead = a_responder(), a_lead()
    make_event(responder, hours=2, detail="totp", source="0123456789ab")
    make_event(responder, actor=lead, kind="factor_reset", csirt=breizh_cyber())
    make_event(number=20, outcome="failed", hours=1, detail="password")
    page = administration.get(URL)
    for row, words in zip(
        read_rows(page),
        (
            ["Second facteur remis à zéro", responder.email, lead.email, "Breizh Cyber"],
            ["Connexion (20 fois)", "échoué", "par mot de passe"],
            ["Connexion", responder.email, "par application", "0123456789ab"],
        ),
        strict=True,
    ):
        assert [word for word in words if word not in row] == []
    assert f"/admin/accounts/user/{responder.pk}/change/" in page.content.decode()


def test_the_page_says_what_to_expect_while_nothing_is_recorded(administration):
    text = read_text(administration.get(URL))
    assert "Aucun événement n’est encore noté" in text
    assert "Ces derniers jours" not in text


def test_a_refused_page_has_words(administration):
    make_event(kind="access_refused", outcome="refused", detail="admin:accounts_user_changelist")
    (row,) = read_rows(administration.get(URL))
    assert "liste des comptes" in row
    assert "changelist" not in row


def test_each_page_that_has_words_exists():
    assert sorted(set(ROUTES) - {name.lower() for name in list_route_names()}) == []


def test_an_account_that_no_longer_exists_is_a_pseudonym(administration):
    gone = User(pk=999_999)
    make_event(gone)
    (row,) = read_rows(administration.get(URL))
    assert pseudonymise_account(gone) in row


def test_an_address_finds_the_events_of_its_account_and_the_search_is_an_event(administration):
    responder, other = a_responder(), an_agent()
    make_event(responder, hours=1)
    make_event(other, actor=responder, hours=1)
    make_event(other, hours=1)
    rows = read_rows(administration.get(URL, {"q": responder.email.upper()}))
    assert len(rows) == 3
    assert "Événements d’un compte consultés" in rows[0]
    assert all(responder.email in row for row in rows)
    assert list_events()[-1] == ("events_searched", "done", "")
    number = SecurityEvent.objects.count()
    assert read_rows(administration.get(URL, {"q": "inconnu@demo.example"})) == []
    assert SecurityEvent.objects.count() == number


def test_a_search_with_a_page_in_its_address_is_an_event_too(administration):
    responder = a_responder()
    make_event(responder)
    administration.get(URL, {"q": responder.email, "p": "1"})
    assert list_events()[-1] == ("events_searched", "done", "")


@pytest.mark.parametrize("sealed", ["abc", "é", "AAAA"])
def test_a_row_whose_accounts_are_damaged_is_shown_without_a_name(administration, sealed):
    make_event(sealed_accounts=sealed)
    assert len(read_rows(administration.get(URL))) == 1


def test_a_pseudonym_finds_the_events_of_its_account_or_of_its_address(administration):
    responder = a_responder()
    make_event(responder, source="0123456789ab")
    make_event(an_agent())
    for pseudonym in (list_pseudonyms(responder)[0], "0123456789AB"):
        (row,) = read_rows(administration.get(URL, {"q": pseudonym}))
        assert responder.email in row
    assert read_rows(administration.get(URL, {"q": "0123"})) == []


def test_events_are_filtered_by_kind_outcome_and_day(administration, time_machine):
    time_machine.move_to("2026-11-30T11:00:00+00:00", tick=False)
    make_event(kind="sign_in", outcome="failed", at="2026-11-29T22:59:59Z")
    make_event(kind="sign_in", outcome="failed", at="2026-11-29T23:00:00Z")  # midnight in Paris
    make_event(kind="sign_out", at="2026-11-30T10:00:00Z")
    for query, number in (
        ({}, 3),
        ({"kind__exact": "sign_in"}, 2),
        ({"outcome__exact": "failed"}, 2),
        ({"jour": "2026-11-30"}, 2),
        ({"jour": "2026-11-29"}, 1),
        ({"jour": "2026-11-30", "kind__exact": "sign_in", "outcome__exact": "failed"}, 1),
        ({"jour": "2026-01-01"}, 0),
    ):
        assert len(read_rows(administration.get(URL, query))) == number, query
    page = administration.get(URL, {"kind__exact": "sign_in", "q": "0123"}).content.decode()
    assert 'type="hidden" name="kind__exact" value="sign_in"' in page.partition('class="day-form"')[2]


@pytest.mark.parametrize("day", ["hier", "2026-02-31", "9999-12-31", "1" * 500, "2026-11-30T10:00"])
def test_a_day_that_is_none_leads_back_to_the_list(administration, day):
    assert administration.get(URL, {"jour": day}).headers["Location"].endswith("?e=1")


def test_the_counts_of_the_last_days_stand_above_the_list(administration, monkeypatch):
    make_event(hours=23, number=4)
    make_event(hours=2, outcome="failed")
    make_event(hours=26)
    make_event(hours=24 * 8)
    make_event(hours=25, kind="export")
    text = read_text(administration.get(URL))
    assert "Connexion 5 dont 1 sans succès 6 dont 1 sans succès" in text
    assert "Fichier téléchargé 0 1" in text
    for module in (overview, admin):
        monkeypatch.setattr(module, "MOST_COUNTED", 2)
    assert "parmi les 2 dernières lignes" in read_text(administration.get(URL))


@pytest.mark.parametrize("number", [2, 50])
def test_the_page_costs_ten_queries_whatever_its_length(administration, number):
    people = [a_responder(), an_agent()]
    for turn in range(number):
        make_event(people[turn % 2], actor=people[0], csirt=breizh_cyber(), hours=turn)
    administration.get(URL)
    with CaptureQueriesContext(connection) as queries:
        assert len(read_rows(administration.get(URL))) == number
    assert len(queries) <= 10
    assert not any("COUNT(*)" in query["sql"] for query in queries)


def test_a_long_list_is_read_page_after_page(administration):
    for number in range(60):
        make_event(hours=number)
    first = administration.get(URL)
    following = re.search(r'class="next" href="([^"]+)"', first.content.decode())[1]
    assert (len(read_rows(first)), len(read_rows(administration.get(URL + following)))) == (50, 10)


@pytest.mark.parametrize(
    ("make", "status"),
    [
        (a_lead, 403),
        (a_responder, 403),
        (an_agent, 302),
        (lambda: a_person(Role.NATIONAL), 302),
        (lambda: a_person(Role.ANALYST, region=bretagne()), 302),
    ],
    ids=["lead", "responder", "agent", "national", "analyst"],
)
def test_nobody_but_the_administrator_opens_the_page(client, make, status):
    client.force_login(make())
    assert client.get(URL).status_code == status


def test_nothing_is_added_changed_or_deleted_there(administration):
    event = make_event()
    for address in ("add/", f"{event.pk}/change/", f"{event.pk}/delete/", f"{event.pk}/history/"):
        assert administration.get(URL + address).status_code == 404
    administration.post(URL, {"action": "delete_selected", "_selected_action": event.pk, "post": "yes"})
    assert SecurityEvent.objects.filter(pk=event.pk).exists()
