"""A body that no list carries: added, found or not, confirmed, merged."""

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest
from django.db import IntegrityError, connections, transaction
from django.utils import timezone

from collectivities.duplicates import find_likely_duplicates
from collectivities.enums import Kind
from collectivities.models import Collectivity
from collectivities.search import SearchProblem, find_body_by_code, find_collectivities, parse_siren
from collectivities.services import create_proposed_body, mark_body_confirmed, mark_body_merged
from tests.collectivities.proposing import SIREN, a_syndicate, quimper
from tests.factories.collectivities import CollectivityFactory, made_up_siren


def test_it_works(db):
    body = a_syndicate()
    assert (body.is_listed, body.is_unconfirmed, body.siren) == (False, True, SIREN)
    assert (body.region.code, body.departement.code, body.seat) == ("53", "29", quimper())
    assert (body.sort_key, body.stem) == ("syndicat d exemple des eaux", "syndicat exemple eaux")
    assert str(body) == "Syndicat d’Exemple des eaux (Finistère)"
    body.full_clean()


def test_two_clicks_make_one_body(db):
    assert a_syndicate() == a_syndicate(name="Autrement dit")
    assert a_syndicate(siren=None) == a_syndicate(siren=None)
    assert Collectivity.objects.to_confirm().count() == 2


def test_two_at_once_make_one_body(transactional_db):
    def propose(_):
        try:
            return a_syndicate().pk
        finally:
            connections.close_all()

    with ThreadPoolExecutor(4) as pool:
        assert len(set(pool.map(propose, range(4)))) == 1
    assert Collectivity.objects.to_confirm().count() == 1


def test_the_number_of_a_known_body_gives_that_body(db):
    brest = Collectivity.objects.get(insee_code="29019")
    assert a_syndicate(siren=brest.siren) == brest
    assert not Collectivity.objects.to_confirm().exists()


def test_it_lies_where_a_person_said_that_its_seat_does(db):
    seat = quimper()
    seat.region_correction = Collectivity.objects.get(insee_code="44109").region
    assert a_syndicate(seat=seat).region.code == "52"


def test_before_it_is_confirmed_only_its_number_finds_it(db):
    body = a_syndicate()
    assert find_collectivities(SIREN) == [body]
    assert find_body_by_code(SIREN) == body
    for query in ("Syndicat d’Exemple des eaux", "syndicat exemple", "sindicat exemple eaux", "29000"):
        assert body not in find_collectivities(query), query
    assert body in find_collectivities("Syndicat d’Exemple des eaux", unconfirmed=True)


def test_once_confirmed_everybody_finds_it(db):
    body = a_syndicate()
    mark_body_confirmed(body)
    for query in (SIREN, "Syndicat d’Exemple des eaux", "sindicat exemple eaux"):
        assert body in find_collectivities(query), query
    assert body in find_collectivities("29000", limit=50)


@pytest.mark.parametrize("typed", ["212 900 195", "212.900.195", "21290019500018"])
def test_a_number_is_read_as_people_write_it(typed):
    assert parse_siren(typed) == "212900195"


@pytest.mark.parametrize(
    "typed", ["", "21290019", "212900196", "29000", "R53", "٢١٢٩٠٠١٩٥", "212900195\x00", "21290019500012"]
)
def test_a_number_that_cannot_be_is_refused(typed):
    with pytest.raises(SearchProblem):
        parse_siren(typed)


def test_doubles_are_proposed_with_their_reasons(db):
    mark_body_confirmed(first := a_syndicate())
    sketch = Collectivity(kind=Kind.SIVU, name="Sindicat d’Exemple des Eaux", siren=None, seat=quimper())
    sketch.departement = quimper().departement
    [likely] = find_likely_duplicates(sketch)
    assert likely.body == first
    assert list(map(str, likely.reasons)) == ["nom proche", "même nature", "même commune du siège"]


def test_a_commune_is_no_double_of_its_ccas_but_of_its_town_hall(db):
    seat = quimper()
    of_town = {"seat": seat, "departement": seat.departement}
    assert find_likely_duplicates(Collectivity(kind=Kind.CCAS, name="CCAS de Quimper", **of_town)) == []
    doubles = find_likely_duplicates(Collectivity(kind=Kind.OTHER, name="Mairie de Quimper", **of_town))
    assert [one.body for one in doubles if one.body.kind == Kind.COMMUNE] == [seat]


def test_two_merged_bodies_are_one_and_their_numbers_lead_to_it(db):
    body, kept = a_syndicate(), a_syndicate(siren=None)
    mark_body_merged(body, into=kept)
    kept.refresh_from_db()
    assert (kept.siren, body.siren, body.merged_into) == (SIREN, None, kept)
    other = a_syndicate(siren=made_up_siren(424_243))
    mark_body_merged(other, into=kept)
    assert find_body_by_code(other.siren) == kept
    assert create_proposed_body(kind=Kind.SIVU, name="Encore", siren=other.siren, seat=quimper()) == kept


@pytest.mark.parametrize(
    "wrong",
    [
        {"confirmed_at": timezone.now()},
        {"declared_at": timezone.now(), "confirmed_at": timezone.now() - timedelta(days=1)},
    ],
    ids=["never declared", "before it was declared"],
)
def test_the_database_refuses_a_confirmation_of_nothing(db, wrong):
    body = CollectivityFactory(kind=Kind.SIVU)
    with pytest.raises(IntegrityError, match="collectivity_confirmed_was_declared"), transaction.atomic():
        Collectivity.objects.filter(pk=body.pk).update(**wrong)


def test_the_database_refuses_a_listed_body_to_confirm(db):
    with pytest.raises(IntegrityError, match="collectivity_listed_is_confirmed"), transaction.atomic():
        Collectivity.objects.filter(insee_code="29232").update(declared_at=timezone.now())
