"""The two look-ups of the directory, open to anyone."""

from collections.abc import Callable

import pytest
from django.test import Client

from csirts.models import Csirt
from tests.factories.csirts import CsirtFactory
from tests.responses import Response

pytestmark = pytest.mark.django_db


@pytest.fixture
def route(client: Client) -> Callable[[str], Response]:
    return lambda code: client.get(f"/api/v1/csirts/for/{code}/")


def parse_problem(response):
    assert response["Content-Type"] == "application/problem+json"
    return response.json()


def test_the_api_gives_the_centre_of_a_body_and_the_reason(route, django_assert_max_num_queries):
    with django_assert_max_num_queries(10):
        response = route("212902324")

    assert response.status_code == 200
    assert response.json() == {
        "csirt": {
            "slug": "breizh-cyber",
            "name": "Breizh Cyber",
            "phone": "0 800 200 008",
            "phone_note": "",
            "email": "",
            "website": "https://breizhcyber.bzh/",
        },
        "reason": "Quimper est en Bretagne, et Breizh Cyber répond aux collectivités de Bretagne.",
        "fallbacks": [
            {
                "name": "CERT-FR",
                "phone": "+33 9 70 83 32 18",
                "phone_note": "à toute heure ; depuis la métropole, le 3218 aussi",
                "website": "https://club.ssi.gouv.fr/#/declaration-incident",
            },
            {"name": "17Cyber", "phone": "", "phone_note": "", "website": "https://17cyber.gouv.fr"},
        ],
    }


@pytest.mark.parametrize(
    ("code", "slug"),
    [("29232", "breizh-cyber"), ("21290232400012", "breizh-cyber"), ("53", "pays-de-la-loire-cyber-assistance")],
)
def test_a_body_is_looked_up_by_any_of_its_codes(route, code, slug):
    """`53` is the département of Mayenne, never the région Bretagne."""
    assert route(code).json()["csirt"]["slug"] == slug


def test_a_body_without_centre_gets_the_national_fallbacks(route):
    body = route("97611").json()

    assert body["csirt"] is None
    assert body["reason"].startswith("Mamoudzou est à Mayotte")
    assert [fallback["name"] for fallback in body["fallbacks"]] == ["CERT-FR", "17Cyber"]


@pytest.mark.parametrize("code", ["99999", "ZZZ", "732829320", "\u202e29232", "%00", "x" * 300])
def test_an_unknown_code_is_not_found(route, code):
    """732829320 is a possible SIREN, of no body on the list."""
    response = route(code)

    assert response.status_code == 404
    assert parse_problem(response)["detail"].startswith("Aucune collectivité de la liste officielle ne porte ce code.")


@pytest.mark.parametrize("code", ["212902325", "123456", "21290232400016"])
def test_an_impossible_number_is_explained(route, code):
    response = route(code)

    assert response.status_code == 400
    (error,) = parse_problem(response)["errors"]
    assert error["field"] == "code"
    assert "SIREN" in error["message"] or "SIRET" in error["message"]


def test_the_api_lists_active_centres_with_their_territories(client, django_assert_max_num_queries):
    CsirtFactory.create_batch(50)
    Csirt.objects.filter(slug="csirt-bfc").update(is_active=False, notification_email="secret@bfc.example")
    with django_assert_max_num_queries(10):
        results = client.get("/api/v1/csirts/").json()["results"]

    by_slug = {row["slug"]: row for row in results}
    assert len(results) == 19 + 50 - 1
    assert by_slug["centre-cyber-pacifique"] == {
        "slug": "centre-cyber-pacifique",
        "name": "Centre Cyber du Pacifique",
        "phone": "505.300",
        "phone_note": "numéro local",
        "email": "",
        "website": "https://centrecyberpacifique.nc/",
        "level": "territorial",
        "territories": [
            {"region": "988", "departement": None, "kind": ""},
            {"region": "986", "departement": None, "kind": ""},
        ],
    }


def test_the_notification_address_is_never_shown(client, route):
    Csirt.objects.filter(slug="breizh-cyber").update(notification_email="secret@breizh.example")

    assert "secret" not in client.get("/api/v1/csirts/").content.decode()
    assert "secret" not in route("29232").content.decode()
