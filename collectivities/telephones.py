"""Whether a telephone number can be called from a body, whose territory may have shorter local numbers."""

from collectivities.models import Collectivity
from core.telephone import LOCAL_DIGITS, has_too_many_digits, holds_whole_number

# Territory code → country code. Everywhere else, also in the other territories overseas, a number has ten digits.
COUNTRY_CODES = {"975": "508", "986": "681", "987": "689", "988": "687"}


def get_local_digits(collectivity: Collectivity | None) -> int | None:
    """Return how many digits the local numbers of the territory of the body have, 0 if there are none, and None if
    the body is not known.
    """
    if collectivity is None:
        return None
    region = collectivity.home_region
    return LOCAL_DIGITS.get(COUNTRY_CODES.get(region.code, ""), 0) if region else None


def find_number_problem(phone: str, body: Collectivity | None) -> str:
    """Return why this number cannot be called and what to do, without the final full stop, or "".

    The text may hold words and several numbers. One whole number is enough. `body` is None if it is not known yet.
    """
    if holds_whole_number(phone, local_digits=get_local_digits(body)):
        return ""
    too_many = has_too_many_digits(phone)
    why = "il a trop de chiffres. Vérifiez-le" if too_many else "il y manque des chiffres. Écrivez-le en entier"
    return f"Ce numéro ne peut pas être appelé : {why}"
