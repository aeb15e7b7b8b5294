"""The addresses of the reports: the first visitor asks, a task makes the file once, then the same bytes are sent."""

from contextlib import closing
from datetime import timedelta

import pytest
import time_machine
from django.db import ProgrammingError, connection, transaction
from django.test import Client
from django.utils import timezone
from selectolax.lexbor import LexborHTMLParser

from core.locks import Lock
from incidents.enums import PaperState
from stats.disclosure.tables import Period
from stats.models import Release, Report
from stats.reports import making
from stats.reports.making import make_due_reports as make_reports
from tests.cast import a_lead
from tests.stats.printing import print_release, print_year, spread_tables

pytestmark = pytest.mark.django_db

# Publications 1 to 4 are the quarters.
HOME = "/statistiques/publications/5/rapports"
FRANCE = f"{HOME}/france/"
BRETAGNE = f"{HOME}/53/"
FOR_EVER = "public, max-age=31536000, immutable"


@pytest.fixture(autouse=True)
def release_of_2025() -> Release:
    return print_year(2025, 317)


def print_next_year():
    """Print publication 6."""
    return print_release(Period(2026), spread_tables(Period(2026), 90))


def read_text(response):
    body = LexborHTMLParser(response.content).css_first("main").text(separator=" ")
    return " ".join(body.replace("\xa0", " ").split())


def raise_error(*args, **kwargs):
    raise ValueError


def fail_each_try(monkeypatch):
    """Let each try to make the report fail."""
    monkeypatch.setattr(making, "typeset", raise_error)
    for tries in range(making.MAX_TRIES + 1):
        with time_machine.travel(timezone.now() + tries * making.LEASE):
            make_reports()
    monkeypatch.undo()


def test_a_report_is_asked_for_made_and_downloaded(client):
    link = LexborHTMLParser(client.get("/statistiques/?region=53").content).css_first('a[href*="rapports"]')
    assert (link.text(), link.attributes["href"]) == ("Rapport (PDF)", f"{BRETAGNE}pdf/")
    assert client.get(f"{BRETAGNE}pdf/")["Location"] == BRETAGNE
    assert "Le rapport se prépare" in read_text(client.get(BRETAGNE))
    make_reports()
    assert "Le rapport est prêt" in read_text(client.get(BRETAGNE))
    answer = client.get(f"{BRETAGNE}pdf/")
    assert answer.content.startswith(b"%PDF-1.7")
    assert answer["Content-Type"] == "application/pdf"
    assert answer["Content-Disposition"] == 'attachment; filename="rapport-bretagne-2025-publication-5.pdf"'
    assert (answer["Cache-Control"], answer["X-Content-Type-Options"]) == (FOR_EVER, "nosniff")


def test_the_page_links_to_the_report_without_a_script_and_waits_for_it_with_one(client):
    page = LexborHTMLParser(client.get(FRANCE).content)
    assert page.css_first("main a").attributes["href"] == FRANCE
    assert page.css_first("[data-waits]") is not None
    assert page.css_first("meta[http-equiv]") is None


def test_a_reader_who_has_the_report_costs_no_query(client, django_assert_num_queries):
    client.get(FRANCE)
    make_reports()
    answer = client.get(f"{FRANCE}pdf/")
    with django_assert_num_queries(0):
        again = client.get(f"{FRANCE}pdf/", headers={"If-None-Match": answer["ETag"]})
    assert (again.status_code, again.content, again["Cache-Control"]) == (304, b"", FOR_EVER)


def test_a_page_about_a_report_not_yet_made_is_not_cached(client):
    assert client.get(f"{FRANCE}pdf/")["Cache-Control"] == "no-store"
    assert "no-store" in client.get(FRANCE)["Cache-Control"]


def test_two_visitors_at_once_make_one_report(client, monkeypatch):
    calls = []

    def count_call(*args, **kwargs):
        calls.append(args)
        return b"%PDF"

    monkeypatch.setattr(making, "typeset", count_call)
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
    assert len(calls) == 1


def test_a_page_costs_few_queries(client, django_assert_max_num_queries):
    with django_assert_max_num_queries(10):
        client.get(FRANCE)
    with django_assert_max_num_queries(2):
        client.get(FRANCE)


def test_an_old_release_keeps_its_reports(client):
    client.get(FRANCE)
    make_reports()
    before = client.get(f"{FRANCE}pdf/").content
    print_next_year()
    assert client.get(f"{FRANCE}pdf/").content == before
    client.get(f"{BRETAGNE}pdf/")
    make_reports()
    assert client.get(f"{BRETAGNE}pdf/").content.startswith(b"%PDF")


def test_a_report_is_never_changed(client):
    client.get(FRANCE)
    make_reports()
    with pytest.raises(ProgrammingError, match="pgtrigger"), transaction.atomic():
        Report.objects.update(content=b"other")


# Failing


def test_a_report_that_failed_may_be_asked_for_again(client, monkeypatch):
    client.get(FRANCE)
    fail_each_try(monkeypatch)
    assert Report.objects.get().state == PaperState.FAILED
    for _ in range(2):
        text = read_text(client.get(FRANCE))
        assert "Le rapport n’a pas pu être fait" in text
        assert "Demander de nouveau le rapport" in text
    assert client.get(f"{FRANCE}pdf/")["Location"] == FRANCE
    assert client.post(FRANCE)["Location"] == FRANCE
    assert "Le rapport se prépare" in read_text(client.get(FRANCE))
    with time_machine.travel(timezone.now() + 4 * making.LEASE):
        make_reports()
    assert client.get(f"{FRANCE}pdf/").content.startswith(b"%PDF")


def test_the_page_says_that_the_report_is_late_when_no_worker_runs(client):
    client.get(FRANCE)
    with time_machine.travel(timezone.now() + timezone.timedelta(minutes=6)):
        text = read_text(client.get(FRANCE))
        assert "Le rapport tarde" in text
        assert "rien ne dit qu’il se prépare" in text
        client.post(FRANCE)
        assert "Le rapport se prépare" in read_text(client.get(FRANCE))
        make_reports()
    assert "Le rapport est prêt" in read_text(client.get(FRANCE))


def test_another_worker_makes_the_report_of_a_worker_that_died(client, monkeypatch):
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


def test_a_report_that_waits_while_the_time_is_set_back_is_made(client):
    client.get(FRANCE)
    with time_machine.travel(timezone.now() - timezone.timedelta(hours=2)):
        make_reports()
    assert Report.objects.get().state == PaperState.MADE


def test_one_worker_at_a_time_makes_reports(client):
    """The others are for the mails of an emergency."""
    client.get(f"{BRETAGNE}pdf/")
    other = connection.copy()
    with closing(other), other.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_lock(%s)", [Lock.MAKE_REPORTS])
        make_reports()
        assert "Le rapport se prépare" in read_text(client.get(BRETAGNE))
        # A connection that closes gives its locks back a moment later.
        cursor.execute("SELECT pg_advisory_unlock(%s)", [Lock.MAKE_REPORTS])
    make_reports()
    assert "Le rapport est prêt" in read_text(client.get(BRETAGNE))


def test_one_task_makes_few_reports(client, monkeypatch):
    client.get(f"{BRETAGNE}pdf/")
    client.get(f"{FRANCE}pdf/")
    monkeypatch.setattr(making, "PASS_TIME_LIMIT", timedelta(microseconds=1))
    make_reports()
    assert Report.objects.filter(state=PaperState.MADE).count() <= 1


def test_the_newest_release_is_made_first(client):
    """A robot that follows the links of all old releases keeps nobody waiting."""
    client.get(FRANCE)
    print_next_year()
    client.get(BRETAGNE)
    client.get("/statistiques/publications/6/rapports/france/")
    assert making.claim_report(timezone.now()).release.number == 6


def test_a_worker_that_lost_its_lease_does_not_replace_a_report(client, monkeypatch):
    client.get(FRANCE)
    slow = making.claim_report(timezone.now())
    with time_machine.travel(timezone.now() + making.LEASE):
        make_reports()
    content = bytes(Report.objects.get().content)
    monkeypatch.setattr(making, "typeset", lambda *args, **kwargs: b"other")
    assert making.make_report(slow) is False
    assert bytes(Report.objects.get().content) == content


def test_a_report_that_fails_does_not_delay_the_others(client, monkeypatch):
    client.get(BRETAGNE)
    client.get(FRANCE)
    monkeypatch.setattr(
        making, "describe_report", lambda _release, region: raise_error() if region else {"title": "x"}
    )
    monkeypatch.setattr(making, "typeset", lambda *args, **kwargs: b"%PDF")
    make_reports()
    states = dict(Report.objects.values_list("region__code", "state"))
    assert states == {"53": PaperState.ASKED, None: PaperState.MADE}


# Prepared


def test_the_nation_and_each_region_with_a_number_are_prepared_after_a_year(release_of_2025):
    making.create_report_rows(release_of_2025)
    making.create_report_rows(release_of_2025)
    regions = set(Report.objects.values_list("region__code", flat=True))
    assert regions == {None, "11", "24", "27", "28", "32", "44", "52", "53", "75", "76", "84", "93"}
    assert Report.objects.count() == len(regions)


def test_nothing_is_prepared_after_a_quarter():
    making.create_report_rows(print_release(Period(2026, 1), spread_tables(Period(2026, 1), 90)))
    assert not Report.objects.exists()


def test_a_region_without_a_number_has_a_report_on_demand(client):
    assert client.get(f"{HOME}/94/pdf/").status_code == 302
    make_reports()
    assert client.get(f"{HOME}/94/pdf/").content.startswith(b"%PDF")


# Forged


PLACES = ["999", "FRANCE", "5 3", "%00", "53%00", "٥٣", "-1", "'", "984", "2025"]


@pytest.mark.parametrize("place", [*(f"5/rapports/{place}" for place in PLACES), f"{9**20}/rapports/france"])
@pytest.mark.parametrize("end", ["", "pdf/"])
def test_a_forged_address_asks_for_no_report(client, place, end):
    path = f"/statistiques/publications/{place}/"
    answer = client.get(f"{path}{end}")
    assert answer.status_code == 404
    assert client.post(path).status_code == 404
    assert not Report.objects.exists()
    text = read_text(answer)
    assert "Ce rapport n’existe pas" in text
    assert "La dernière année publiée est 2025, dans la publication n o 5." in text


def test_a_quarter_has_no_report(client):
    answer = client.get("/statistiques/publications/3/rapports/france/")
    assert answer.status_code == 404
    assert "La publication n o 3 est celle d’un trimestre : seules les années entières ont un rapport." in read_text(
        answer
    )


def test_the_page_of_an_unknown_report_links_to_those_that_exist(client):
    page = LexborHTMLParser(client.get(f"{HOME}/999/").content)
    links = [link.attributes["href"] for link in page.css("main ul a")]
    assert len(links) == 21  # the nation and the régions that have a line of their own
    assert links[0] == f"{FRANCE}pdf/"
    assert f"{BRETAGNE}pdf/" in links
    assert {client.get(link).status_code for link in links} == {302}


# Where it is cited


def test_the_page_of_a_release_lists_its_reports(client):
    page = LexborHTMLParser(client.get("/statistiques/publications/5/").content)
    links = {link.attributes["href"] for link in page.css("main a")}
    assert {f"{FRANCE}pdf/", f"{BRETAGNE}pdf/"} <= links


def test_a_person_with_an_account_gets_the_same_report(client):
    client.force_login(a_lead())
    client.get(FRANCE)
    make_reports()
    assert client.get(f"{FRANCE}pdf/")["Cache-Control"] == FOR_EVER
