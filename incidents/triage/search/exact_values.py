"""Searches for one exact value typed alone: a telephone number or an indicator."""

import re
from collections.abc import Collection, Iterator
from datetime import datetime
from functools import lru_cache
from typing import NamedTuple

from django.db.models import Q, QuerySet, Value
from django.db.models.functions import Lower

from collectivities.search import SearchProblem
from core.telephone import LOCAL_DIGITS, find_local_number, fold_separators, list_local_prefixes
from core.text import fold_text
from incidents.enums import ObservableKind
from incidents.indicators.hosts import (
    list_enclosing_hosts,
    list_searched_hosts,
    match_on_hosts,
    separate_frequent_hosts,
)
from incidents.indicators.observables import EMAIL, Indicator, find_indicator_host, normalise_ip, normalise_value
from incidents.indicators.sightings import match_values
from incidents.models import Incident, Observable
from incidents.querysets import LAST_DIGITS, IncidentQuerySet

NUMBER = re.compile(r"(?:\+|00)?[\d\s.()/-]+", re.ASCII)
# A French telephone number as it is dialled. Nine digits are a SIREN, fourteen a SIRET.
NATIONAL_NUMBER = re.compile(r"0\d{9}", re.ASCII)
# A local number of a territory with short numbers, in pairs or not. Only spaces and dots separate its pairs, unlike
# « 24/11/26 ».
LOCAL_NUMBER = re.compile(r"[2-9]\d(?:[ .]?\d\d){2}|(?:4\d|8[7-9])(?:[ .]?\d\d){3}", re.ASCII)
# Exchanges also show a French number as « 33 6 39 98 00 12 », which is neither a SIREN nor a SIRET.
INTERNATIONAL_NUMBER = re.compile(r"(?:\+|00)\d{10,14}|330?[1-9]\d{8}", re.ASCII)
# The beginning of a telephone number, or a number with a digit too many. The SIREN of a body never begins with 0.
INCOMPLETE_NUMBER = re.compile(r"0[1-9]\d{4,}", re.ASCII)
# Six digits without a separator are rather a code.
SHORT_CODE = re.compile(r"\d{6}", re.ASCII)
# A day such as « 01.11.26 » or « 01-11-2026 ».
DAY = re.compile(r"(?:0?[1-9]|[12]\d|3[01])([./-])(?:0?[1-9]|1[0-2])\1(?:\d\d|20\d\d)", re.ASCII)
# A file name such as « facture.exe », but not a number such as « 12.05 ».
FILE_NAME = re.compile(r"[^/]*[^\W_]\.[a-z]\w{1,4}", re.IGNORECASE)
# Kinds of indicators that look like a name that a person may type, such as « m.martin ».
NAME_LIKE_KINDS = frozenset((ObservableKind.DOMAIN, ObservableKind.FILE))
# Patterns that the whole text must match too, for the kinds for which `normalise_value` accepts too much.
PATTERNS = {ObservableKind.EMAIL: EMAIL, ObservableKind.FILE: FILE_NAME}


class ExactValue(NamedTuple):
    """A telephone number, or the indicators that a text may be.

    A text such as « virus.zip » may be two indicators: a domain and a file.
    """

    phone: str = ""
    indicators: tuple[Indicator, ...] = ()

    @property
    def may_be_name(self) -> bool:
        """Tell whether the text of the indicators may also be a person's name, such as « m.martin »."""
        return bool(self.indicators) and all(indicator.kind in NAME_LIKE_KINDS for indicator in self.indicators)


# Names of callers are not indexed, since erasing must leave no copy of them. The names in this many cases are compared
# instead.
CALLERS_READ = 300
TITLES_OF_PERSONS = frozenset(("m", "mr", "mme", "mlle", "monsieur", "madame", "mademoiselle"))
# The reason shown for a case that was found by an exact value.
REASONS: dict[str, str] = {
    "phone": "téléphone de la personne à rappeler",
    "caller": "personne à rappeler",
    "contact": "mail de la personne à rappeler",
    "observable": "indicateur relevé",
    "reference": "référence qui commence ou finit ainsi",
    "host": "indicateur relevé sur le même domaine ou la même adresse",
}


@lru_cache(maxsize=1024)  # a search reads its text twice
def parse_exact_value(text: str) -> ExactValue | None:
    """Return the telephone number or the indicators that the whole text may be, or None.

    Return None for a SIREN or a postal code too.
    """
    folded = fold_separators(text)
    if NUMBER.fullmatch(folded) and (number := parse_telephone(folded)):
        return ExactValue(phone=number)
    indicators = tuple(list_indicators(text.strip()))
    return ExactValue(indicators=indicators) if indicators else None


def list_indicators(text: str) -> Iterator[Indicator]:
    """Yield each indicator that the whole text may be, normalised as it is stored."""
    if address := normalise_ip(text):
        yield Indicator(ObservableKind.IP, address)
        return
    for kind in ObservableKind:
        pattern = PATTERNS.get(kind)
        if (pattern is None or pattern.fullmatch(text)) and (value := normalise_value(kind, text)):
            yield Indicator(kind, value)
    # A host with a port or a path, which is typed without « http:// »
    if re.search(r"[:/]", text) and (url := normalise_value(ObservableKind.URL, f"http://{text}")):
        host = find_indicator_host(ObservableKind.URL, url)
        yield Indicator(ObservableKind.IP if normalise_ip(host) else ObservableKind.DOMAIN, host)


def parse_telephone(text: str) -> str:
    """Return the digits of a telephone number without its country code, such as « 0298000000 ».

    Return "" if the text is not a telephone number.
    """
    bare = re.sub(r"[\s.()/-]", "", text)
    if LOCAL_NUMBER.fullmatch(" ".join(text.split())):
        return bare
    if local := find_local_number(bare):
        return local
    if NATIONAL_NUMBER.fullmatch(bare):
        return bare
    return f"0{bare[-LAST_DIGITS:]}" if INTERNATIONAL_NUMBER.fullmatch(bare) else ""


def check_number_complete(text: str) -> None:
    """Raise `SearchProblem` if the text begins like a French telephone number but is not a complete one.

    A day or a code of six digits raises nothing.
    """
    folded = fold_separators(text.strip())
    if is_day(text) or SHORT_CODE.fullmatch(folded):
        return
    bare = re.sub(r"[\s.()-]", "", folded)
    if INCOMPLETE_NUMBER.fullmatch(bare) and not parse_telephone(folded):
        raise SearchProblem("Un numéro de téléphone s’écrit en entier.")


def is_day(text: str) -> bool:
    """Tell whether the whole text is a date in figures, such as « 01/11/26 »."""
    return DAY.fullmatch(fold_separators(text.strip())) is not None


def list_number_spellings(number: str) -> list[str]:
    """Return the usual spellings of a telephone number in texts. `number` comes from `parse_telephone`."""
    pairs = re.findall(r"\d\d", number)
    if len(number) != len("0298000000"):
        codes = [code for code, length in LOCAL_DIGITS.items() if length == len(number)]
        prefixes = [prefix for code in codes for prefix in list_local_prefixes(code)]
        abroad = [f"{prefix}{rest}" for prefix in prefixes for rest in (number, f" {' '.join(pairs)}")]
        return [number, *(separator.join(pairs) for separator in " ."), *abroad]
    abroad = ["+33", pairs[0][1], *pairs[1:]]
    grouped = [number[0], number[1:4], number[4:7], number[7:]]  # « 0 800 200 008 »
    return [
        number,
        *(separator.join(pairs) for separator in " .-"),
        " ".join(grouped),
        " ".join(abroad),
        f"+33{number[1:]}",
    ]


def list_newest_with_value(exact: ExactValue, cases: IncidentQuerySet, most: int) -> list[tuple[int, str]]:
    """Return (primary key, reason) for the newest of `cases` that have this value, or another value on the same host.

    At most `most` cases are returned for each reason. Runs at most two queries.
    """
    if exact.phone:
        return list_newest_cases(cases.with_contact_number(exact.phone), "phone", most)
    sightings = Observable.objects.filter(match_values(exact.indicators))
    cases_by_reason = {"observable": cases.filter(pk__in=sightings.values("incident"))}
    mails = [indicator.value for indicator in exact.indicators if indicator.kind == ObservableKind.EMAIL]
    if mails:
        cases_by_reason["contact"] = cases.alias(mail=Lower("story__contact_email")).filter(mail__in=mails)
    cases_by_reason["host"] = cases.filter(match_related_indicators(exact))
    first, *others = [
        label_rows(rows.order_by("-received_at", "-id"), label)[:most] for label, rows in cases_by_reason.items()
    ]
    rows = sorted(first.union(*others, all=True), reverse=True)
    return [(key, REASONS[reason]) for reason in cases_by_reason for _at, key, label in rows if label == reason]


def label_rows(cases: IncidentQuerySet, label: str) -> QuerySet[Incident, tuple[datetime, int, str]]:
    """Return (date of receipt, primary key, label) for each of the cases."""
    return cases.annotate(label=Value(label)).values_list("received_at", "pk", "label")


def match_related_indicators(exact: ExactValue) -> Q:
    """Return the condition that a case has another indicator on the same host.

    Runs one query, or none if the value has no host.
    """
    enclosing = {host for indicator in exact.indicators for host in list_enclosing_hosts(indicator)}
    few, frequent_hosts = separate_frequent_hosts(list_searched_hosts(exact.indicators))
    on_hosts = Q(pk__in=few) | match_on_hosts(frequent_hosts) | match_values(enclosing)
    return Q(pk__in=Observable.objects.filter(on_hosts).values("incident"))


def normalise_searched_names(texts: Collection[str]) -> list[str]:
    """Return the searched words and phrases, normalised by `normalise_caller_name`. Empty results are left out."""
    return [name for text in texts if (name := normalise_caller_name(text))]


def has_caller_name(name: str, words: Collection[str]) -> bool:
    """Tell whether the name of a caller contains all these words. The words must be normalised."""
    whole_name = f" {normalise_caller_name(name)} "
    return all(f" {word} " in whole_name for word in words)


def normalise_caller_name(text: str) -> str:
    """Return the text in lower case, without accents and without titles such as « Mme »."""
    return " ".join(word for word in fold_text(text).split() if word not in TITLES_OF_PERSONS)


def list_newest_cases(cases: IncidentQuerySet, reason: str, most: int) -> list[tuple[int, str]]:
    """Return (primary key, reason) for the newest of `cases`, at most `most` of them."""
    keys = cases.order_by("-received_at", "-id").values_list("pk", flat=True)[:most]
    return [(key, str(REASONS[reason])) for key in keys]
