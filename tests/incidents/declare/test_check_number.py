"""Which telephone numbers of a declarant can be called, for all doors: each asks `check_declaration`.

`test_declare_badly` has a number of each kind pass through the pages.
"""

import pytest
from django.core.exceptions import ValidationError
from django.utils import timezone

from collectivities.models import Collectivity
from incidents.facts.shapes import Caller
from incidents.services.declaring.check import check_declaration
from tests.cast import a_declaration, plouexemple

pytestmark = pytest.mark.django_db


@pytest.fixture
def commune() -> Collectivity:
    return plouexemple()


COMPLETE_NUMBERS = [
    "+32 2 123 45 67",
    "+687 40.41.42",
    "+33 (0)2 98 00 00 00",
    "02 98 00 00 00 poste 12",
    "02 98 00 00 00 / 06 98 00 00 00",
    "Mme Exemple 06 98 00 00 00 le soir",
    "02 98 00 00 00 +33 6 98 00 00 00",
    "02 - 98 - 00 - 00 - 00",
    "02 98 00 00 00 - 06 98 00 00 00",
    "06 12 34 56 78 (24h/24)",
    "06 12 34 56 78 24/24",
    "06 12 34 56 78 7j/7",
    "+33 2 98 00 00 00 06 12 34 56 78",
    "+33 (0)2 98 00 00 00 (24h/24)",
    "02 98 00 00 00 8h-12h",
    "02 98 00 00 00, 12",
    "0 800 200 008 24h/24",
    "06/12/34/56/78",
    "02 98 00 00 00 (12)",
    "02 98 00 00 00 (8-12h)",
    "02 98 00 00 00 8-12h",
    "02 98 00 00 00 8:30-12:00",
    "02 98 00 00 00 (1er étage)",
    "02 98 00 00 00 (2 lignes)",
    "02 98 00 00 00 (17 en cas d’urgence)",
    "687 26 20 00",
    "(687) 26 20 00",
    "689 87 12 34 56",
    "508 41 12 34",
    "262 692 12 34 56",
    "+33 2 98 00 00 00",
    "02,98,00,00,00",
    "02, 98, 00, 00, 00",
    "02,98-00-00-00",
    "02;98 00 00 00",
    "+33 2,98,00,00,00",
    "02_98_00_00_00",
    "02:98:00:00:00",
    "02·98·00·00·00",
    "02\N{NON-BREAKING HYPHEN}98\N{NON-BREAKING HYPHEN}00 00 00",
    "02 — 98 — 00 — 00 — 00",
    "02,98,00,00,00, 06,98,00,00,00",
    "02,98,00,00,00 (8:30-12:00)",
]
SHORT_NUMBERS = [
    "02 98",
    "+33 2 98 12",
    "02,98,12",
    "02 98 12 34, 12",
    "02 98 12, 10:30",
    "02 98 45; 17:30",
    "02 98 12 : 10:30",
    "687 26 20",
    "123456",
    "111111",
    "40 41 42 43",
]
LONG_NUMBERS = [
    "02,98,12,34,56,78",
    "+33298123456789",
    "06 12 34 56 78 90",
    "02 96 29 00 00 00 00",
    "mairie : 06 12 34 56 78 -90",
    "+33 6 12 34 56 78 90",
    "+33 (0)2 98 00 00 00 00",
    "(0612345678) 90",
]


def check_siren_or_siret(number, town):
    """Return the number as it is stored. Raise ValidationError if it cannot be called."""
    declaration = a_declaration(caller=Caller(phone=number), collectivity=town)
    return check_declaration(declaration, now=timezone.now()).caller.phone


def test_a_number_that_can_be_called_is_kept_as_it_is_written(commune):
    assert [check_siren_or_siret(number, commune) for number in COMPLETE_NUMBERS] == COMPLETE_NUMBERS


@pytest.mark.parametrize(
    ("numbers", "words"),
    [(SHORT_NUMBERS, "il y manque des chiffres"), (LONG_NUMBERS, "il a trop de chiffres. Vérifiez-le.")],
    ids=["short", "long"],
)
def test_a_number_that_cannot_be_called_is_refused(commune, numbers, words):
    for number in numbers:
        with pytest.raises(ValidationError) as refused:
            check_siren_or_siret(number, commune)
        assert [*refused.value.message_dict] == ["contact_phone"], number
        assert words in refused.value.messages[0], number
