"""The door of the reports: asked for by whoever comes first, made once by a task, then the same bytes for ever."""

import re
from contextlib import closing
from datetime import timedelta

import pytest
import time_machine
from django.db import ProgrammingError, connection, transaction
from django.test import Client
from django.utils import timezone
from selectolax.lexbor import LexborHTMLParser

from collectivities.models import Region
from incidents.enums import PaperState
from stats.locks import REPORTS_LOCK
from stats.models import Report
from stats.reports import making
from stats.tasks import make_reports
from tests.cast import a_lead
from tests.stats.blocks import a_release, block, bodies_of, everything, quarter, year

pytestmark = pytest.mark.django_db

HOME = "/statistiques/publications/1/rapports"
FRANCE = f"{HOME}/france/2025/"
BRETAGNE = f"{HOME}/53/2025/"
FOR_EVER = "public, max-age=31536000, immutable"


@pytest.fixture(autouse=True)
def release():
    return a_release(*everything(2025), until=year(2025)[1], bodies=bodies_of(2025))


def text(response):
    body = LexborHTMLParser(response.content).css_first("main").text(separator=" ")
    return " ".join(body.replace("\xa0", " ").split())


def fails(*args, **kwargs):
    raise ValueError


def fail(monkeypatch):
    """Three tries of which none gives anything."""
    monkeypatch.setattr(making, "typeset", fails)
    for tries in range(making.MOST_TRIES + 1):
        with time_machine.travel(timezone.now() + tries * making.LEASE):
            make_reports()
    monkeypatch.undo()


def test_it_works(client):
    link = LexborHTMLParser(client.get("/statistiques/?region=53").content).css_first('a[href*="rapports"]')
    assert (link.text(), link.attributes["href"]) == ("Rapport (PDF)", f"{BRETAGNE}pdf/")
    assert client.get(f"{BRETAGNE}pdf/")["Location"] == BRETAGNE
    assert "Le rapport se prépare" in text(client.get(BRETAGNE))
    make_reports()
    assert "Le rapport est prêt" in text(client.get(BRETAGNE))
    answer = client.get(f"{BRETAGNE}pdf/")
    assert answer.content.startswith(b"%PDF-1.7")
    assert answer["Content-Type"] == "application/pdf"
    assert answer["Content-Disposition"] == 'attachment; filename="rapport-bretagne-2025-publication-1.pdf"'
    assert (answer["Cache-Control"], answer["X-Content-Type-Options"]) == (FOR_EVER, "nosniff")


def test_the_page_needs_no_script_and_moves_by_itself_where_there_is_one(client):
    page = LexborHTMLParser(client.get(FRANCE).content)
    assert page.css_first("main a").attributes["href"] == FRANCE
    assert page.css_first("[data-waits]") is not None
    assert page.css_first("meta[http-equiv]") is None


def test_whoever_holds_it_costs_no_query(client, django_assert_num_queries):
    client.get(FRANCE)
    make_reports()
    answer = client.get(f"{FRANCE}pdf/")
    with django_assert_num_queries(0):
        held = client.get(f"{FRANCE}pdf/", headers={"If-None-Match": answer["ETag"]})
    assert (held.status_code, held.content, held["Cache-Control"]) == (304, b"", FOR_EVER)


def test_what_is_not_made_is_kept_by_nobody(client):
    assert client.get(f"{FRANCE}pdf/")["Cache-Control"] == "no-store"
    assert "no-store" in client.get(FRANCE)["Cache-Control"]


def test_a_crowd_makes_one_report(client, monkeypatch):
    made = []

    def counted(*args, **kwargs):
        made.append(args)
        return b"%PDF"

    monkeypatch.setattr(making, "typeset", counted)
    for visitor in (Client(), Client()):
        for _ in range(50):
            visitor.get(f"{FRANCE}pdf/")
            visitor.get(FRANCE)
            visitor.post(FRANCE)
    assert Report.objects.count() == 1
    for _ in range(3):
        make_reports()
        client.get(f"{FRANCE}pdf/")
        client.post(FRANCE)
    assert len(made) == 1


def test_a_page_costs_few_queries(client, django_assert_max_num_queries):
    with django_assert_max_num_queries(10):
        client.get(FRANCE)
    with django_assert_max_num_queries(2):
        client.get(FRANCE)


def test_an_old_release_keeps_its_reports(client):
    client.get(FRANCE)
    make_reports()
    before = client.get(f"{FRANCE}pdf/").content
    a_release(block("quarters", quarter(2026, 1), 99), until=quarter(2026, 1)[1])
    assert client.get(f"{FRANCE}pdf/").content == before
    client.get(f"{BRETAGNE}pdf/")
    make_reports()
    assert client.get(f"{BRETAGNE}pdf/").content.startswith(b"%PDF")


def test_what_was_made_is_never_changed(client):
    client.get(FRANCE)
    make_reports()
    with pytest.raises(ProgrammingError, match="pgtrigger"), transaction.atomic():
        Report.objects.update(content=b"other")


# Failing


def test_one_that_failed_may_be_asked_again(client, monkeypatch):
    client.get(FRANCE)
    fail(monkeypatch)
    assert Report.objects.get().state == PaperState.FAILED
    for _ in range(2):
        shown = text(client.get(FRANCE))
        assert "Le rapport n’a pas pu être fait" in shown
        assert "Demander de nouveau le rapport" in shown
    assert client.get(f"{FRANCE}pdf/")["Location"] == FRANCE
    assert client.post(FRANCE)["Location"] == FRANCE
    assert "Le rapport se prépare" in text(client.get(FRANCE))
    with time_machine.travel(timezone.now() + 4 * making.LEASE):
        make_reports()
    assert client.get(f"{FRANCE}pdf/").content.startswith(b"%PDF")


def test_when_no_worker_runs_the_page_says_so(client):
    client.get(FRANCE)
    with time_machine.travel(timezone.now() + timezone.timedelta(minutes=6)):
        shown = text(client.get(FRANCE))
        assert "Le rapport tarde" in shown
        assert "rien ne dit qu’il se prépare" in shown
        client.post(FRANCE)
        assert "Le rapport se prépare" in text(client.get(FRANCE))
        make_reports()
    assert "Le rapport est prêt" in text(client.get(FRANCE))


def test_a_worker_that_dies_is_followed_by_another(client, monkeypatch):
    client.get(FRANCE)

    def dies(*args, **kwargs):
        raise SystemExit

    monkeypatch.setattr(making, "typeset", dies)
    with pytest.raises(SystemExit):
        make_reports()
    monkeypatch.undo()
    make_reports()
    assert Report.objects.get().state == PaperState.ASKED
    with time_machine.travel(timezone.now() + making.LEASE):
        make_reports()
    assert (Report.objects.get().state, Report.objects.get().tries) == (PaperState.MADE, 2)


def test_one_worker_at_a_time_makes_reports(client):
    """The others are for the mails of an emergency."""
    client.get(f"{BRETAGNE}pdf/")
    other = connection.copy()
    with closing(other), other.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_lock(%s)", [REPORTS_LOCK])
        make_reports()
        assert "Le rapport se prépare" in text(client.get(BRETAGNE))
        # A connection that closes gives its locks back a moment later.
        cursor.execute("SELECT pg_advisory_unlock(%s)", [REPORTS_LOCK])
    make_reports()
    assert "Le rapport est prêt" in text(client.get(BRETAGNE))


def test_a_round_of_reports_is_short(client, monkeypatch):
    client.get(f"{BRETAGNE}pdf/")
    client.get(f"{FRANCE}pdf/")
    monkeypatch.setattr(making, "LONGEST_ROUND", timedelta(microseconds=1))
    make_reports()
    assert Report.objects.filter(state=PaperState.MADE).count() <= 1


def test_the_newest_release_is_made_first(client):
    """A robot that follows the links of all old releases keeps nobody waiting."""
    client.get(FRANCE)
    a_release(block("quarters", quarter(2026, 1), 99), until=quarter(2026, 1)[1])
    client.get(BRETAGNE)
    client.get("/statistiques/publications/2/rapports/france/2026-t1/")
    assert making.claim(timezone.now()).release.number == 2


def test_the_second_of_two_workers_changes_nothing(client, monkeypatch):
    client.get(FRANCE)
    slow = making.claim(timezone.now())
    with time_machine.travel(timezone.now() + making.LEASE):
        make_reports()
    made = bytes(Report.objects.get().content)
    monkeypatch.setattr(making, "typeset", lambda *args, **kwargs: b"other")
    assert making.attempt(slow) is False
    assert bytes(Report.objects.get().content) == made


def test_one_that_cannot_be_made_does_not_hold_up_the_others(client, monkeypatch):
    client.get(BRETAGNE)
    client.get(FRANCE)
    monkeypatch.setattr(making, "said_of", lambda asked: fails() if asked.region else {"title": "x"})
    monkeypatch.setattr(making, "typeset", lambda *args, **kwargs: b"%PDF")
    make_reports()
    states = dict(Report.objects.values_list("region__code", "state"))
    assert states == {"53": PaperState.ASKED, None: PaperState.MADE}


# Forged


FORGED = [
    *("publications/2/rapports/france/2025/", "publications/99999999999999999999/rapports/france/2025/"),
    *(f"publications/1/rapports/{place}/2025/" for place in ("999", "FRANCE", "5 3", "%00", "53%00", "٥٣", "-1", "'")),
    *(
        f"publications/1/rapports/france/{period}/"
        for period in ("2031", "0000", "2025-t5", "2025-t0", "2025-T1", "2025-t4", "25", "2025 ", "%00", "20２5", "x")
    ),
]


@pytest.mark.parametrize("path", FORGED)
@pytest.mark.parametrize("end", ["", "pdf/"])
def test_what_no_release_shows_is_not_asked_for(client, path, end):
    answer = client.get(f"/statistiques/{path}{end}")
    assert answer.status_code == 404
    assert client.post(f"/statistiques/{path}").status_code == 404
    assert not Report.objects.exists()
    shown = text(answer)
    assert "Ce rapport n’existe pas" in shown
    assert "La dernière publication est la n o 1. Ses années : 2025." in re.sub(r"\s+", " ", shown)


def test_the_page_of_what_is_not_there_leads_to_what_is(client):
    page = LexborHTMLParser(client.get(f"{HOME}/999/2025/").content)
    links = [link.attributes["href"] for link in page.css("main ul a")]
    assert len(links) == Region.objects.count() + 1
    assert f"{BRETAGNE}pdf/" in links
    assert {client.get(link).status_code for link in links} == {302}


def test_a_quarter_with_a_figure_has_a_report(client):
    assert client.get(f"{HOME}/france/2025-t1/pdf/").status_code == 302
    assert client.get(f"{HOME}/53/2025-t2/pdf/").status_code == 302
    assert client.get(f"{HOME}/94/2025-t2/pdf/").status_code == 404


# Where it is cited


def test_the_page_of_a_release_lists_its_reports(client):
    page = LexborHTMLParser(client.get("/statistiques/publications/1/").content)
    links = {link.attributes["href"] for link in page.css("main a")}
    assert {f"{FRANCE}pdf/", f"{BRETAGNE}pdf/"} <= links


def test_a_person_with_an_account_sees_the_same(client):
    client.force_login(a_lead())
    client.get(FRANCE)
    make_reports()
    assert client.get(f"{FRANCE}pdf/")["Cache-Control"] == FOR_EVER
