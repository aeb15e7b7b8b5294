"""The parser of a search: words, phrases, excluded words, and filters such as `type:panne`.

It depends neither on the database nor on the user. Any text is either parsed or refused with a QueryProblem.
"""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from difflib import get_close_matches
from ipaddress import ip_address

from core.text import fold_text
from incidents.triage.search.query_values import KEYS, BadValue, Days, Value, find_filter_key

MAX_LENGTH = 300
# The most different words and phrases, and the most different filters. Each costs time, a filter about ten times that
# of a word. A sentence of 300 characters has fewer words that are not common.
MAX_WORDS, MAX_FILTERS = 40, 8
QUOTES = {'"': '"', "«": "»", "“": "”"}
# French puts a space before the colon, so there may be a space between a key and its operator: « type : panne ».
FILTER_WORD = re.compile(r"([^\W\d_]+)\s*(>=|<=|:|>|<|=)\s*")
UNSPACED_FILTER = re.compile(r"[^\W\d_]+[:<>=]+[^\s:/<>=]")
GROUPED = "\\d{1,3}(?:[ \N{NO-BREAK SPACE}\N{NARROW NO-BREAK SPACE}.]\\d{3})+(?!\\d)"
# A number with spaces or dots, or a range: « 10 000 », « 1.000..2 000 ».
NUMBERS = re.compile(rf"(?:{GROUPED}|\d*)(?:\.\.+(?:{GROUPED}|\d*))?")
APOSTROPHES = re.compile("['’]")

# PostgreSQL's French stop words include « la » but not « les », and « à » but not « a », to which the search reduces
# « à ».
COMMON_TEXT = """
    a ai as au aux avec c ce ces cet cette d dans de des du elle elles en es est et etait ete etre eu eux il ils j je
    l la le les leur leurs lui m ma mais me meme mes moi mon n ne nos notre nous on ont ou par pas pour qu que qui s
    sa se ses si son sont sur t ta te tes toi ton tu un une vos votre vous y
"""
COMMON_WORDS = frozenset(COMMON_TEXT.split())


class QueryProblem(ValueError):
    """A query that cannot be parsed.

    `word` is the faulty word, and `at` is its position, counted from 1. `close` are similar values that are accepted.
    """

    def __init__(self, message: str, *, word: str, at: int, close: tuple[str, ...] = ()) -> None:
        super().__init__(message)
        self.message, self.word, self.at, self.close = message, word, at, close


@dataclass(frozen=True, slots=True)
class QueryPart:
    """A word, a phrase or a filter of the typed text, from `start` (included) to `end` (excluded)."""

    start: int
    end: int
    text: str
    is_left_out: bool = False
    is_phrase: bool = False
    key: str = ""
    value: Value = ""


@dataclass(frozen=True)
class Query:
    """A search as it was typed (`text`), and the parts into which it was parsed."""

    text: str
    parts: tuple[QueryPart, ...] = field(default=())

    @property
    def filters(self) -> list[QueryPart]:
        """Return the parts of the query that are filters, such as `type:panne`."""
        return [part for part in self.parts if part.key]

    @property
    def words(self) -> list[str]:
        """Return the words of the query that must all be found, each of them once, without common words."""
        words = (part.text for part in self.parts if is_word(part) and not part.is_left_out)
        return drop_repeated(word for text in words for word in list_uncommon_words(text))

    @property
    def phrases(self) -> list[str]:
        """Return the phrases of the query that must all be found, without their quotation marks."""
        return drop_repeated(part.text for part in self.parts if part.is_phrase and not part.is_left_out)

    @property
    def excluded_texts(self) -> list[str]:
        """Return the words and phrases that the query excludes, each of them once."""
        left_out = (part.text for part in self.parts if part.is_left_out and not part.key)
        return drop_repeated(text for text in left_out if fold_text(text))

    @property
    def ends_with_word(self) -> bool:
        """Tell whether the last part of the query is a word, which may be unfinished."""
        return bool(self.parts) and is_word(self.parts[-1]) and not self.parts[-1].is_left_out

    @property
    def free_text(self) -> str:
        """Return the words of the query as they were typed. Together they may be a reference, a name or a code."""
        return " ".join(part.text for part in self.parts if is_word(part) and not part.is_left_out)

    def format_without(self, part: QueryPart) -> str:
        """Return the text of the query without this part."""
        return " ".join((self.text[: part.start] + self.text[part.end :]).split())


def drop_repeated(texts: Iterable[str]) -> list[str]:
    """Return each text once, where it comes last. Capitals make no difference."""
    last: dict[str, str] = {}
    for text in texts:
        last.pop(text.casefold(), None)
        last[text.casefold()] = text
    return list(last.values())


def is_word(part: QueryPart) -> bool:
    """Tell whether the part of a query is a word: neither a filter nor a phrase."""
    return not part.key and not part.is_phrase


def list_uncommon_words(text: str) -> list[str]:
    """Return the words of `text` that are not common: « l’accueil » gives « accueil »."""
    words = [word for word in APOSTROPHES.split(text) if fold_text(word)]
    return [word for word in words if fold_text(word) not in COMMON_WORDS]


def parse_query(text: str) -> Query:
    """Return the query that was typed as `text`. The caller has cleaned it (`clean_line`). Raises QueryProblem.

    An IPv6 address is one word, although it has colons.
    """
    if is_ip(text):
        return Query(text, (QueryPart(0, len(text), text),))
    parts = tuple(split_parts(text))
    check_number_of_terms(text, parts)
    return Query(text, parts)


def check_number_of_terms(text: str, parts: Iterable[QueryPart]) -> None:
    """Raise QueryProblem at the first part with which the query has too many different words or filters."""
    words: set[str] = set()
    filters: set[str] = set()
    for part in parts:
        (filters if part.key else words).update(list_terms(part))
        too_many = f"{MAX_WORDS} mots" if len(words) > MAX_WORDS else f"{MAX_FILTERS} filtres"
        if len(words) > MAX_WORDS or len(filters) > MAX_FILTERS:
            message = f"Une recherche prend {too_many} différents au plus. Enlevez les moins utiles."
            raise QueryProblem(message, word=text[part.start : part.end], at=part.start + 1)


def list_terms(part: QueryPart) -> set[str]:
    """Return the words, the phrase, the excluded text or the filter that this part adds to the cost of a query.

    Days cost nothing, and a link to older cases adds a day to any query.
    """
    if isinstance(part.value, Days):
        return set()
    if part.is_left_out or not is_word(part):
        return {f"{part.is_left_out} {part.text.casefold()}"}
    return {word.casefold() for word in list_uncommon_words(part.text)}


def is_ip(text: str) -> bool:
    try:
        ip_address(text)
    except ValueError:
        return False
    return True


def split_parts(text: str) -> Iterator[QueryPart]:
    """Yield the words, phrases and filters of a typed query, in order. Raises QueryProblem."""
    at = 0
    while at < len(text):
        if text[at].isspace():
            at += 1
            continue
        part = parse_part(text, at)
        at = part.end
        yield part


def parse_part(text: str, start: int) -> QueryPart:
    """Return the word, phrase or filter that begins at `start` in a typed query. Raises QueryProblem."""
    is_left_out = text[start] == "-" and start + 1 < len(text) and not text[start + 1].isspace()
    at = start + is_left_out
    if text[at] in QUOTES:
        end, phrase = read_quotation(text, at)
        return QueryPart(start, end, phrase, is_left_out, is_phrase=bool(fold_text(phrase)))
    if match := FILTER_WORD.match(text, at):
        if key := find_filter_key(match[1]):
            return parse_filter(text, start, match, key)
        refuse_unknown_key(text, at, match[1])
    end = find_end_of_word(text, at)
    return QueryPart(start, end, text[at:end], is_left_out)


def parse_filter(text: str, start: int, match: re.Match[str], key: str) -> QueryPart:
    """Return the filter that begins at `start` in a typed query. Raises QueryProblem if its value is not accepted.

    `match` covers the key and the operator of the filter. The value follows. It is in quotation marks if it has
    several words.
    """
    at, operator = match.end(), match[2]
    if at < len(text) and text[at] in QUOTES:
        end, value_text = read_quotation(text, at)
    else:
        end = find_end_of_numbers(text, at) if key == "pop" else find_end_of_word(text, at)
        value_text = text[at:end]
    try:
        value = KEYS[key].read(operator, value_text.strip())
    except BadValue as problem:
        word = text[start:end].strip()
        # The suggestions are written as a person can type them: with their key, and in quotation marks if they have
        # several words.
        close = tuple(
            f'{key}:"{suggestion}"' if " " in suggestion else f"{key}:{suggestion}" for suggestion in problem.close
        )
        raise QueryProblem(str(problem), word=word, at=start + 1, close=close) from problem
    return QueryPart(start, end, text[start:end], text[start] == "-", key=key, value=value)


def read_quotation(text: str, at: int) -> tuple[int, str]:
    """Return the position after the quotation that opens at `at`, and the quoted text.

    Raises QueryProblem if the quotation is not closed.
    """
    end = text.find(QUOTES[text[at]], at + 1)
    if end == -1:
        message = "Il manque le guillemet qui ferme. Fermez-le, ou enlevez celui-ci."
        raise QueryProblem(message, word=text[at : at + 30], at=at + 1)
    return end + 1, text[at + 1 : end].strip()


def find_end_of_numbers(text: str, at: int) -> int:
    """Return the position after the value that begins at `at`. The value may be a number with spaces (« 10 000 »)."""
    match = NUMBERS.match(text, at)
    return max(match.end() if match else at, find_end_of_word(text, at))


def find_end_of_word(text: str, at: int) -> int:
    """Return the position after the word that begins at `at`."""
    end = at
    while end < len(text) and not text[end].isspace():
        end += 1
    return end


def refuse_unknown_key(text: str, at: int, name: str) -> None:
    """Raise QueryProblem if the text at `at` looks like a filter with an unknown key, such as « objet:facture ».

    `name` is this key. « attention : danger » and web addresses are words, so they raise nothing.
    """
    if not UNSPACED_FILTER.match(text, at):
        return
    close = tuple(f"{key}:" for key in get_close_matches(fold_text(name), KEYS, 3, 0.6))
    message = "« %(key)s » n’est pas un filtre de la recherche. Filtres connus : %(known)s."
    values = {"key": name, "known": ", ".join(KEYS)}
    raise QueryProblem(message % values, word=text[at : find_end_of_word(text, at)], at=at + 1, close=close)
