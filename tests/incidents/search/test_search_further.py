"""A search that matches more cases than a page shows, or than it reads, says so and links to the rest."""

import re
from datetime import timedelta
from html import unescape
from urllib.parse import parse_qs

import pytest
from django.utils import timezone

from incidents.models import Incident
from incidents.triage.search import finding
from incidents.triage.search import page as search_page
from tests.cast import declare
from tests.incidents.searching import URL, find_references, search
from tests.reading import find_link, read_markup

pytestmark = pytest.mark.django_db


def test_results_are_paged_and_the_page_says_when_more_match(client, responder, monkeypatch):
    monkeypatch.setattr(search_page, "PER_PAGE", 2)
    monkeypatch.setattr(finding, "MAX_FOUND", 5)
    monkeypatch.setattr(search_page, "MAX_FOUND", 5)
    for _ in range(6):
        declare(description="Alerte")

    page, listed = search(client, "alerte"), []
    assert not find_link(page, "prev")
    while True:
        listed += [hit.incident for hit in page.context["hits"]]
        if not find_link(page, "next"):
            break
        page = client.get(URL + find_link(page, "next"))

    assert len(listed) == len(set(listed)) == 5
    assert "Les 5 meilleurs dossiers" in read_markup(page)
    assert [hit.incident for hit in client.get(URL + find_link(page, "prev")).context["hits"]] == listed[2:4]
    assert search(client, "alerte", page="99").context["hits"] == search(client, "alerte").context["hits"]
    for wrong in ("x", "-1", "0", "٣", "9" * 50):
        assert search(client, "alerte", page=wrong).status_code == 200


@pytest.mark.parametrize("query", ["alerte", "type:rançongiciel"])
def test_a_search_that_stopped_early_links_to_older_cases(client, responder, monkeypatch, query):
    monkeypatch.setattr(finding, "COMMON_DEPTH", 2)
    monkeypatch.setattr(finding, "CASES_READ", 2)
    monkeypatch.setattr(finding, "COMMON_FROM", 1)
    old = [declare(description="Alerte") for _ in range(4)]
    for days, incident in enumerate(old):
        Incident.objects.filter(pk=incident.pk).update(received_at=timezone.now() - timedelta(days=30 * days))

    page = search(client, query)
    listed = {hit.incident for hit in page.context["hits"]}
    assert listed < set(old)
    [address] = re.findall(r'<a href="([^"]*)">Chercher dans les plus anciens</a>', read_markup(page))
    further = client.get(URL + unescape(address))
    assert {hit.incident for hit in further.context["hits"]} | listed == set(old)


def test_the_link_to_older_cases_keeps_the_query(client, responder, monkeypatch):
    monkeypatch.setattr(finding, "COMMON_DEPTH", 1)
    monkeypatch.setattr(finding, "COMMON_FROM", 1)
    for _ in range(3):
        declare(description="Une alerte par la clé usb")

    page = search(client, '-facture "clé usb" alerte -au:2020 au:2126-12-31')

    day = page.context["further"]["day"].isoformat()
    assert parse_qs(page.context["further"]["address"][1:]) == {"q": [f'-facture "clé usb" alerte -au:2020 au:{day}']}


def test_the_link_to_older_cases_keeps_the_first_day(client, responder, monkeypatch):
    monkeypatch.setattr(finding, "COMMON_DEPTH", 1)
    monkeypatch.setattr(finding, "COMMON_FROM", 1)
    for _ in range(3):
        declare(description="Alerte")

    page = search(client, f"alerte jour:{timezone.localdate():%Y-%m}")

    day = page.context["further"]["day"]
    query = f"alerte du:{day.replace(day=1).isoformat()} au:{day.isoformat()}"
    assert parse_qs(page.context["further"]["address"][1:]) == {"q": [query]}


def test_a_case_of_any_age_is_found_by_the_beginning_or_the_end_of_its_reference(client, responder):
    references = ["ABCD4567", "LMNPQRST"]
    cases = {reference: declare() for reference in references}
    for years, (reference, incident) in enumerate(cases.items()):
        received_at = timezone.now() - timedelta(days=365 * years)
        Incident.objects.filter(pk=incident.pk).update(reference=reference, received_at=received_at)
    expected = {
        "abcd": {"ABCD4567"},
        "lmnp": {"LMNPQRST"},
        "4567": {"ABCD4567"},
        "qrst": {"LMNPQRST"},
        "abcd -etat:clos": {"ABCD4567"},
    }
    assert {part: find_references(client, part) for part in expected} == expected
