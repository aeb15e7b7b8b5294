"""The check of the value of a contact: one can dial a number, write to an address and open a page."""

import re
from collections.abc import Callable

from django.core.exceptions import ValidationError
from django.core.validators import URLValidator, validate_email

from core.telephone import SHORT_NUMBER
from csirts.enums import ContactKind

PHONE_CHARACTERS = re.compile(r"\+?[\d\s.()-]+")
NATIONAL_DIGITS, LOCAL_DIGITS, MAX_DIGITS = 10, 6, 15
check_https = URLValidator(schemes=["https"])


def check_contact_value(kind: str, value: str) -> None:
    """Raise ValidationError, whose message says what to write instead, for a value that no reader could use."""
    if kind == ContactKind.PHONE and not is_phone(value):
        raise ValidationError("Écrivez un numéro de téléphone entier, en chiffres. Le reste va dans la remarque.")
    if kind == ContactKind.EMAIL and not is_valid(validate_email, value):
        raise ValidationError("Écrivez une adresse mail entière, comme nom@exemple.example.")
    if kind == ContactKind.DPO and not is_valid(validate_email, value) and not is_valid(check_https, value):
        raise ValidationError("Écrivez une adresse mail, ou celle d’une page, qui commence par https://.")


def is_phone(value: str) -> bool:
    """Tell whether the value is a whole number: national, local (six digits overseas), international or short."""
    digits = "".join(character for character in value if character.isdecimal())
    if not PHONE_CHARACTERS.fullmatch(value):
        return False
    if digits.startswith("0") and not digits.startswith("00"):
        return len(digits) == NATIONAL_DIGITS
    return LOCAL_DIGITS <= len(digits) <= MAX_DIGITS or SHORT_NUMBER.fullmatch(digits) is not None


def is_valid(check: Callable[[str], None], value: str) -> bool:
    try:
        check(value)
    except ValidationError:
        return False
    return True
