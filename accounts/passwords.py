"""The strength of a password, as zxcvbn estimates it: how many guesses an attacker needs who tries leaked passwords,
words, names, dates and patterns of the keyboard first. The words of this country and of the site are tried too, and
those of the person count for nothing. Everything is read from files of this server: no password is sent anywhere.
"""

import re
import unicodedata
from functools import cache
from pathlib import Path
from typing import Any

from django.core.exceptions import ValidationError
from django.db.models import Q

from accounts.models import User
from collectivities.models import Collectivity
from core.libraries import load_library
from core.text import fold_text
from csirts.models import Csirt

WORDS_FILE = Path(__file__).parent / "data" / "password_words.txt"
# The guesses that a password must withstand. zxcvbn calls ten thousand millions « very unguessable » (score 4 of 4).
LEAST_GUESSES = 10**10
# The characters of a password that are read: the worst ones take a quarter of a second, and a second if there are 100.
LONGEST_ESTIMATED = 50
SHORTEST_WORD = 3
SIGNS = re.compile(r"[\W_]+")
# zxcvbn counts ten guesses for each character in which it finds no pattern. A text takes fewer than this share of the
# powers of ten if it consists of words: « motdepasse1 » takes four of eleven, « lyonrose1 » seven of nine.
WORDS_SHARE = 0.82
GUESSABLE = (
    "Ce mot de passe se devine facilement. Prenez une phrase de quatre mots sans rapport entre eux, sans votre nom ni "
    "celui de votre commune\N{NO-BREAK SPACE}: un mot suivi de chiffres se devine, même avec un point d’exclamation."
)
STRENGTH_HELP = (
    "Douze caractères au moins. Le plus simple\N{NO-BREAK SPACE}: une phrase de quatre mots sans rapport entre eux."
)


class StrengthValidator:
    """Refuses a password that can be guessed. Django calls it as one of AUTH_PASSWORD_VALIDATORS."""

    def validate(self, password: str, user: Any = None) -> None:
        """Raise ValidationError if an attacker who knows the site and the person guesses the password too soon."""
        text = strip_accents(password)[:LONGEST_ESTIMATED]
        if isinstance(user, User):
            text = remove_words(text, list_own_words(user))
        if count_guesses(text) < LEAST_GUESSES or has_guessable_words(text):
            raise ValidationError(GUESSABLE, code="password_guessable")

    def get_help_text(self) -> str:
        return STRENGTH_HELP


def count_guesses(text: str) -> float:
    """Return how many guesses zxcvbn takes to find this text."""
    return float(load_library("zxcvbn_rs_py").zxcvbn(text, list_common_words()).guesses)


def has_guessable_words(text: str) -> bool:
    """Tell whether this text consists of words or digits and is found too soon without the signs between and around
    them. zxcvbn takes these for parts that an attacker must guess too: « mot-de-passe-1 » would be seven unrelated
    ones. A random text is judged with its signs, unless chance made words of its letters: one of twelve characters in
    four hundred, and more of them if most of its characters are signs.
    """
    letters = SIGNS.sub("", text)
    enough = LEAST_GUESSES if letters.isdigit() else min(LEAST_GUESSES, 10 ** (WORDS_SHARE * len(letters)))
    return bool(letters) and count_guesses(letters) < enough


def strip_accents(text: str) -> str:
    """Return the text without accents. Attackers try « ete » and « été » alike, and the words have none."""
    return "".join(c for c in unicodedata.normalize("NFKD", text) if not unicodedata.combining(c))


@cache
def list_common_words() -> list[str]:
    """Return the words of the file, the most frequent first."""
    lines = WORDS_FILE.read_text(encoding="utf-8").splitlines()
    return [word for line in lines if not line.startswith("#") for word in line.split()]


def list_own_words(user: User) -> list[str]:
    """Return the words of this person's name and address, and of the names of each body and centre in which they have
    or had a role, or to which a link invited them. Runs two queries.
    """
    names = [user.display_name, *re.split(r"[@.]", user.email)]
    if user.pk:
        roles, links = user.membership_set.all(), user.access_links.all()
        bodies = Q(pk__in=roles.values("collectivity")) | Q(pk__in=links.values("collectivity"))
        centres = Q(pk__in=roles.values("csirt")) | Q(pk__in=links.values("csirt"))
        names += Collectivity.objects.filter(bodies).values_list("name", flat=True)
        names += Csirt.objects.filter(centres).values_list("name", flat=True)
    return [*dict.fromkeys(word for name in names for word in list_words(name))]


def remove_words(text: str, words: list[str]) -> str:
    """Return the text with a space in place of each of these words, the longest first. They count for nothing: zxcvbn
    alone takes « Prénom-Nom-7 » for five unrelated parts, even if it knows both names.
    """
    pattern = "|".join(map(re.escape, sorted(words, key=len, reverse=True)))
    return re.sub(pattern, " ", text, flags=re.IGNORECASE) if words else text


def list_words(name: str) -> list[str]:
    """Return the words of a name, and the name without its spaces, as the site compares them."""
    words = fold_text(name).split()
    return [word for word in ("".join(words), *words) if len(word) >= SHORTEST_WORD]
