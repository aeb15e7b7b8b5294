"""The administrator's list of bodies, where only the région can be corrected."""

import datetime

import pytest
import time_machine
from django.test import Client
from django.urls import reverse

from accounts.enums import Role
from accounts.models import Membership, User
from collectivities.models import Collectivity, Region

pytestmark = pytest.mark.django_db

LIST = "/admin/collectivities/collectivity/"


@pytest.fixture
def redon() -> Collectivity:
    return Collectivity.objects.get(siren="243500741")


@pytest.fixture
def administrator(client: Client) -> Client:
    user = User.objects.create_user("admin@example.org", "a long enough password", display_name="Administratrice")
    Membership.objects.create(user=user, role=Role.ADMINISTRATOR)
    client.force_login(user)
    return client


def post_correction(client, body, region, note):
    url = reverse("admin:collectivities_collectivity_change", args=[body.pk])
    posted = {"region_correction": region.pk if region else "", "region_correction_note": note, "name": "Autre nom"}
    return client.post(url, posted)


def test_administrator_corrects_the_region_and_nothing_else(administrator, redon):
    with time_machine.travel("2026-12-01 12:00 +0000"):
        response = post_correction(administrator, redon, Region.objects.get(code="52"), "Choix des élus")
    assert response.status_code == 302
    redon.refresh_from_db()
    assert redon.home_region.code == "52"
    assert redon.region_correction_note == "Choix des élus"
    assert redon.region_correction_on == datetime.date(2026, 12, 1)
    assert (redon.name, redon.region.code) == ("CA Redon Agglomération", "53")


def test_a_correction_can_be_withdrawn(administrator, redon):
    post_correction(administrator, redon, Region.objects.get(code="52"), "Choix des élus")
    post_correction(administrator, redon, None, "Choix des élus")
    redon.refresh_from_db()
    assert (redon.home_region.code, redon.region_correction_note, redon.region_correction_on) == ("53", "", None)


def test_a_correction_without_a_reason_is_refused(administrator, redon):
    response = post_correction(administrator, redon, Region.objects.get(code="52"), "")
    assert response.status_code == 200
    assert "Dites pourquoi" in response.text
    redon.refresh_from_db()
    assert redon.region_correction is None


def test_the_list_is_bounded_and_never_counts(administrator, django_assert_max_num_queries):
    with django_assert_max_num_queries(10) as queries:
        assert "CA Redon" not in administrator.get(LIST).text
    assert not [query["sql"] for query in queries if "COUNT(" in query["sql"]]


def test_the_list_searches_like_the_public_page(administrator):
    text = administrator.get(LIST, {"q": "redon agglo"}).text
    assert "CA Redon Agglomération" in text


def test_an_impossible_number_is_explained(administrator):
    assert "n’existe pas" in administrator.get(LIST, {"q": "212900196"}, follow=True).text


def test_no_body_is_added_or_deleted(administrator, redon):
    assert administrator.get(f"{LIST}add/").status_code == 403
    assert administrator.post(reverse("admin:collectivities_collectivity_delete", args=[redon.pk])).status_code == 403
    assert Collectivity.objects.filter(pk=redon.pk).exists()
