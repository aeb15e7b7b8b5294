"""GET /api/v1/collectivities/?q=, open to all."""

import pytest

from collectivities.models import Collectivity, Region
from collectivities.services import correct_region

pytestmark = pytest.mark.django_db

URL = "/api/v1/collectivities/"


def test_a_search_gives_each_body_with_its_territory(client, django_assert_num_queries):
    with django_assert_num_queries(2):
        response = client.get(URL, {"q": "saint-denis 93"})
    assert response.status_code == 200
    assert response.json() == {
        "results": [
            {
                "id": str(Collectivity.objects.get(insee_code="93066").uid),
                "name": "Saint-Denis",
                "kind": "commune",
                "siren": "929939411",
                "insee_code": "93066",
                "population": Collectivity.objects.get(insee_code="93066").population,
                "departement": {"code": "93", "name": "Seine-Saint-Denis"},
                "region": {"code": "11", "name": "Île-de-France"},
                "is_confirmed": True,
            }
        ]
    }


def test_an_unknown_value_is_null(client):
    [clipperton] = client.get(URL, {"q": "98901"}).json()["results"]
    assert (clipperton["siren"], clipperton["population"]) == (None, None)
    [corse] = client.get(URL, {"q": "R94"}).json()["results"]
    assert corse["departement"] is None


def test_a_corrected_region_replaces_the_official_one(client):
    epci = Collectivity.objects.get(siren="243500741")
    correct_region(collectivity=epci, region=Region.objects.get(code="52"), note="Choix des élus", by=None)
    [redon] = client.get(URL, {"q": "243500741"}).json()["results"]
    assert redon["region"] == {"code": "52", "name": "Pays de la Loire"}


def test_a_search_gives_twenty_bodies_at_most(client, django_assert_num_queries):
    with django_assert_num_queries(2):
        assert len(client.get(URL, {"q": "saint"}).json()["results"]) == 20


def test_a_search_without_result_is_an_empty_list(client):
    response = client.get(URL, {"q": "zzzzqqqq"})
    assert (response.status_code, response.json()) == (200, {"results": []})


@pytest.mark.parametrize(
    "query", [{}, {"q": ""}, {"q": "  "}, {"q": "a" * 201}, {"q": "212900196"}, {"q": "brest\x00"}]
)
def test_bad_input_names_the_field(client, query):
    response = client.get(URL, query)
    assert response.status_code == 400
    assert response["Content-Type"] == "application/problem+json"
    assert "q" in response.text


def test_the_search_refuses_a_post(client):
    assert client.post(URL, {"q": "brest"}).status_code == 405
