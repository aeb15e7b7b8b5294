"""The releases as JSON, open to anyone: rows chosen, nothing computed."""

from urllib.parse import urlencode

import pytest
from django.test import Client

from stats.models import Figure
from stats.open_data.edition import load_edition

RELEASES = "/api/v1/stats/releases/"


def read_figures(client, number="5", **filters):
    response = client.get(f"{RELEASES}{number}/", filters)
    assert response.status_code == 200, response.content
    return response.json()["figures"]


def test_releases_are_listed_and_each_is_read_whole(client, six_releases):
    year, _quarter = six_releases
    listed = client.get(RELEASES).json()["results"]
    assert [(row["number"], row["period"]) for row in listed][:3] == [(6, "2026-T1"), (5, "2025"), (4, "2025-T4")]
    assert listed[1] == {
        "number": 5,
        "period": "2025",
        "published_at": "2026-04-01T10:00:00Z",
        "url": "http://localhost:8000/statistiques/publications/5/",
        "rounding_key": year.rounding_key,
        "digest": year.digest,
        "signature": year.signature,
        "verify_key": year.verify_key,
    }
    whole = client.get(f"{RELEASES}5/").json()
    assert {name: whole[name] for name in listed[1]} == listed[1]
    assert len(whole["figures"]) == Figure.objects.filter(release=year).count() + 3  # and the months of the winter
    assert read_figures(client, table="incidents_by_region", region="94") == [
        {
            "release": 5,
            "period": "2025",
            "table": "incidents_by_region",
            "table_label": "incidents vérifiés, par région",
            "counts": "incidents",
            "region": "94",
            "region_label": "Corse",
            "category": None,
            "category_label": None,
            "value": 20,
            "low": 16,
            "high": 24,
            "rounded": True,
            "below_threshold": False,
        }
    ]


def test_the_latest_release_is_that_of_the_last_year_or_of_the_period_asked_for(client, six_releases):
    for period, number in {"": 5, "2025": 5, "2025-T2": 2, "2026-T1": 6}.items():
        answer = client.get(f"{RELEASES}latest/", {"period": period} if period else {})
        assert answer.json()["number"] == number, period
    assert client.get(f"{RELEASES}latest/", {"period": "2026"}).status_code == 404


def test_the_api_gives_the_rows_of_the_files(client, six_releases):
    file = client.get("/statistiques/publications/5/release.json").json()
    release = client.get(f"{RELEASES}5/").json()
    for name in ("figures", "denominators", "closed_tables"):
        assert release[name] == file[name], name


def test_filters_choose_among_rows(client, six_releases):
    whole = read_figures(client)
    assert read_figures(client, table="leaks_by_status") == [row for row in whole if row["table"] == "leaks_by_status"]
    bretagne = read_figures(client, region="53")
    assert bretagne == [row for row in whole if row["region"] == "53"]
    assert [(row["table"], row["category"], row["value"]) for row in bretagne if row["value"]] == [
        ("incidents_by_region", None, 115),
        ("incidents_by_region_and_quarter", "T1", 40),
        ("incidents_by_region_and_quarter", "T2", 25),
        ("incidents_by_region_and_quarter", "T3", 25),
        ("incidents_by_region_and_quarter", "T4", 25),
        ("incidents_by_region_and_type", "rancon", 115),
        ("incidents_by_region_and_cause", "not_said", 115),
    ]


def test_a_dash_has_no_bounds_and_a_closed_table_says_why(client, six_releases):
    [guadeloupe] = read_figures(client, region="01")
    assert (guadeloupe["value"], guadeloupe["low"], guadeloupe["high"]) == (None, None, None)
    assert (guadeloupe["rounded"], guadeloupe["below_threshold"]) == (False, True)
    closed = client.get(f"{RELEASES}5/", {"table": "interruptions_by_service"}).json()
    assert closed["figures"] == []
    assert [table["table"] for table in closed["closed_tables"]] == ["interruptions_by_service"]
    assert closed["closed_tables"][0]["why"].startswith("Trop peu de cas pour ce tableau.")


@pytest.mark.parametrize(
    ("filters", "field"),
    [
        ({"table": "victims"}, "table"),
        ({"table": ""}, "table"),
        ({"region": "999"}, "region"),
        ({"region": "Bretagne"}, "region"),
        ({"region": ""}, "region"),
        ({"regions": "53"}, "regions"),
        ({"measure": "incidents"}, "measure"),
        ({"region": ["53", "94"]}, "region"),
        ({"period": "2025-T5"}, "period"),
        ({"period": "hier"}, "period"),
    ],
    ids=str,
)
def test_an_unknown_value_is_refused_with_the_name_of_its_field(client, six_releases, filters, field):
    """A period is a filter of the latest only."""
    for number in ("5", "latest"):
        answer = client.get(f"{RELEASES}{number}/?{urlencode(filters, doseq=True)}")
        assert answer.status_code == 400
        assert answer["Content-Type"] == "application/problem+json"
        assert [error["field"] for error in answer.json()["errors"]] == [field]
        assert "immutable" not in answer.get("Cache-Control", "")


@pytest.mark.parametrize("number", ["7", "0", "99999999999999999999"])
def test_an_unknown_release_is_a_404(client, six_releases, number):
    answer = client.get(f"{RELEASES}{number}/")
    assert (answer.status_code, answer["Content-Type"]) == (404, "application/problem+json")


def test_there_is_no_release_before_the_first(client, db):
    assert client.get(RELEASES).json() == {"results": []}
    assert client.get(f"{RELEASES}latest/").status_code == 404


@pytest.mark.parametrize("method", ["post", "put", "patch", "delete"])
def test_the_api_refuses_every_method_that_writes(client, six_releases, method):
    assert getattr(client, method)(f"{RELEASES}5/").status_code == 405


def test_a_numbered_release_is_kept_for_ever(client, six_releases, django_assert_num_queries):
    for query in ("", "?table=incidents", "?region=53&table=incidents_by_region"):
        answer = client.get(f"{RELEASES}5/{query}")
        assert answer["Cache-Control"] == "public, max-age=31536000, immutable"
        with django_assert_num_queries(0):
            again = client.get(f"{RELEASES}5/{query}", headers={"If-None-Match": answer["ETag"]})
        assert again.status_code == 304
    other = client.get(f"{RELEASES}5/?region=94", headers={"If-None-Match": answer["ETag"]})
    assert other.status_code == 200


def test_the_latest_release_is_kept_for_minutes_only(client, six_releases, django_assert_num_queries):
    for path in (RELEASES, f"{RELEASES}latest/"):
        answer = client.get(path)
        assert answer["Cache-Control"] == "public, max-age=300"
        with django_assert_num_queries(1):
            assert client.get(path, headers={"If-None-Match": answer["ETag"]}).status_code == 304


def test_a_release_costs_few_queries(client, six_releases, django_assert_max_num_queries):
    load_edition.cache_clear()
    with django_assert_max_num_queries(19):  # the year and its four quarters, as signed; names of the régions
        client.get(f"{RELEASES}5/", {"region": "53"})
    with django_assert_max_num_queries(1):
        client.get(f"{RELEASES}5/", {"region": "94"})


def test_a_request_with_an_ended_token_is_served_like_any_other(client, six_releases):
    """The API is open to all, so it reads no token."""
    answer = Client().get(RELEASES, headers={"Authorization": "Bearer ended"})
    assert answer.status_code == 200


def test_the_schema_describes_the_filters_and_the_figures(client, db):
    schema = Client().get("/api/schema/", headers={"Accept": "application/vnd.oai.openapi+json"}).json()
    filters = {
        path: {
            parameter["name"]
            for parameter in schema["paths"][f"{RELEASES}{path}/"]["get"]["parameters"]
            if parameter["in"] == "query"
        }
        for path in ("{number}", "latest")
    }
    assert filters == {"{number}": {"table", "region"}, "latest": {"table", "region", "period"}}
    figure = schema["components"]["schemas"]["FigureOut"]["properties"]
    assert figure["value"]["nullable"] if "nullable" in figure["value"] else "null" in figure["value"]["type"]
