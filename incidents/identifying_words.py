"""Search of a text for words that identify the body, the person to call back or the case. The module is pure: it takes
texts and returns the words that it finds in them.

A text is indexed once (`index_text`) and then compared with thousands of names, because a lookup in the index is
faster than a search of the text.
"""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from functools import cached_property, lru_cache
from typing import NamedTuple

from collectivities.wording import SAINT_ABBREVIATIONS
from core.text import fold_text

# Names up to this length may also be common words (Sens, Mer, Eu), so they count only with a capital.
COMMON_LENGTH = 5
NAME_LENGTH = 3
PHONE_DIGITS = 9  # A French number has nine digits after its prefix, whatever the prefix is.
LEAST_DIGITS = 6
UNSPACED_RUN = re.compile(r"[^\s<>()]+")
NUMBER = re.compile(r"\d(?:(?:[^\w,;:!?]|_){0,3}\d){4,}")
NATIONAL = re.compile(r"0(\d{9})")
# Digits of a French number, whatever their grouping was.
PHONE = re.compile(r"(?:0|33|0033)[1-9]\d{8}")
WORD = re.compile(r"[^\W\d_][\w’'-]*")
APOSTROPHE = re.compile(r"[’']")
WORD_PART = re.compile(r"[^\W_]+")
HOST = re.compile(r"[\w.-]+")
# Words that come before the name of a body in the address of its website.
SITE_PREFIXES = ("mairie", "mairiede", "ville", "villede", "commune", "communede", "agglo")
# Words that people type in the field for a person's name although they name an office.
OFFICE_WORDS = ("mairie", "commune", "ville", "accueil", "secretariat", "de", "du", "la", "le")
# The largest number of consecutive words that can form a name. The names of bodies are shorter.
LONGEST_NAME = 20


@dataclass(frozen=True, kw_only=True)
class IdentifyingValues:
    """The values that would identify the body, the person to call back or the case. An empty value identifies
    nothing.
    """

    body: str
    contact_name: str = ""
    contact_phone: str = ""
    contact_email: str = ""
    siren: str = ""
    insee_code: str = ""
    reference: str = ""


class IdentifyingWords(NamedTuple):
    """The identifying words of a text, spelled as in the text, without repeats. `doubtful` contains parts of a
    person's name, and whole names without a capital, because they may be common words too.
    """

    certain: list[str]
    doubtful: list[str]


@dataclass(frozen=True)
class IndexedText:
    """A text with indexes of its words and numbers. Each index maps a folded spelling to the words as the text spells
    them.
    """

    text: str
    _phrases: dict[int, dict[str, str]] = field(default_factory=dict)
    _numbers: dict[int, dict[str, str]] = field(default_factory=dict)

    @cached_property
    def word_parts(self) -> list[re.Match[str]]:
        """Return the matches of all runs of letters and digits in the text."""
        return list(WORD_PART.finditer(self.text))

    @cached_property
    def folded_parts(self) -> list[str]:
        """Return the folded spelling of each match in `word_parts`."""
        return [fold_word(part[0]) for part in self.word_parts]

    def map_phrases(self, length: int) -> dict[str, str]:
        """Return a dict from every folded phrase of `length` words to its spelling in the text. If a phrase occurs
        with and without a capital, the dict has its first spelling with a capital.
        """
        if length not in self._phrases:
            phrases: dict[str, str] = {}
            for start in range(len(self.word_parts) - length + 1):
                written = self.text[self.word_parts[start].start() : self.word_parts[start + length - 1].end()]
                phrase = " ".join(self.folded_parts[start : start + length])
                if phrase not in phrases or not phrases[phrase][0].isupper():
                    phrases[phrase] = written
            self._phrases[length] = phrases
        return self._phrases[length]

    @cached_property
    def capitalised_words(self) -> dict[str, str]:
        """Return a dict from each folded word to its spelling with a capital. The words include « Exemple » in
        « d’Exemple ».
        """
        words = [*WORD.findall(self.text), *WORD.findall(APOSTROPHE.sub(" ", self.text))]
        return {fold_text(word): word for word in reversed(words) if word[0].isupper()}

    @cached_property
    def mails(self) -> list[str]:
        """Return the mail addresses of the text."""
        return [run for run in UNSPACED_RUN.findall(self.text) if "@" in run[1:-1]]

    @cached_property
    def sites(self) -> dict[str, str]:
        """Return a dict from each name in a host of the text to this host. A host is that of a website or of a mail
        address. The dots and hyphens between the words of a name are left out.
        """
        hosts = [host.strip(".-") for host in HOST.findall(self.text)]
        return {name: host for host in hosts if "." in host for name in list_host_names(host)}

    @cached_property
    def numbers(self) -> dict[str, str]:
        """Return a dict from the digits of each number in the text to its spelling."""
        return {remove_non_digits(written): written for written in NUMBER.findall(self.text)}

    def map_digit_sequences(self, length: int) -> dict[str, str]:
        """Return a dict from every sequence of `length` digits to the number of the text that contains it."""
        if length not in self._numbers:
            rows = ((number, written) for number, written in self.numbers.items())
            self._numbers[length] = {
                number[start : start + length]: written
                for number, written in rows
                for start in range(len(number) - length + 1)
            }
        return self._numbers[length]

    @cached_property
    def _characters(self) -> list[tuple[int, str]]:
        """Return each ASCII letter and digit of the text as (position, character in upper case)."""
        return [
            (index, character.upper())
            for index, character in enumerate(self.text)
            if character.isascii() and character.isalnum()
        ]

    @cached_property
    def references(self) -> dict[str, str]:
        """Return a dict from every sequence of eight letters and digits to its spelling in the text. Other characters
        between them are skipped.
        """
        length, characters = 8, self._characters
        code = "".join(character for _index, character in characters)
        return {
            code[start : start + length]: self.text[characters[start][0] : characters[start + length - 1][0] + 1]
            for start in range(len(code) - length + 1)
        }


@lru_cache(maxsize=4)
def index_text(text: str) -> IndexedText:
    """Return the text with its indexes, which are built at their first use. The last four texts are cached."""
    return IndexedText(text)


def fold_word(word: str) -> str:
    """Return the folded word. An abbreviation of « saint » or « sainte » is written out."""
    folded = fold_text(word)
    return SAINT_ABBREVIATIONS.get(folded, folded)


def fold_name(name: str) -> str:
    """Return the folded name. Its spellings « st exemple » and « Saint-Exemple » give the same result."""
    return " ".join(SAINT_ABBREVIATIONS.get(word, word) for word in fold_text(name).split())


def list_host_names(host: str) -> Iterator[str]:
    """Yield each name that a host may contain, with and without a prefix such as « mairie ». Such a name is one word
    of a label, or several neighbouring words joined together. The last label is left out.
    """
    for label in host.split(".")[:-1]:
        words = fold_name(label).split()[:LONGEST_NAME]
        for start in range(len(words)):
            for end in range(start + 1, len(words) + 1):
                name = "".join(words[start:end])
                yield from (name, *(name.removeprefix(prefix) for prefix in SITE_PREFIXES if name.startswith(prefix)))


def list_identifying_words(text: str, names: IdentifyingValues) -> list[str]:
    """Return the words of `text` that identify somebody, spelled as in the text, without repeats. All mail addresses
    are included.
    """
    indexed_text = index_text(text)
    certain, doubtful = match_identifying_words(indexed_text, names)
    return list(dict.fromkeys([*certain, *doubtful, *indexed_text.mails]))


def match_identifying_words(indexed_text: IndexedText, names: IdentifyingValues) -> IdentifyingWords:
    """Return the words that name the body, the person to call back or the case. Other telephone numbers and mail
    addresses are left out, because a text may say whom to call.
    """
    name = fold_name(names.contact_name)
    occurrences = list(find_phrase(indexed_text, name))
    is_certain = " " in name and any(written != written.lower() for written in occurrences)
    certain = [
        *find_body_names(indexed_text, fold_name(names.body)),
        *(occurrences if is_certain else ()),
        *list_matching_mails(indexed_text, names.contact_email.lower()),
        *find_identifying_numbers(indexed_text, names),
        *look_up_spellings(indexed_text.references, [names.reference]),
    ]
    doubtful = [] if is_certain else occurrences or find_name_parts(indexed_text, names.contact_name)
    return IdentifyingWords(list(dict.fromkeys(certain)), list(dict.fromkeys(doubtful)))


def list_personal_details(text: str, names: IdentifyingValues) -> list[str]:
    """Return all mail addresses and telephone numbers of `text`, and the words that name the person to call back. The
    list has no repeats.
    """
    indexed_text = index_text(text)
    people = list(find_phrase(indexed_text, fold_name(names.contact_name))) or find_name_parts(
        indexed_text, names.contact_name
    )
    people = [person for person in people if is_person_name(person, names.body)]
    phones = [written for number, written in indexed_text.numbers.items() if PHONE.fullmatch(number)]
    return list(dict.fromkeys([*people, *indexed_text.mails, *phones]))


def is_person_name(written: str, body: str) -> bool:
    """Tell whether `written`, the name of a contact, may be that of a person. Somebody may type « Mairie de
    Plouexemple » as the name of a contact.

    A person's name must contain a capital letter, and a word that is neither in the name of the body nor in
    OFFICE_WORDS.
    """
    of_office = {*fold_name(body).split(), *OFFICE_WORDS}
    return not of_office.issuperset(fold_name(written).split()) and written != written.lower()


def look_up_spellings(spellings: dict[str, str], keys: Iterable[str]) -> Iterator[str]:
    """Yield the spellings of the keys that the index contains."""
    yield from (spellings[key] for key in keys if key in spellings)


def find_phrase(indexed_text: IndexedText, name: str) -> Iterator[str]:
    """Yield the phrase of the text that matches `name`, or nothing. `name` must be folded."""
    if name:
        yield from look_up_spellings(indexed_text.map_phrases(name.count(" ") + 1), [name])


def find_body_names(indexed_text: IndexedText, name: str) -> Iterator[str]:
    """Yield the words of the text that are the name of the body or the address of its website. `name` must be
    folded.
    """
    is_common = len(name) <= COMMON_LENGTH
    yield from (written for written in find_phrase(indexed_text, name) if not is_common or written[0].isupper())
    if name:
        yield from look_up_spellings(indexed_text.sites, [name.replace(" ", "")])


def find_name_parts(indexed_text: IndexedText, name: str) -> list[str]:
    """Return the parts of a person's name that the text writes with a capital."""
    parts = (word for word in WORD.findall(name) if len(word) >= NAME_LENGTH and word[0].isupper())
    return list(look_up_spellings(indexed_text.capitalised_words, (fold_text(part) for part in parts)))


def list_matching_mails(indexed_text: IndexedText, address: str) -> list[str]:
    """Return the mail addresses of the text that contain `address`, which must be in lower case."""
    return [mail for mail in indexed_text.mails if address and address in mail.lower()]


def find_identifying_numbers(indexed_text: IndexedText, names: IdentifyingValues) -> Iterator[str]:
    """Yield the telephone number, the SIREN and the INSEE code of `names`, if the text contains them. The grouping of
    their digits makes no difference.
    """
    phone = remove_non_digits(names.contact_phone)
    for code in dict.fromkeys([*NATIONAL.findall(phone), phone[-PHONE_DIGITS:], names.siren]):
        if len(code) >= LEAST_DIGITS:
            yield from look_up_spellings(indexed_text.map_digit_sequences(len(code)), [code])
    if names.insee_code:
        yield from look_up_spellings(indexed_text.numbers, [names.insee_code])


def remove_non_digits(text: str) -> str:
    """Return the digits of the text."""
    return re.sub(r"\D", "", text)
