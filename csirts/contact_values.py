"""The check of the value of a contact: one can dial a number, write to an address and open a page."""

import re
from collections.abc import Callable

from django.core.exceptions import ValidationError
from django.core.validators import URLValidator, validate_email

from core.telephone import find_first_number, has_complete_number, has_short_number
from csirts.enums import ContactKind

PHONE_CHARACTERS = re.compile(r"\+?[\d\s.()-]+")
check_https = URLValidator(schemes=["https"])


def check_contact_value(kind: str, value: str) -> None:
    """Raise ValidationError for a value that no reader could use, such as half a number. The message says what to
    write instead.
    """
    if kind == ContactKind.PHONE and not is_phone_number(value):
        raise ValidationError("Écrivez un numéro de téléphone entier, en chiffres. Le reste va dans la remarque.")
    if kind == ContactKind.EMAIL and not is_accepted(validate_email, value):
        raise ValidationError("Écrivez une adresse mail entière, comme nom@exemple.example.")
    if kind == ContactKind.DPO and not is_accepted(validate_email, value) and not is_accepted(check_https, value):
        raise ValidationError("Écrivez une adresse mail, ou celle d’une page, qui commence par https://.")


def is_phone_number(value: str) -> bool:
    """Tell whether the value is one complete number: national, local (overseas), international or short."""
    if not PHONE_CHARACTERS.fullmatch(value):
        return False
    first_number = find_first_number(value) or value
    is_alone = count_digits(first_number) == count_digits(value)
    return is_alone and (has_complete_number(value, local_digits=None) or has_short_number(value))


def count_digits(text: str) -> int:
    return sum(character.isdecimal() for character in text)


def is_accepted(check: Callable[[str], None], value: str) -> bool:
    """Tell whether the validator `check` accepts the value."""
    try:
        check(value)
    except ValidationError:
        return False
    return True
