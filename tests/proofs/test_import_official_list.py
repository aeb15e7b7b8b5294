"""The official list of 36 354 bodies, loaded by the command into an empty table, and a second time."""

import pytest

from collectivities.enums import Kind
from collectivities.models import Collectivity, Grouping
from collectivities.official import read_official_list
from tests.collectivities.lists import delete_bodies, load_list, read_counts

pytestmark = pytest.mark.django_db


def test_the_official_list_is_loaded_whole():
    delete_bodies()
    report = load_list()
    assert "millésime 2026" in report
    assert read_counts(report) == (36_354, 0, 0, 0, 0)
    assert Collectivity.objects.filter(kind=Kind.COMMUNE).count() == 34_969
    assert Grouping.objects.count() == 35_000
    brest = Collectivity.objects.get(insee_code="29019")
    assert (brest.siren, brest.departement.code, brest.region.code) == ("212900195", "29", "53")
    assert brest.postal_codes == ["29200"]
    assert [membership.group.name for membership in brest.memberships.all()] == ["Brest Métropole"]


def test_a_second_load_changes_nothing():
    before = list(Collectivity.objects.order_by("pk").values())
    report = load_list()
    assert read_counts(report) == (0, 0, 0, 0, 36_354)
    assert "appartenances ajoutées 0, retirées 0" in report
    assert list(Collectivity.objects.order_by("pk").values()) == before


def test_every_import_gives_the_same_public_identifiers():
    uids = {body.uid for body in read_official_list().bodies}
    assert set(Collectivity.objects.filter(is_listed=True).values_list("uid", flat=True)) == uids
