"""Names in a sentence, after their article. Names simplified for comparison: without accents, articles and hyphens,
with « saint » for « St », and without the nature of the body.
"""

import re
import unicodedata

from collectivities.enums import EPCI, GROUPINGS, Kind

LIGATURES = str.maketrans({"œ": "oe", "æ": "ae", "ø": "o", "ß": "ss"})
SAINT_ABBREVIATIONS = {"st": "saint", "ste": "sainte", "sts": "saints", "stes": "saintes"}
SMALL_WORDS = frozenset(re.findall(r"\w+", "a au aux d de des du en et l la le les lez s sous sur"))

# Phrases with which people write the nature of a body, without small words.
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
# The articles of the common nouns and acronyms with which names begin.
ARTICLE_BY_NOUN = {
    noun: article
    for article, nouns in (
        ("le ", "département département-région syndicat sivu sivom sictom smictom pôle petr centre ccas cias cdg"),
        ("le ", "service sdis"),
        ("la ", "commune communauté cc ca cu métropole région collectivité régie caisse"),
        ("l’", "eurométropole établissement ept office oph"),
    )
    for noun in nouns.split()
}
# These nouns lose the capital of the official name after an article.
LOWERED_NOUNS = ("Département", "Région")
TRAILING_KINDS = {("metropole",), ("agglomeration",), ("agglo",), ("communaute",)}


def prepend_article(body: str) -> str:
    """Return the body with its article: « la commune de X », « le SDIS de X », « l’office de X ». « Brest Métropole »
    takes no article.
    """
    noun = body.partition(" ")[0]
    article = ARTICLE_BY_NOUN.get(noun.lower(), "")
    return article + (body[:1].lower() + body[1:] if noun in LOWERED_NOUNS else body)


def normalise_text(text: str) -> str:
    """Return the text as lower-case ASCII letters and digits, with one space between words."""
    folded = unicodedata.normalize("NFKD", text.lower().translate(LIGATURES))
    ascii_only = "".join(char for char in folded if not unicodedata.combining(char))
    return " ".join(re.findall(r"[a-z0-9]+", ascii_only))


def split_words(text: str) -> list[str]:
    """Return the normalised words of a name without its small words, and with « saint » for « st ».

    A name that has only small words (Lès, Y) keeps them.
    """
    words = [SAINT_ABBREVIATIONS.get(word, word) for word in normalise_text(text).split()]
    return [word for word in words if word not in SMALL_WORDS] or words


def split_kind(words: list[str]) -> tuple[tuple[Kind, ...], list[str]]:
    """Return the natures written before or after a name, and the other words, which are the name.

    Return `((), words)` if no nature is written.
    """
    for size in range(min(LONGEST_PHRASE, len(words) - 1), 0, -1):
        if kinds := KIND_WORDS.get(tuple(words[:size])):
            return kinds, _drop_trailing_kind(words[size:])
    name_words = _drop_trailing_kind(words)
    return (EPCI, name_words) if name_words != words else ((), words)


def _drop_trailing_kind(words: list[str]) -> list[str]:
    return words[:-1] if len(words) > 1 and tuple(words[-1:]) in TRAILING_KINDS else words


def make_stem(name: str, kind: str) -> str:
    """Return the search key of a name, which consists of its significant words.

    Only a commune keeps words that name a nature: « Ville-d’Avray ».
    """
    words = split_words(re.sub(r"\([^)]*\)", " ", name))
    if kind != Kind.COMMUNE:
        _kinds, words = split_kind(words)
    return " ".join(words)
