"""Names reduced to what people agree on: no accent, no article, no hyphen, “St” said “saint”, the nature apart."""

import re
import unicodedata

from collectivities.enums import EPCI, GROUPINGS, Kind

LIGATURES = str.maketrans({"œ": "oe", "æ": "ae", "ø": "o", "ß": "ss"})
SHORTENED = {"st": "saint", "ste": "sainte", "sts": "saints", "stes": "saintes"}
SMALL_WORDS = frozenset(re.findall(r"\w+", "a au aux d de des du en et l la le les lez s sous sur"))

# How people say the nature of a body, after small words are gone; the longest phrases first.
KIND_WORDS: dict[tuple[str, ...], tuple[Kind, ...]] = {
    tuple(phrase.split()): kinds
    for phrases, kinds in (
        ("departement region|collectivite territoriale|collectivite europeenne", (Kind.SPECIAL,)),
        ("collectivite outre mer", (Kind.OVERSEAS,)),
        ("collectivite", (Kind.SPECIAL, Kind.OVERSEAS)),
        ("communaute communes|communaute agglomeration|communaute urbaine|communaute", EPCI),
        ("cc|ca|cu|comcom|agglo|agglomeration|epci|interco|intercommunalite", EPCI),
        ("metropole|eurometropole", EPCI),
        ("etablissement public territorial|ept", GROUPINGS),
        ("conseil departemental|conseil general|departement", (Kind.DEPARTEMENT, Kind.SPECIAL)),
        ("conseil regional|region", (Kind.REGION, Kind.SPECIAL)),
        ("mairie|ville|commune|municipalite", (Kind.COMMUNE,)),
    )
    for phrase in phrases.split("|")
}
LONGEST_PHRASE = 3
CLOSING = {("metropole",), ("agglomeration",), ("agglo",), ("communaute",)}


def plain(text: str) -> str:
    """Lower case, ASCII letters and digits, words parted by one space."""
    folded = unicodedata.normalize("NFKD", text.lower().translate(LIGATURES))
    ascii_only = "".join(char for char in folded if not unicodedata.combining(char))
    return " ".join(re.findall(r"[a-z0-9]+", ascii_only))


def words_of(text: str) -> list[str]:
    """The words that carry a name. A name made of small words only (Lès, Y) keeps them."""
    words = [SHORTENED.get(word, word) for word in plain(text).split()]
    return [word for word in words if word not in SMALL_WORDS] or words


def split_kind(words: list[str]) -> tuple[tuple[Kind, ...], list[str]]:
    """The nature said before or after a name, and the name left; `((), words)` when none is said."""
    for size in range(min(LONGEST_PHRASE, len(words) - 1), 0, -1):
        if kinds := KIND_WORDS.get(tuple(words[:size])):
            return kinds, _without_closing(words[size:])
    rest = _without_closing(words)
    return (EPCI, rest) if rest != words else ((), words)


def _without_closing(words: list[str]) -> list[str]:
    return words[:-1] if len(words) > 1 and tuple(words[-1:]) in CLOSING else words


def stem_of(name: str, kind: str) -> str:
    """What the search index holds. Only a commune keeps words that say a nature: « Ville-d’Avray »."""
    words = words_of(re.sub(r"\([^)]*\)", " ", name))
    if kind != Kind.COMMUNE:
        _kinds, words = split_kind(words)
    return " ".join(words)
