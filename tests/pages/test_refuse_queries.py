"""Queries in addresses of the admin that no link of ours makes: each is refused plainly or ignored."""

import pytest
from django.contrib import admin
from django.db import transaction
from django.test import Client
from django.urls import reverse

from accounts.enums import Role
from accounts.models import User
from collectivities.models import Collectivity
from incidents.models import Incident
from tests.cast import a_person, breizh_cyber, declare
from tests.permission_matrix import MATRIX, ROLES
from tests.permission_requests import create_cast, fill_places

pytestmark = pytest.mark.django_db

WORD = "mirliflore"
BODIES, USERS = "/admin/collectivities/collectivity/", "/admin/accounts/user/"
QUERIES = [
    *["_to_field=story", "_to_field=incident&_popup=1", "_to_field=id&_popup=1"],
    f"story__description__contains={WORD}",
]


@pytest.fixture
def case() -> Incident:
    breizh_cyber()
    return declare(description=f"Le site {WORD}.example demande de l’argent.")


@pytest.fixture
def client(client: Client) -> Client:
    client.raise_request_exception = False
    client.force_login(a_person(Role.ADMINISTRATOR))
    return client


@pytest.mark.parametrize(
    ("role", "query"),
    [
        # One query of each form for each role; the others are proofs.
        *[(role, query) for role in ("administrator", "lead") for query in (QUERIES[1], QUERIES[3])],
        *[
            pytest.param(role, query, marks=pytest.mark.proof)
            for role in ("administrator", "lead")
            for query in (QUERIES[0], QUERIES[2])
        ],
    ],
)
def test_no_query_fails_a_page_of_the_admin(case, client, role, query):
    """Nor shows the administrator a case, which this role may not read."""
    cast = create_cast(case)
    client.force_login(cast[role])
    lines = [(route, codes) for method, route, *codes in MATRIX if method == "get" and route.startswith("admin/")]
    opened = [route for route, codes in lines if len(codes) > 1 and codes[ROLES.index(role)] == 200]
    assert "admin/csirts/csirt/{object_id}/change/" in opened

    for route in opened:
        with transaction.atomic():  # each address gets an object of its own
            page = client.get(f"/{route.format(**fill_places(route, case, cast))}?{query}")
            transaction.set_rollback(True)
        assert page.status_code < 500, route
        content = page.content.decode().replace(query, "")  # a form is sent to its own address
        assert role == "lead" or WORD not in content, route


def test_no_list_refers_to_a_relation_or_filters_by_one(client):
    """Django fails on the first, and answers the second: `?incident=12` told who declared this case."""
    listed = [model for model in admin.site._registry if client.get(get_list_address(model)).status_code == 200]
    assert {Collectivity, User} <= set(listed)
    queries = [
        (get_list_address(model), query)
        for model in listed
        for relation in model._meta.related_objects
        for query in (f"_to_field={relation.name}", f"{relation.name}=1", f"{relation.name}__isnull=False")
    ]
    assert {client.get(f"{url}?{query}").status_code for url, query in queries} == {400}, queries


def get_list_address(model):
    return reverse(f"admin:{model._meta.app_label}_{model._meta.model_name}_changelist")


def test_a_refused_query_says_what_to_do(client):
    page = client.get(f"{BODIES}?_to_field=incident")
    assert page.status_code == 400
    assert "Nous n’avons pas compris cet envoi" in page.content.decode()


@pytest.mark.parametrize(
    "address",
    [
        *(f"{BODIES}{query}" for query in ("?kind__exact=commune", "?q=saint", "?_to_field=id")),
        *(f"{USERS}{query}" for query in ("?membership__role__exact=agent", "?is_active__exact=1", "?o=1")),
    ],
)
def test_the_filters_that_a_list_shows_work(client, address):
    assert client.get(address).status_code == 200


@pytest.mark.parametrize("query", ["?email__startswith=a", "?session_stamp__startswith=1", "?membership__user=1"])
def test_a_list_is_filtered_only_by_what_it_shows(client, query):
    assert client.get(f"{USERS}{query}").status_code == 400
