"""The pages of the releases, and the feed that tells of them."""

import xml.etree.ElementTree as ET

import pytest
from django.db.models import Min
from selectolax.lexbor import LexborHTMLParser

from stats.exports import read_edition
from stats.models import Block, ReleaseBlock
from stats.published.reading import numbers_of, releases_told
from tests.cast import a_lead
from tests.stats.pages import Tables
from tests.stats.releases import first_release, second_release

HOME = "/statistiques/publications/"
ATOM = "{http://www.w3.org/2005/Atom}"


@pytest.fixture
def two(db):
    read_edition.cache_clear()
    return first_release(), second_release()


def test_each_number_is_read_with_the_release_in_which_it_came_first(two):
    """Also of an earlier release, which does not hold the later ones."""
    first = dict(ReleaseBlock.objects.values_list("block").annotate(Min("release__number")))
    for release in two:
        held = Block.objects.filter(releases=release, starts_on__year=2025).order_by("pk").values_list("pk", flat=True)
        numbers = numbers_of(release, 2025, None, releases_told())
        assert [one.since for one in numbers] == [first[key] for key in held]
        assert {one.since for one in numbers} == set(range(1, release.number + 1))


def feed_of(client):
    return ET.fromstring(client.get("/statistiques/publications.atom").content)  # noqa: S314 (our own)


def tables_on(client, path):
    parser = Tables()
    parser.feed(client.get(path).content.decode())
    return {name: [[cell.text for cell in row] for row in rows] for name, rows in parser.tables.items()}


def test_it_works(client, two):
    _head, *rows = tables_on(client, HOME)["Publications, la plus récente d’abord"]
    assert rows == [
        ["Publication no 2", "30 avril 2026", "31 mars 2026"],
        ["Publication no 1", "30 janvier 2026", "31 décembre 2025"],
    ]


def test_a_release_has_its_page(client, two):
    first, _second = two
    page = client.get(HOME + "1/")
    tree = LexborHTMLParser(page.content.decode())
    words = tree.text()
    assert "Parue le 30 janvier 2026. Données jusqu’au 31 décembre 2025." in words
    assert {first.digest, first.signature, first.verify_key} <= {code.text() for code in tree.css("dd code")}
    cited = tree.css_first(".cite").text()
    assert cited.startswith("Tocsin, Incidents déclarés par les collectivités, publication no 1 du 30 janvier 2026")
    assert HOME + "1/" in cited
    assert first.digest in cited
    files = [link.attributes["href"] for link in tree.css("#t-fichiers ~ tbody a")]
    assert files[0] == HOME + "1/tocsin-publication-1.zip"
    assert all(client.get(file).status_code == 200 for file in files)
    assert "C’est la première publication." in words


def test_a_release_says_what_changed(client, two):
    first, second = two
    head, *rows = tables_on(client, HOME + "2/")["Nombres, comparés à la publication précédente"]
    assert head == ["Mesure", "Inchangés", "Nouveaux"]
    before, after = (set(one.blocks.values_list("pk", flat=True)) for one in (first, second))
    said = [sum(int(row[column]) for row in rows) for column in (1, 2)]
    assert said == [len(before & after), len(after - before)]
    assert said[0] > 0
    assert said[1] > 0


def test_the_data_lead_to_the_last_release(client, two):
    response = client.get("/statistiques/donnees/")
    assert (response.status_code, response["Location"]) == (302, HOME + "2/")


def test_before_the_first_release(client, db):
    assert client.get("/statistiques/donnees/")["Location"] == HOME
    assert "Rien n’est encore publié" in client.get(HOME).content.decode()
    assert client.get(HOME + "1/").status_code == 404
    assert client.get("/statistiques/methode/").status_code == 200
    assert feed_of(client).findall(f"{ATOM}entry") == []


def test_the_feed_tells_of_each_release(client, two):
    response = client.get("/statistiques/publications.atom")
    assert response["Content-Type"] == "application/atom+xml; charset=utf-8"
    feed = feed_of(client)
    said = {link.attrib["rel"]: link.attrib["href"] for link in feed.findall(f"{ATOM}link")}
    assert said["self"] == "http://localhost:8000/statistiques/publications.atom"
    assert feed.find(f"{ATOM}author/{ATOM}name").text == "Tocsin"
    entries = feed.findall(f"{ATOM}entry")
    assert [entry.find(f"{ATOM}title").text for entry in entries] == [
        "Publication no 2, jusqu’au 31 mars 2026",
        "Publication no 1, jusqu’au 31 décembre 2025",
    ]
    assert [entry.find(f"{ATOM}id").text for entry in entries] == [
        f"http://localhost:8000{HOME}{number}/" for number in (2, 1)
    ]
    assert feed.find(f"{ATOM}updated").text == "2026-04-30T10:00:00+00:00"
    for name in ("id", "title", "updated", "link"):  # what RFC 4287 asks of each
        assert all(entry.find(ATOM + name) is not None for entry in entries), name


def test_the_feed_is_not_read_twice(client, two, django_assert_num_queries):
    etag = client.get("/statistiques/publications.atom")["ETag"]
    with django_assert_num_queries(1):
        assert client.get("/statistiques/publications.atom", headers={"If-None-Match": etag}).status_code == 304


@pytest.mark.parametrize("page", ["", "definitions/", "methode/", "publications/", "publications/1/"])
def test_the_pages_lead_to_the_feed(client, two, page):
    tree = LexborHTMLParser(client.get("/statistiques/" + page).content.decode())
    link = tree.css_first("head link[rel=alternate][type='application/atom+xml']")
    assert link.attributes["href"] == "/statistiques/publications.atom"


@pytest.mark.parametrize("page", ["definitions/", "methode/", "publications/", "publications/1/", "donnees/"])
def test_the_pages_are_the_same_for_everybody_and_cheap(client, two, page, django_assert_max_num_queries):
    with django_assert_max_num_queries(5):  # one of them asks whether this is a demonstration, once a minute
        response = client.get("/statistiques/" + page)
    assert response["Cache-Control"] == "max-age=300, public"


def test_the_page_of_somebody_is_kept_by_nobody_else(client, two):
    client.force_login(a_lead())
    response = client.get(HOME + "1/")
    assert response["Cache-Control"] == "max-age=300, private"
    assert "Cookie" in response["Vary"]


def test_the_pages_know_their_whole_address(client, two):
    """The short method at the foot of the figures leads to the long one."""
    tree = LexborHTMLParser(client.get("/statistiques/").content.decode())
    leads = {link.attributes["href"] for link in tree.css("main a")}
    assert {f"/statistiques/{page}/" for page in ("methode", "definitions", "publications")} <= leads
