"""Whether a text points at somebody: the body, the person to call back, the case. Pure; words in, words out.

A text is read once (`read_text`), then asked about thousands of names: each is looked up, none is searched for.
"""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from functools import cached_property, lru_cache
from typing import NamedTuple

from collectivities.wording import SHORTENED
from core.text import fold

# Shorter names are also common words (Sens, Mer, Eu): they are looked for with their capital.
COMMON_LENGTH = 5
NAME_LENGTH = 3
PHONE_DIGITS = 9  # of a French number, whatever stands before them
LEAST_DIGITS = 6
RUN = re.compile(r"[^\s<>()]+")
NUMBER = re.compile(r"\d(?:(?:[^\w,;:!?]|_){0,3}\d){4,}")
NATIONAL = re.compile(r"0(\d{9})")
PHONE = re.compile(r"(?:0|33|0033)[1-9]\d{8}")  # digits of a French number, grouped in any way
WORD = re.compile(r"[^\W\d_][\w’'-]*")
APOSTROPHE = re.compile(r"[’']")
PART = re.compile(r"[^\W_]+")
HOST = re.compile(r"[\w.-]+")
# What stands before the name of a body in the address of its site.
OF_SITES = ("mairie", "mairiede", "ville", "villede", "commune", "communede", "agglo")
# Words that people write where a person is asked for.
OFFICES = ("mairie", "commune", "ville", "accueil", "secretariat", "de", "du", "la", "le")
# How many words in a row may be a name; those of bodies have fewer.
LONGEST_NAME = 20


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


class Pointers(NamedTuple):
    """Words as they are written, each once. `doubtful`: a part of somebody's name, or the whole of it without a
    capital, which may be common words too.
    """

    certain: list[str]
    doubtful: list[str]


@dataclass(frozen=True)
class ReadText:
    """What a text holds, by spellings in which it is looked up. Each leads to the words as they are written."""

    text: str
    _phrases: dict[int, dict[str, str]] = field(default_factory=dict)
    _numbers: dict[int, dict[str, str]] = field(default_factory=dict)

    @cached_property
    def parts(self) -> list[re.Match[str]]:
        return list(PART.finditer(self.text))

    @cached_property
    def folded(self) -> list[str]:
        return [fold_word(part[0]) for part in self.parts]

    def phrases(self, length: int) -> dict[str, str]:
        """Return every phrase of that many words. Of one written with a capital and without, the first."""
        if length not in self._phrases:
            found: dict[str, str] = {}
            for start in range(len(self.parts) - length + 1):
                written = self.text[self.parts[start].start() : self.parts[start + length - 1].end()]
                phrase = " ".join(self.folded[start : start + length])
                if phrase not in found or not found[phrase][0].isupper():
                    found[phrase] = written
            self._phrases[length] = found
        return self._phrases[length]

    @cached_property
    def names(self) -> dict[str, str]:
        """Return the words that begin with a capital, « Exemple » of « d’Exemple » too."""
        words = [*WORD.findall(self.text), *WORD.findall(APOSTROPHE.sub(" ", self.text))]
        return {fold(word): word for word in reversed(words) if word[0].isupper()}

    @cached_property
    def mails(self) -> list[str]:
        return [run for run in RUN.findall(self.text) if "@" in run[1:-1]]

    @cached_property
    def sites(self) -> dict[str, str]:
        """Return the names that addresses of sites and of mails are made of, without what parts their words."""
        hosts = [host.strip(".-") for host in HOST.findall(self.text)]
        return {name: host for host in hosts if "." in host for name in names_of_host(host)}

    @cached_property
    def numbers(self) -> dict[str, str]:
        return {digits(written): written for written in NUMBER.findall(self.text)}

    def digits_in_row(self, length: int) -> dict[str, str]:
        """Return every row of that many digits of the numbers of the text."""
        if length not in self._numbers:
            rows = ((number, written) for number, written in self.numbers.items())
            self._numbers[length] = {
                number[start : start + length]: written
                for number, written in rows
                for start in range(len(number) - length + 1)
            }
        return self._numbers[length]

    @cached_property
    def _signs(self) -> list[tuple[int, str]]:
        return [(place, sign.upper()) for place, sign in enumerate(self.text) if sign.isascii() and sign.isalnum()]

    @cached_property
    def references(self) -> dict[str, str]:
        """Return every eight letters and digits in a row, whatever parts them."""
        length, signs = 8, self._signs
        code = "".join(sign for _place, sign in signs)
        return {
            code[start : start + length]: self.text[signs[start][0] : signs[start + length - 1][0] + 1]
            for start in range(len(code) - length + 1)
        }


@lru_cache(maxsize=4)
def read_text(text: str) -> ReadText:
    return ReadText(text)


def fold_word(word: str) -> str:
    folded = fold(word)
    return SHORTENED.get(folded, folded)


def fold_name(name: str) -> str:
    """« st exemple » and « Saint-Exemple » are one."""
    return " ".join(SHORTENED.get(word, word) for word in fold(name).split())


def names_of_host(host: str) -> Iterator[str]:
    """Yield what may name somebody in it: the words of each part but the last, alone and together."""
    for label in host.split(".")[:-1]:
        words = fold_name(label).split()[:LONGEST_NAME]
        for start in range(len(words)):
            for end in range(start + 1, len(words) + 1):
                name = "".join(words[start:end])
                yield from (name, *(name.removeprefix(one) for one in OF_SITES if name.startswith(one)))


def pointers_in(text: str, named: Named) -> list[str]:
    """The words of `text` that point at somebody, as they are written there, each once: any address of mail does."""
    read = read_text(text)
    certain, doubtful = find_pointers(read, named)
    return list(dict.fromkeys([*certain, *doubtful, *read.mails]))


def find_pointers(read: ReadText, named: Named) -> Pointers:
    """Find what names the body, its people or the case: other numbers and addresses may stay, as of whom to call."""
    name = fold_name(named.contact_name)
    whole = list(find_name(read, name))
    is_certain = " " in name and any(written != written.lower() for written in whole)
    certain = [
        *find_body(read, fold_name(named.body)),
        *(whole if is_certain else ()),
        *find_mail(read, named.contact_email.lower()),
        *find_numbers(read, named),
        *find_in(read.references, [named.reference]),
    ]
    doubtful = [] if is_certain else whole or find_parts(read, named.contact_name)
    return Pointers(list(dict.fromkeys(certain)), list(dict.fromkeys(doubtful)))


def persons_in(text: str, named: Named) -> list[str]:
    """The words of `text` that name the person to call back, and every address and telephone number, each once."""
    read = read_text(text)
    people = list(find_name(read, fold_name(named.contact_name))) or find_parts(read, named.contact_name)
    people = [one for one in people if is_of_person(one, named.body)]
    phones = [written for number, written in read.numbers.items() if PHONE.fullmatch(number)]
    return list(dict.fromkeys([*people, *read.mails, *phones]))


def is_of_person(written: str, body: str) -> bool:
    """Tell whether these words name more than the body and its office: « Mairie de Plouexemple » may be a contact."""
    of_office = {*fold_name(body).split(), *OFFICES}
    return not of_office.issuperset(fold_name(written).split()) and written != written.lower()


def find_in(known: dict[str, str], keys: Iterable[str]) -> Iterator[str]:
    yield from (known[key] for key in keys if key in known)


def find_name(read: ReadText, name: str) -> Iterator[str]:
    """`name` is folded."""
    if name:
        yield from find_in(read.phrases(name.count(" ") + 1), [name])


def find_body(read: ReadText, name: str) -> Iterator[str]:
    """Find its name, or the address of its site. `name` is folded."""
    is_common = len(name) <= COMMON_LENGTH
    yield from (written for written in find_name(read, name) if not is_common or written[0].isupper())
    if name:
        yield from find_in(read.sites, [name.replace(" ", "")])


def find_parts(read: ReadText, name: str) -> list[str]:
    """Find each part of a person's name that is written as a name is."""
    parts = (word for word in WORD.findall(name) if len(word) >= NAME_LENGTH and word[0].isupper())
    return list(find_in(read.names, (fold(part) for part in parts)))


def find_mail(read: ReadText, address: str) -> list[str]:
    return [mail for mail in read.mails if address and address in mail.lower()]


def find_numbers(read: ReadText, named: Named) -> Iterator[str]:
    """Find telephone numbers, SIREN and INSEE code, however their digits are grouped."""
    phone = digits(named.contact_phone)
    for code in dict.fromkeys([*NATIONAL.findall(phone), phone[-PHONE_DIGITS:], named.siren]):
        if len(code) >= LEAST_DIGITS:
            yield from find_in(read.digits_in_row(len(code)), [code])
    if named.insee_code:
        yield from find_in(read.numbers, [named.insee_code])


def digits(text: str) -> str:
    return re.sub(r"\D", "", text)
