"""Bodies that are on no list, in real territories, because the test database contains the official list."""

import factory
from stdnum import luhn

from collectivities.enums import Kind
from collectivities.models import Collectivity, Departement, Region
from collectivities.wording import make_stem, normalise_text


def make_fake_siren(number: int) -> str:
    """Return a SIREN that passes the Luhn check and starts like that of a public body, but of no French one."""
    digits = f"29{number % 1_000_000:06d}"
    return digits + luhn.calc_check_digit(digits)


class RegionFactory(factory.django.DjangoModelFactory[Region]):
    class Meta:
        model = Region
        django_get_or_create = ["code"]

    code = "53"
    name = "Bretagne"
    zone = "metro"
    sort_key = factory.LazyAttribute(lambda region: normalise_text(region.name))


class DepartementFactory(factory.django.DjangoModelFactory[Departement]):
    class Meta:
        model = Departement
        django_get_or_create = ["code"]

    code = "29"
    name = "Finistère"
    zone = "metro"
    region = factory.SubFactory(RegionFactory)
    sort_key = factory.LazyAttribute(lambda departement: normalise_text(departement.name))


class CollectivityFactory(factory.django.DjangoModelFactory[Collectivity]):
    """A commune of Finistère. `departement__code` and `departement__region__code` give another territory."""

    class Meta:
        model = Collectivity

    kind = Kind.COMMUNE
    name = factory.Sequence(lambda number: f"Plouexemple-{number}")
    sort_key = factory.LazyAttribute(lambda body: normalise_text(body.name))
    stem = factory.LazyAttribute(lambda body: make_stem(body.name, body.kind))
    siren = factory.Sequence(make_fake_siren)
    departement = factory.SubFactory(DepartementFactory)
    region = factory.LazyAttribute(lambda body: body.departement.region if body.departement else None)
    population = 1_234
