"""Whether a text points at somebody: the body, the person to call back, the case. Pure; words in, words out."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache

from incidents.text import fold

# Shorter names are also common words (Sens, Mer, Eu): they are looked for as they are written.
COMMON_LENGTH = 5
NAME_LENGTH = 3
PHONE_DIGITS = 9  # of a French number, whatever stands before them
MAIL = re.compile(r"[^\s<>()]+@[^\s<>()]+")
PHONE = re.compile(r"(?:0|33|0033)[1-9]\d{8}")  # digits of a French number, grouped in any way
NUMBER = re.compile(r"\d(?:[\s.\-/]?\d){4,}")
WORD = re.compile(r"[^\W\d_][\w’'-]*")

# One text is looked through for thousands of names.
fold_once = lru_cache(maxsize=8)(fold)


@dataclass(frozen=True, kw_only=True)
class Named:
    """What would point at the case. Empty values point at nothing."""

    body: str
    contact_name: str = ""
    contact_phone: str = ""
    contact_email: str = ""
    siren: str = ""
    insee_code: str = ""
    reference: str = ""


def pointers_in(text: str, named: Named) -> list[str]:
    """The words of `text` that point at somebody, as they are written there, each once."""
    found = [
        *name_in(text, named.body),
        *contact_in(text, named.contact_name),
        *MAIL.findall(text),
        *numbers_in(text, named),
        *reference_in(text, named.reference),
    ]
    return list(dict.fromkeys(found))


def names_in(text: str, named: Named) -> list[str]:
    """The words of `text` that name the body, its people or the case, each once: other numbers and addresses may stay,
    as of whom to call.
    """
    found = [
        *name_in(text, named.body),
        *contact_in(text, named.contact_name),
        *(one for one in MAIL.findall(text) if named.contact_email and named.contact_email.lower() in one.lower()),
        *numbers_in(text, named),
        *reference_in(text, named.reference),
    ]
    return list(dict.fromkeys(found))


def persons_in(text: str, named: Named) -> list[str]:
    """The words of `text` that name the person to call back, and every address and telephone number, each once."""
    phones = (one for one in NUMBER.findall(text) if PHONE.fullmatch(digits(one)))
    return list(dict.fromkeys([*contact_in(text, named.contact_name), *MAIL.findall(text), *phones]))


def name_in(text: str, name: str) -> Iterator[str]:
    folded = fold(name)
    if not folded:
        return
    if len(folded) > COMMON_LENGTH:
        if f" {folded} " in f" {fold_once(text)} ":
            yield name
    elif re.search(rf"\b{re.escape(name)}\b", text):
        yield name


def contact_in(text: str, name: str) -> Iterator[str]:
    """The whole name in any spelling, and each of its parts written as a name is."""
    if name and f" {fold(name)} " in f" {fold_once(text)} ":
        yield name
        return
    parts = {word for word in WORD.findall(name) if len(word) >= NAME_LENGTH and word[0].isupper()}
    yield from (word for word in WORD.findall(text) if word in parts or (word.title() in parts and word.isupper()))


def numbers_in(text: str, named: Named) -> Iterator[str]:
    """Telephone, SIREN and INSEE code, however their digits are grouped."""
    phone = digits(named.contact_phone)[-PHONE_DIGITS:]
    for written in NUMBER.findall(text):
        said = digits(written)
        if any(code and code in said for code in (phone, named.siren)) or said == named.insee_code:
            yield written


def reference_in(text: str, reference: str) -> list[str]:
    """However it is grouped."""
    return re.findall(r"[\s-]*".join(reference), text, re.IGNORECASE) if reference else []


def digits(text: str) -> str:
    return re.sub(r"\D", "", text)
