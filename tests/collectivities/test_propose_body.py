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
from collectivities.services import create_proposed_body, save_body_confirmation, save_body_merge
from tests.collectivities.proposing import SIREN, a_syndicate, quimper
from tests.factories.collectivities import CollectivityFactory, make_fake_siren


def test_a_proposed_body_takes_the_territory_of_its_seat(db):
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


def test_two_requests_at_once_make_one_body(transactional_db):
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


def test_a_proposed_body_takes_the_corrected_region_of_its_seat(db):
    seat = quimper()
    seat.region_correction = Collectivity.objects.get(insee_code="44109").region
    assert a_syndicate(seat=seat).region.code == "52"


def test_an_unconfirmed_body_is_found_by_its_number_only(db):
    body = a_syndicate()
    assert find_collectivities(SIREN) == [body]
    assert find_body_by_code(SIREN) == body
    for query in ("Syndicat d’Exemple des eaux", "syndicat exemple", "sindicat exemple eaux", "29000"):
        assert body not in find_collectivities(query), query
    assert body in find_collectivities("Syndicat d’Exemple des eaux", unconfirmed=True)


def test_everybody_finds_a_confirmed_body(db):
    body = a_syndicate()
    save_body_confirmation(body)
    for query in (SIREN, "Syndicat d’Exemple des eaux", "sindicat exemple eaux"):
        assert body in find_collectivities(query), query
    assert body in find_collectivities("29000", limit=50)


@pytest.mark.parametrize("text", ["212 900 195", "212.900.195", "21290019500018"])
def test_a_number_is_read_as_people_write_it(text):
    assert parse_siren(text) == "212900195"


@pytest.mark.parametrize(
    "text", ["", "21290019", "212900196", "29000", "R53", "٢١٢٩٠٠١٩٥", "212900195\x00", "21290019500012"]
)
def test_an_impossible_number_is_refused(text):
    with pytest.raises(SearchProblem):
        parse_siren(text)


def test_likely_duplicates_are_proposed_with_their_reasons(db):
    save_body_confirmation(first := a_syndicate())
    sketch = Collectivity(kind=Kind.SIVU, name="Sindicat d’Exemple des Eaux", siren=None, seat=quimper())
    sketch.departement = quimper().departement
    [likely] = find_likely_duplicates(sketch)
    assert likely.body == first
    assert list(map(str, likely.reasons)) == ["nom proche", "même nature", "même commune du siège"]


def test_a_commune_is_a_duplicate_of_its_town_hall_but_not_of_its_ccas(db):
    seat = quimper()
    of_town = {"seat": seat, "departement": seat.departement}
    assert find_likely_duplicates(Collectivity(kind=Kind.CCAS, name="CCAS de Quimper", **of_town)) == []
    duplicates = find_likely_duplicates(Collectivity(kind=Kind.OTHER, name="Mairie de Quimper", **of_town))
    assert [likely.body for likely in duplicates if likely.body.kind == Kind.COMMUNE] == [seat]


def test_the_numbers_of_merged_bodies_lead_to_the_remaining_one(db):
    body, remaining = a_syndicate(), a_syndicate(siren=None)
    save_body_merge(body, into=remaining)
    remaining.refresh_from_db()
    assert (remaining.siren, body.siren, body.merged_into) == (SIREN, None, remaining)
    other = a_syndicate(siren=make_fake_siren(424_243))
    save_body_merge(other, into=remaining)
    assert find_body_by_code(other.siren) == remaining
    assert create_proposed_body(kind=Kind.SIVU, name="Encore", siren=other.siren, seat=quimper()) == remaining


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
