"""The pages of the releases and of the method, and the feed that tells of new ones."""

import xml.etree.ElementTree as ET

import pytest
from selectolax.lexbor import LexborHTMLParser

from stats.disclosure.draw import round_randomly
from stats.pages.method import list_method_paragraphs
from tests.cast import a_lead
from tests.stats.releases import save_next_release, save_year_of_releases

HOME = "/statistiques/publications/"
METHOD = "/statistiques/methode/"
ATOM = "{http://www.w3.org/2005/Atom}"
NEW_SECRET = "Un nouveau secret d’arrondi commence"


def read_tree(client, path):
    return LexborHTMLParser(client.get(path).content.decode())


def read_words(client, path):
    return " ".join(read_tree(client, path).css_first("main").text(separator=" ").replace("\xa0", " ").split())


def read_table(client, path, caption):
    table = next(node for node in read_tree(client, path).css("table") if node.css_first("caption").text() == caption)
    rows = table.css("tbody tr")
    return [[" ".join(cell.text(separator=" ").split()) for cell in row.css("th, td")] for row in rows]


def read_feed(client):
    return ET.fromstring(client.get("/statistiques/publications.atom").content)  # noqa: S314 (our own)


def test_releases_are_listed_newest_first(client, six_releases):
    assert read_table(client, HOME, "Publications, la plus récente d’abord") == [
        ["Publication n o 6", "1er trimestre 2026", "30 avril 2026"],
        ["Publication n o 5", "année 2025", "1er avril 2026"],
        ["Publication n o 4", "4e trimestre 2025", "30 janvier 2026"],
        ["Publication n o 3", "3e trimestre 2025", "30 octobre 2025"],
        ["Publication n o 2", "2e trimestre 2025", "30 juillet 2025"],
        ["Publication n o 1", "1er trimestre 2025", "30 avril 2025"],
    ]


def test_a_release_has_its_page(client, six_releases):
    year, _quarter = six_releases
    tree = read_tree(client, f"{HOME}5/")
    assert "Parue le 1er avril 2026. Elle ne changera plus." in tree.text()
    codes = {code.text() for code in tree.css("dd code")}
    assert codes == {year.digest, year.signature, year.verify_key, year.rounding_key}
    assert tree.css_first(".cite").text() == (
        "Tocsin, Incidents déclarés par les collectivités, année 2025, publication no 5 du 1er avril 2026, nombres "
        f"arrondis. http://localhost:8000{HOME}5/ Licence Ouverte 2.0. SHA-256 {year.digest}."
    )
    files = [link.attributes["href"] for link in tree.css("#t-fichiers ~ tbody a")]
    assert files[0] == f"{HOME}5/tocsin-publication-5.zip"
    assert all(client.get(file).status_code == 200 for file in files)
    assert NEW_SECRET not in tree.text()


def test_the_page_of_a_release_counts_the_cells_of_each_open_table(client, six_releases):
    """The table counts the cells that are numbers, dashes and not printed, but no bodies."""
    rows = {name: cells for name, *cells in read_table(client, f"{HOME}5/", "Cases de chaque tableau ouvert")}
    assert rows["Incidents vérifiés"] == ["1", "0", "0"]
    assert rows["Signalements vérifiés"] == ["0", "1", "0"]
    assert rows["Incidents vérifiés, par région"] == ["2", "19", "0"]
    assert rows["Incidents vérifiés, par mois"] == ["5", "7", "0"]
    assert rows["Incidents vérifiés, par région et par trimestre"] == ["4", "0", "80"]
    assert "Interruptions de service, par service public" not in rows


@pytest.mark.parametrize(
    ("number", "why"),
    [
        (
            5,
            "Trop peu de cas pour ce tableau. S’ouvre quand le total, arrondi, atteint 100 : "
            "« interruptions de service ».",
        ),
        (2, "Trop peu de cas pour ce tableau. S’ouvre quand le total, arrondi, atteint 40 : « incidents vérifiés »."),
    ],
)
def test_a_release_says_why_a_table_is_closed(client, six_releases, number, why):
    assert why in read_words(client, f"{HOME}{number}/")


def test_the_page_says_that_the_audit_closed_a_table(client, db):
    save_year_of_releases({"incidents_by_cause": None})
    assert "À côté des autres nombres, il en aurait trop dit : la vérification l’a fermé." in read_words(
        client, f"{HOME}5/"
    )


def test_a_table_whose_total_the_audit_closed_is_not_said_to_have_too_few_cases(client, db):
    save_year_of_releases(
        {"leaks": None, "leaks_by_status": None, "leaks_by_persons": None, "leaks_by_category": None}
    )
    words = read_words(client, f"{HOME}5/")
    assert words.count("la vérification l’a fermé") == 4


def test_a_crossing_without_a_frequent_category_is_not_said_to_be_closed_by_the_audit(client, db):
    few = dict.fromkeys(("phishing", "flaw", "supplier", "theft", "insider", "not_said"), 20)
    save_year_of_releases({"incidents_by_cause": few, "incidents_by_region_and_cause": None})
    words = read_words(client, f"{HOME}5/")
    assert "la vérification l’a fermé" not in words
    assert "Les catégories sont celles qui, en France, atteignent 40." in words


def test_the_page_says_that_the_long_list_replaces_the_short_one(client, db):
    save_year_of_releases(
        {"interruptions": {"": 100}, "interruptions_by_service": {"civil": 100}, "interruptions_by_family": None}
    )
    assert "« interruptions de service, par service public » paraît à sa place, avec plus de détail." in read_words(
        client, f"{HOME}5/"
    )


def test_a_new_secret_of_the_rounding_is_announced(client, db, settings):
    save_year_of_releases()
    settings.SECRET_KEY = "another secret, which is as long as the first one was"
    save_next_release()
    assert NEW_SECRET in read_words(client, f"{HOME}6/")
    assert NEW_SECRET not in read_words(client, f"{HOME}5/")
    assert NEW_SECRET not in read_words(client, f"{HOME}1/")


def test_the_address_of_the_data_redirects_to_the_last_year_or_else_the_last_release(client, db):
    assert client.get("/statistiques/donnees/")["Location"] == HOME
    save_next_release()
    assert client.get("/statistiques/donnees/")["Location"] == f"{HOME}1/"
    save_year_of_releases()
    assert client.get("/statistiques/donnees/")["Location"] == f"{HOME}6/"


def test_the_pages_say_that_nothing_is_published_yet(client, db):
    assert "Rien n’est encore publié" in read_words(client, HOME)
    assert client.get(f"{HOME}1/").status_code == 404
    assert client.get(METHOD).status_code == 200
    assert read_feed(client).findall(f"{ATOM}entry") == []


def test_the_feed_lists_each_release(client, six_releases):
    response = client.get("/statistiques/publications.atom")
    assert response["Content-Type"] == "application/atom+xml; charset=utf-8"
    feed = read_feed(client)
    links = {link.attrib["rel"]: link.attrib["href"] for link in feed.findall(f"{ATOM}link")}
    assert links["self"] == "http://localhost:8000/statistiques/publications.atom"
    assert feed.find(f"{ATOM}author/{ATOM}name").text == "Tocsin"
    entries = feed.findall(f"{ATOM}entry")
    assert [entry.find(f"{ATOM}title").text for entry in entries][:3] == [
        "Publication no 6 : 1er trimestre 2026",
        "Publication no 5 : année 2025",
        "Publication no 4 : 4e trimestre 2025",
    ]
    assert [entry.find(f"{ATOM}id").text for entry in entries] == [
        f"http://localhost:8000{HOME}{number}/" for number in (6, 5, 4, 3, 2, 1)
    ]
    assert feed.find(f"{ATOM}updated").text == "2026-04-30T10:00:00+00:00"
    for name in ("id", "title", "updated", "link"):  # what RFC 4287 asks of each
        assert all(entry.find(ATOM + name) is not None for entry in entries), name


def test_an_unchanged_feed_is_not_sent_again(client, six_releases, django_assert_num_queries):
    etag = client.get("/statistiques/publications.atom")["ETag"]
    with django_assert_num_queries(1):
        assert client.get("/statistiques/publications.atom", headers={"If-None-Match": etag}).status_code == 304


@pytest.mark.parametrize("page", ["definitions/", "methode/", "publications/", "publications/1/"])
def test_the_pages_link_to_the_feed(client, six_releases, page):
    link = read_tree(client, f"/statistiques/{page}").css_first("head link[type='application/atom+xml']")
    assert link.attributes["href"] == "/statistiques/publications.atom"


@pytest.mark.parametrize(
    ("page", "queries"),
    [("definitions/", 2), ("methode/", 2), ("publications/", 2), ("donnees/", 2), ("publications/1/", 8)],
)
def test_the_pages_are_cached_publicly_and_take_few_queries(
    client, six_releases, page, queries, django_assert_max_num_queries
):
    with django_assert_max_num_queries(queries):
        response = client.get(f"/statistiques/{page}")
    assert response["Cache-Control"] == "public, max-age=300"


def test_the_page_of_a_signed_in_person_is_cached_for_that_person_only(client, six_releases):
    client.force_login(a_lead())
    response = client.get(f"{HOME}1/")
    assert response["Cache-Control"] == "private, no-cache"
    assert "Cookie" in response["Vary"]


def test_the_method_begins_with_the_last_paragraphs_of_every_page_of_figures(client, db):
    tree = read_tree(client, METHOD)
    first = [node.text().replace("\xa0", " ") for node in tree.css("main header p")[:3]]
    assert first == [paragraph.replace("\xa0", " ") for paragraph in list_method_paragraphs()[:3]]


def test_the_example_of_the_method_agrees_with_the_rounding_function(client, db):
    """27 becomes 25 three times in five, 30 twice."""
    drawn = [round_randomly(27, number / 5 + 0.1) for number in range(5)]
    assert sorted(drawn) == [25, 25, 25, 30, 30]
    assert "il imprime 25 trois fois sur cinq, et 30 deux fois sur cinq" in read_words(client, METHOD)


def test_the_method_gives_the_parameters_of_the_rule(client, settings, db):
    settings.STATS_YEAR_PUBLISHED_ON = (5, 12)
    words = read_words(client, METHOD)
    for sentence in (
        "Aucune collectivité n’en fait à elle seule plus de 85 %, ni assez pour",
        "Un tableau s’ouvre quand son total arrondi atteint 40 ; 100 pour la longue liste des services",
        "une fois, à partir du 12 mai de l’année suivante",
        "L’arrondi fausse un écart de 8 au plus.",
    ):
        assert sentence in words
