"""Searches for one exact value: a telephone number, a mail address or an IP address typed alone."""

import re
from typing import NamedTuple

from django.db.models.functions import Lower

from incidents.enums import ObservableKind
from incidents.indicators.observables import EMAIL, normalised, spelt_ip
from incidents.models import Observable
from incidents.querysets import LAST_DIGITS, IncidentQuerySet

NUMBER = re.compile(r"(?:\+|00)?[\d\s.()/-]+", re.ASCII)
# A French number as it is dialled. Nine digits are a SIREN, fourteen a SIRET.
NATIONAL = re.compile(r"0\d{9}", re.ASCII)
PREFIXED = re.compile(r"(?:\+|00)\d{10,14}", re.ASCII)


class Exact(NamedTuple):
    """An exact value. `kind` is « phone » or a kind of indicator."""

    kind: str
    value: str


# The reason shown for a case that was found by an exact value.
REASONS: dict[str, str] = {
    "phone": "téléphone de la personne à rappeler",
    "contact": "mail de la personne à rappeler",
    "observable": "indicateur relevé",
}


def exact_in(text: str) -> Exact | None:
    """Return the exact value that the whole text is, or None, also for a SIREN or a postal code."""
    if NUMBER.fullmatch(text) and (number := telephone_in(text)):
        return Exact("phone", number)
    if address := spelt_ip(text.strip()):
        return Exact(ObservableKind.IP, address)
    mail = normalised(ObservableKind.EMAIL, text) if EMAIL.fullmatch(text) else None
    return Exact(ObservableKind.EMAIL, mail) if mail else None


def telephone_in(text: str) -> str:
    """Return the digits as they are dialled in France, such as « 0298000000 », or "" for any other text."""
    bare = re.sub(r"[\s.()/-]", "", text)
    if NATIONAL.fullmatch(bare):
        return bare
    return f"0{bare[-LAST_DIGITS:]}" if PREFIXED.fullmatch(bare) else ""


def spellings_of(number: str) -> list[str]:
    """Return the usual spellings of a number of ten digits in a text."""
    pairs = re.findall(r"\d\d", number)
    abroad = ["+33", pairs[0][1], *pairs[1:]]
    grouped = [number[0], number[1:4], number[4:7], number[7:]]  # « 0 800 200 008 »
    return [number, *(sign.join(pairs) for sign in " .-"), " ".join(grouped), " ".join(abroad), f"+33{number[1:]}"]


def cases_with(exact: Exact, cases: IncidentQuerySet, most: int) -> list[tuple[int, str]]:
    """Return the newest of `cases` that have this value, each with the reason. Runs one query, or two for a mail
    address.
    """
    if exact.kind == "phone":
        return newest(cases.called_from(exact.value), "phone", most)
    seen = Observable.objects.filter(kind=exact.kind, value=exact.value)
    found = newest(cases.filter(pk__in=seen.values("incident")), "observable", most)
    if exact.kind == ObservableKind.EMAIL:
        found += newest(cases.alias(mail=Lower("story__contact_email")).filter(mail=exact.value), "contact", most)
    return found


def newest(cases: IncidentQuerySet, reason: str, most: int) -> list[tuple[int, str]]:
    keys = cases.order_by("-received_at", "-id").values_list("pk", flat=True)[:most]
    return [(key, str(REASONS[reason])) for key in keys]
