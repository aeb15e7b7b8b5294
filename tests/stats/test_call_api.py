"""The releases as JSON, open to anyone: rows chosen, nothing computed."""

from urllib.parse import urlencode

import pytest
from django.test import Client

from stats.enums import Stratum
from stats.exports import read_edition
from tests.stats.releases import first_release, second_release

RELEASES = "/api/v1/stats/releases/"


@pytest.fixture
def two(db):
    read_edition.cache_clear()
    return first_release(), second_release()


def blocks(client, number="1", **asked):
    response = client.get(f"{RELEASES}{number}/", asked)
    assert response.status_code == 200, response.content
    return response.json()["blocks"]


def test_it_works(client, two):
    first, second = two
    listed = client.get(RELEASES).json()["results"]
    assert [one["number"] for one in listed] == [2, 1]
    assert listed[1] == {
        "number": 1,
        "published_at": "2026-01-30T11:00:00Z",
        "covers_until": "2025-12-31",
        "url": "http://localhost:8000/statistiques/publications/1/",
        "digest": first.digest,
        "signature": first.signature,
        "verify_key": first.verify_key,
    }
    whole = client.get(f"{RELEASES}1/").json()
    assert {name: whole[name] for name in listed[1]} == listed[1]
    assert sum(row["value"] for row in whole["blocks"] if row["measure"] == "incidents") == 30
    latest = client.get(f"{RELEASES}latest/").json()
    assert (latest["number"], len(latest["blocks"])) == (2, second.blocks.count())


def test_it_gives_the_rows_of_the_files(client, two):
    said = client.get("/statistiques/publications/1/release.json").json()
    given = client.get(f"{RELEASES}1/").json()
    assert given["blocks"] == said["blocks"]
    assert given["denominators"] == said["denominators"]


def test_filters_choose_among_rows(client, two):
    whole = blocks(client)
    for asked, test in {
        ("measure", "incidents"): lambda row: row["measure"] == "incidents",
        ("region", "53"): lambda row: row["region"] == "53",
        ("year", "2025"): lambda row: row["starts_on"].startswith("2025"),
        ("band", "0-4h"): lambda row: row["band"] == "0-4h",
        ("band", "information-content-security"): lambda row: str(row["band"]).startswith("information-content-sec"),
    }.items():
        expected = [row for row in whole if test(row)]
        assert expected, asked
        assert blocks(client, **dict([asked])) == expected, asked
    both = blocks(client, measure="incidents", region="94")
    assert [(row["value"], row["region_name"]) for row in both] == [(6, "Corse")]
    denominators = client.get(f"{RELEASES}1/", {"region": "53", "year": "2025"}).json()["denominators"]
    assert {(row["region"], row["year"]) for row in denominators} == {("53", 2025)}
    assert [row["stratum"] for row in denominators] == [None, *sorted(Stratum.values)]


@pytest.mark.parametrize(
    "asked",
    [
        {"measure": "declared"},
        {"measure": "incidents", "region": "01"},  # put together with others
        {"measure": "incidents", "region": "11"},  # nothing declared
        {"measure": "reports", "band": "0-4h"},
        {"year": "2019"},
    ],
    ids=str,
)
def test_what_is_not_shown_alone_is_an_empty_list(client, two, asked):
    """Too few, none or no such band: the same answer, which does not say why."""
    answer = client.get(f"{RELEASES}1/", asked)
    assert (answer.status_code, answer.json()["blocks"]) == (200, [])
    assert set(answer.json()) == set(client.get(f"{RELEASES}1/").json())


@pytest.mark.parametrize(
    ("asked", "named"),
    [
        ({"measure": "victims"}, "measure"),
        ({"region": "999"}, "region"),
        ({"region": "Bretagne"}, "region"),
        ({"year": "deux mille"}, "year"),
        ({"year": "99999999999999999999"}, "year"),
        ({"band": "0-5h"}, "band"),
        ({"band": ""}, "band"),
        ({"regions": "53"}, "regions"),
        ({"region": "53", "month": "2025-02"}, "month"),
        ({"region": ["53", "94"]}, "region"),
    ],
    ids=str,
)
def test_an_unknown_value_is_named(client, two, asked, named):
    for number in ("1", "latest"):
        answer = client.get(f"{RELEASES}{number}/?{urlencode(asked, doseq=True)}")
        assert answer.status_code == 400
        assert answer["Content-Type"] == "application/problem+json"
        assert [error["field"] for error in answer.json()["errors"]] == [named]
        assert "immutable" not in answer.get("Cache-Control", "")


@pytest.mark.parametrize("number", ["3", "0", "99999999999999999999"])
def test_no_such_release(client, two, number):
    answer = client.get(f"{RELEASES}{number}/")
    assert (answer.status_code, answer["Content-Type"]) == (404, "application/problem+json")


def test_before_the_first_release(client, db):
    assert client.get(RELEASES).json() == {"results": []}
    assert client.get(f"{RELEASES}latest/").status_code == 404


@pytest.mark.parametrize("method", ["post", "put", "patch", "delete"])
def test_nothing_is_written(client, two, method):
    assert getattr(client, method)(f"{RELEASES}1/").status_code == 405


def test_a_numbered_release_is_kept_for_ever(client, two, django_assert_num_queries):
    for query in ("", "?measure=incidents", "?region=53&year=2025"):
        answer = client.get(f"{RELEASES}1/{query}")
        assert answer["Cache-Control"] == "public, max-age=31536000, immutable"
        with django_assert_num_queries(0):
            again = client.get(f"{RELEASES}1/{query}", headers={"If-None-Match": answer["ETag"]})
        assert again.status_code == 304
    other = client.get(f"{RELEASES}1/?region=94", headers={"If-None-Match": answer["ETag"]})
    assert other.status_code == 200


def test_the_last_one_is_asked_again(client, two, django_assert_num_queries):
    for path in (RELEASES, f"{RELEASES}latest/"):
        answer = client.get(path)
        assert answer["Cache-Control"] == "public, max-age=300"
        with django_assert_num_queries(1):
            assert client.get(path, headers={"If-None-Match": answer["ETag"]}).status_code == 304


def test_it_costs_few_queries(client, two, django_assert_max_num_queries):
    client.get("/statistiques/publications/")  # whether this is a demonstration is read once a minute
    read_edition.cache_clear()
    with django_assert_max_num_queries(5):
        client.get(f"{RELEASES}1/", {"region": "53"})
    with django_assert_max_num_queries(2):
        client.get(f"{RELEASES}1/", {"region": "94"})


def test_a_token_that_ended_refuses_nobody(client, two):
    """It is open to all, so whoever asks is not looked at."""
    answer = Client().get(RELEASES, headers={"Authorization": "Bearer ended"})
    assert answer.status_code == 200


def test_the_schema_describes_it(client, db):
    schema = Client().get("/api/schema/", headers={"Accept": "application/vnd.oai.openapi+json"}).json()
    operation = schema["paths"]["/api/v1/stats/releases/{number}/"]["get"]
    asked = {one["name"] for one in operation["parameters"] if one["in"] == "query"}
    assert asked == {"measure", "region", "year", "band"}
    assert "/api/v1/stats/releases/latest/" in schema["paths"]
