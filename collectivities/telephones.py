"""Whether a telephone number can be called from a body, whose territory may have shorter local numbers."""

from collectivities.models import Collectivity
from core.telephone import LOCAL_DIGITS, has_complete_number, has_too_many_digits

# Territory code → country code. Everywhere else, also in the other territories overseas, a number has ten digits.
COUNTRY_CODES = {"975": "508", "986": "681", "987": "689", "988": "687"}


def get_local_number_length(collectivity: Collectivity | None) -> int | None:
    """Return the number of digits of local numbers in the territory of a body, or 0 if it has no local numbers.

    Return None if the body or its région is not known.
    """
    if collectivity is None:
        return None
    region = collectivity.home_region
    return LOCAL_DIGITS.get(COUNTRY_CODES.get(region.code, ""), 0) if region else None


def find_phone_problem(phone: str, body: Collectivity | None) -> str:
    """Return a French sentence on why this number cannot be called and what to do, or "" if it can be called.

    The sentence has no full stop. `phone` may hold words and several numbers: one complete number is enough. `body` is
    None if it is not known yet.
    """
    if has_complete_number(phone, local_digits=get_local_number_length(body)):
        return ""
    too_many = has_too_many_digits(phone)
    why = "il a trop de chiffres. Vérifiez-le" if too_many else "il y manque des chiffres. Écrivez-le en entier"
    return f"Ce numéro ne peut pas être appelé : {why}"
