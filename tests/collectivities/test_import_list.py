"""The command that loads a list, the first time and at each new millésime."""

import datetime
from io import StringIO

import pytest
from django.core.management import CommandError, call_command
from django.db import IntegrityError, connection, transaction

from collectivities.enums import Kind
from collectivities.models import Alias, Collectivity, Grouping, Region
from collectivities.official import read_official_list
from collectivities.search import find_body_by_code, find_body_by_uid, find_collectivities
from collectivities.services import correct_region, import_official_list
from tests.collectivities.lists import delete_bodies, load_list, read_counts
from tests.collectivities.small_package import EPCI, make_commune, make_epci, make_first_list, make_next_list
from tests.factories.collectivities import CollectivityFactory

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("first_small_list")]


def test_a_new_list_merges_removes_renames_and_adds_bodies(package):
    epci = Collectivity.objects.get(siren=EPCI)
    renamed = Collectivity.objects.get(insee_code="56901")
    output = load_list(package(make_next_list(), "7.0.0"))
    # Changed: two communes, the grouping, the inhabitants of both départements. The région has as many as before.
    assert read_counts(output) == (1, 5, 1, 1, 1)
    first_of_january = datetime.date(2027, 1, 1)

    host = Collectivity.objects.get(insee_code="29901")
    merged = Collectivity.objects.get(insee_code="29902")
    assert (merged.merged_into, merged.vanished_on) == (host, first_of_january)
    vanished = Collectivity.objects.get(insee_code="29903")
    assert (vanished.merged_into, vanished.vanished_on, vanished.millesime) == (None, first_of_january, 2026)

    renamed.refresh_from_db()
    assert (renamed.name, renamed.millesime) == ("Sainte-Exemple-sur-Mer", 2027)
    epci.refresh_from_db()
    assert (epci.kind, epci.name) == (Kind.CA, "CA de l'Exemple (CCEX)")
    members = epci.members.order_by("member__insee_code").values_list("member__insee_code", flat=True)
    assert list(members) == ["29901", "56901", "56902"]


def test_a_body_appears_with_the_list_that_first_carries_it(package):
    """The first list dates nothing, and a later list leaves a date as it is."""
    assert not Collectivity.objects.exclude(appeared_on=None).exists()
    load_list(package(make_next_list(), "7.0.0"))
    load_list(package(make_next_list(), "8.0.0"))
    appeared = Collectivity.objects.exclude(appeared_on=None).values_list("insee_code", "appeared_on")
    assert list(appeared) == [("56902", datetime.date(2027, 1, 1))]


def test_a_body_that_returns_did_not_appear_then(package):
    load_list(package(make_next_list(), "7.0.0"))
    load_list(package(make_first_list(), "8.0.0"))
    assert Collectivity.objects.get(insee_code="29903").appeared_on is None


def test_a_merged_commune_is_found_as_what_it_became(package):
    siren = Collectivity.objects.get(insee_code="29902").siren
    load_list(package(make_next_list(), "7.0.0"))
    host = Collectivity.objects.get(insee_code="29901")
    assert find_collectivities("Tréexemple") == [host]
    assert find_body_by_code("29902") == host
    assert find_body_by_code(siren) == host
    assert "Locexemple" not in [body.name for body in find_collectivities("Locexemple")]
    assert find_body_by_code("29903") is None


def test_a_body_merged_twice_is_found_as_what_it_became_last(package):
    first = Collectivity.objects.get(insee_code="29902")
    load_list(package(make_next_list(), "7.0.0"))
    lists = make_next_list()
    lists["communes"] = [
        make_commune("56901", "Sainte-Exemple-sur-Mer", anciensCodes=["29901"]),
        {"code": "29901", "nom": "Plouexemple", "type": "commune-deleguee", "chefLieu": "56901"},
    ]
    lists["epci"] = [make_epci("CA de l'Exemple (CCEX)", "CA", ["56901"])]
    load_list(package(lists, "8.0.0"))
    heir = Collectivity.objects.get(insee_code="56901")
    assert find_body_by_code("29901") == heir
    for body in (find_body_by_code("29902"), find_body_by_code(first.siren), find_body_by_uid(str(first.uid))):
        assert body == heir
    assert find_collectivities("Tréexemple") == [heir]


def test_a_merged_name_is_kept_when_the_list_forgets_it(package):
    lists = make_next_list()
    lists["communes"] = [row for row in lists["communes"] if row["type"] == "commune-actuelle"]
    load_list(package(lists, "7.0.0"))
    load_list(package(lists, "8.0.0"))
    host = Collectivity.objects.get(insee_code="29901")
    assert find_collectivities("Tréexemple") == [host]


def test_a_body_that_returns_is_the_same_row(package):
    before = Collectivity.objects.get(insee_code="29902")
    load_list(package(make_next_list(), "7.0.0"))
    load_list(package(make_first_list(), "8.0.0"))
    after = Collectivity.objects.get(insee_code="29902")
    assert (after.pk, after.vanished_on, after.merged_into) == (before.pk, None, None)
    assert find_body_by_code("29902") == after


def test_two_bodies_may_exchange_their_siren(package):
    lists = make_first_list()
    commune, neighbour = lists["communes"][:2]
    commune["siren"], neighbour["siren"] = neighbour["siren"], commune["siren"]
    load_list(package(lists, "7.0.0"))
    connection.cursor().execute("SET CONSTRAINTS ALL IMMEDIATE")
    assert Collectivity.objects.get(insee_code="29901").siren == commune["siren"]


def test_a_corrected_region_survives_a_new_list(package):
    epci = Collectivity.objects.get(siren=EPCI)
    correct_region(collectivity=epci, region=Region.objects.get(code="52"), note="Convention de 2026", by=None)
    load_list(package(make_next_list(), "7.0.0"))
    epci.refresh_from_db()
    assert (epci.region.code, epci.home_region.code) == ("53", "52")
    assert epci.region_correction_note == "Convention de 2026"


def test_a_body_entered_by_hand_keeps_its_identity_when_a_list_carries_it(package):
    delete_bodies()
    by_hand = CollectivityFactory(siren=EPCI, kind=Kind.OTHER, name="Com com de l’exemple")
    load_list(package(make_first_list()))
    load_list(package(make_first_list(), "7.0.0"))
    epci = Collectivity.objects.get(siren=EPCI)
    assert (epci.pk, epci.uid) == (by_hand.pk, by_hand.uid)
    assert (epci.kind, epci.is_listed) == (Kind.CC, True)


def test_a_body_entered_by_hand_does_not_vanish(package):
    by_hand = CollectivityFactory(kind=Kind.SIVU)
    load_list(package(make_next_list(), "7.0.0"))
    by_hand.refresh_from_db()
    assert by_hand.vanished_on is None


def test_an_older_list_is_refused(tmp_path, package):
    before = Collectivity.objects.count()
    with pytest.raises(CommandError, match="2025 est plus ancien"):
        load_list(package(make_first_list(), "5.3.0"))
    assert Collectivity.objects.filter(vanished_on=None).count() == before


def test_an_empty_list_is_refused(package):
    official = read_official_list(package(make_first_list(), "7.0.0"))
    official.bodies.clear()
    with pytest.raises(Exception, match="aucune collectivité"):
        import_official_list(official=official)
    assert not Collectivity.objects.exclude(vanished_on=None).exists()


def test_an_unreadable_source_is_refused(tmp_path):
    with pytest.raises(CommandError, match="illisible"):
        load_list(tmp_path / "absent.csv.xz")


def test_former_names_and_codes_are_kept_apart(package):
    load_list(package(make_next_list(), "7.0.0"))
    aliases = Alias.objects.filter(collectivity__insee_code="29901").values_list("code", "name")
    assert list(aliases) == [("29902", "Tréexemple")]


def test_progress_is_printed_unless_silenced(package):
    assert "Anciens noms" in load_list(package(make_next_list(), "7.0.0"))
    out = StringIO()
    call_command("import_collectivities", source=package(make_next_list(), "8.0.0"), verbosity=0, stdout=out)
    assert out.getvalue() == ""


@pytest.mark.parametrize(
    "values",
    [
        {"kind": "royaume"},
        {"siren": "12345678"},
        {"siren": "12345678A"},
        {"vanished_on": None, "merged_into_id": "other"},
        {"vanished_on": datetime.date(2027, 1, 1), "merged_into_id": "self"},
        {"seat_id": "other"},
        {"region_id": None},
        {"siren": None, "insee_code": None},
        {"region_correction_id": "region"},
    ],
)
def test_the_database_refuses_wrong_values(values):
    body, other = Collectivity.objects.filter(is_listed=True).exclude(siren=None).order_by("pk")[:2]
    ids = {"other": other.pk, "self": body.pk, "region": body.region_id}
    values = {field: ids.get(value, value) if isinstance(value, str) else value for field, value in values.items()}
    with pytest.raises(IntegrityError), transaction.atomic():
        Collectivity.objects.filter(pk=body.pk).update(**values)


def test_the_database_refuses_one_siren_for_two():
    body, other = Collectivity.objects.exclude(siren=None).order_by("pk")[:2]
    Collectivity.objects.filter(pk=body.pk).update(siren=other.siren)
    with pytest.raises(IntegrityError, match="collectivity_one_siren"), transaction.atomic():
        connection.cursor().execute("SET CONSTRAINTS ALL IMMEDIATE")
    Collectivity.objects.filter(pk=body.pk).update(siren=body.siren)


def test_the_database_refuses_a_body_that_is_its_own_member():
    body = Collectivity.objects.first()
    with pytest.raises(IntegrityError), transaction.atomic():
        Grouping.objects.create(member=body, group=body)
