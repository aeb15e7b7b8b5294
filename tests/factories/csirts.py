from typing import Any

import factory
from django.db.backends.postgresql.psycopg_any import DateRange

from csirts.enums import ContactKind, Level
from csirts.models import BackupCentre, Contact, Coverage, Csirt

ALWAYS = DateRange(None, None, "()")


class CsirtFactory(factory.django.DjangoModelFactory[Csirt]):
    """A centre with a published telephone and site, and no channel, because its lead has set none."""

    class Meta:
        model = Csirt
        skip_postgeneration_save = True

    slug = factory.Sequence(lambda n: f"centre-{n}")
    name = factory.Sequence(lambda n: f"Centre {n}")
    level = Level.TERRITORIAL

    @factory.post_generation
    def contacts(self, create: bool, extracted: dict[str, str] | None, **kwargs: Any) -> None:
        published = {"phone": "0 800 00 00 00", "website": f"https://{self.slug}.example/"}
        for kind, value in (published if extracted is None else extracted).items():
            ContactFactory(csirt=self, kind=kind, value=value)


class ContactFactory(factory.django.DjangoModelFactory[Contact]):
    class Meta:
        model = Contact

    csirt = factory.SubFactory(CsirtFactory, contacts={})
    kind = ContactKind.PHONE
    value = "0 800 00 00 00"
    source = "essai"


class CoverageFactory(factory.django.DjangoModelFactory[Coverage]):
    """The territory of a centre. `region` must be given, because the official régions are in every test database."""

    class Meta:
        model = Coverage

    csirt = factory.SubFactory(CsirtFactory)
    valid = ALWAYS
    source = "essai"


class BackupCentreFactory(factory.django.DjangoModelFactory[BackupCentre]):
    class Meta:
        model = BackupCentre

    csirt = factory.SubFactory(CsirtFactory)
    backup = factory.SubFactory(CsirtFactory)
    rank = 1
