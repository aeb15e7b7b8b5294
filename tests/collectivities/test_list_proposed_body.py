"""A body that no list carried, met by a newer list."""

import pytest

from collectivities.enums import Kind
from collectivities.models import Collectivity
from collectivities.services import save_body_merge
from tests.collectivities.lists import load_list
from tests.collectivities.proposing import a_syndicate
from tests.collectivities.small_package import EPCI, make_first_list
from tests.superuser import act_as_superuser

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("first_small_list")]


def commune_of(code):
    return Collectivity.objects.with_territory().get(insee_code=code)


def test_a_newer_list_leaves_a_proposed_body_as_it_is(package):
    body = a_syndicate(seat=commune_of("29901"))
    load_list(package(make_first_list(), "7.0.0"))
    body.refresh_from_db()
    assert (body.vanished_on, body.is_unconfirmed) == (None, True)


def forget_listed_body():
    """Bring about a list that does not have this body yet: the site never deletes one."""
    with act_as_superuser():
        Collectivity.objects.get(siren=EPCI).delete()


def test_a_list_that_carries_its_number_takes_over_a_proposed_body(package):
    seat = commune_of("29901")
    forget_listed_body()
    body = a_syndicate(siren=EPCI, seat=seat)
    load_list(package(make_first_list(), "7.0.0"))
    body.refresh_from_db()
    assert (body.name, body.kind, body.is_listed) == ("CC de l'Exemple (CCEX)", Kind.CC, True)
    assert (body.is_unconfirmed, body.seat) == (False, None)
    assert Collectivity.objects.filter(siren=EPCI).count() == 1


def test_a_proposed_body_never_replaces_a_listed_one(package):
    """The list did not know the number of a commune, and somebody proposed another body with it."""
    commune = commune_of("29902")
    siren = commune.siren
    Collectivity.objects.filter(pk=commune.pk).update(siren=None)
    body = a_syndicate(siren=siren, seat=commune_of("29901"))
    load_list(package(make_first_list(), "7.0.0"))
    commune.refresh_from_db()
    body.refresh_from_db()
    assert (commune.siren, commune.name, commune.vanished_on) == (siren, "Tréexemple", None)
    assert (body.merged_into, body.siren) == (commune, None)


def test_a_merged_body_gives_its_number_back_to_the_list(package):
    forget_listed_body()
    body = a_syndicate(siren=EPCI, seat=commune_of("29901"))
    save_body_merge(body, into=commune_of("29901"))
    load_list(package(make_first_list(), "7.0.0"))
    body.refresh_from_db()
    assert (body.siren, body.merged_into) == (None, commune_of("29901"))
    assert Collectivity.objects.get(siren=EPCI).is_listed
