"""Other spellings of a name: one letter wrong, or another way in which French writes the same sound."""

from collections.abc import Iterator

LETTERS = "abcdefghijklmnopqrstuvwxyz"
# One wrong letter is tried in short names only; in longer names trigrams find the resemblance.
SHORT_NAME_LENGTH = 9
# Each pair is tried in both directions: « Plougernau » for Plouguerneau.
SOUNDS = (
    *(("ge", "gue"), ("gi", "gui"), ("au", "eau"), ("o", "au"), ("o", "eau"), ("c", "qu"), ("k", "qu"), ("c", "k")),
    *(("f", "ph"), ("i", "y"), ("an", "en"), ("am", "em"), ("in", "ain"), ("in", "ein"), ("in", "ym"), ("e", "ai")),
    *(("e", "ei"), ("s", "z"), ("s", "ss"), ("s", "c"), ("t", "th"), ("r", "rh"), ("l", "ll"), ("n", "nn")),
    *(("m", "mm"), ("r", "rr"), ("t", "tt"), ("p", "pp"), ("ec", "ecq"), ("ou", "oue"), ("er", "ert"), ("er", "ers")),
)
# Beyond this length, trigrams find the resemblance.
MAX_NAME_LENGTH = 24


def list_spellings(word: str) -> list[str]:
    """Return other spellings of a name, in which one or two sounds are written otherwise.

    A short name also has spellings with one wrong letter. The list is empty for a long name.
    """
    if len(word) > MAX_NAME_LENGTH:
        return []
    one_sound = set(_list_sound_variants(word))
    two_sounds = {spelling for variant in one_sound for spelling in _list_sound_variants(variant)}
    letters = _list_letter_variants(word) if len(word) <= SHORT_NAME_LENGTH else set()
    return sorted((letters | one_sound | two_sounds) - {word, ""})


def _list_sound_variants(word: str) -> Iterator[str]:
    """Yield every spelling in which one occurrence of one sound is written otherwise."""
    for first, second in SOUNDS:
        for old, new in ((first, second), (second, first)):
            at = word.find(old)
            while at >= 0:
                yield word[:at] + new + word[at + len(old) :]
                at = word.find(old, at + 1)


def _list_letter_variants(word: str) -> set[str]:
    """Return every spelling with one letter missing, added or replaced, or with two neighbouring letters swapped."""
    splits = [(word[:at], word[at:]) for at in range(len(word) + 1)]
    shorter = {head + tail[1:] for head, tail in splits if tail}
    swapped = {head + tail[1] + tail[0] + tail[2:] for head, tail in splits if len(tail) > 1}
    replaced = {head + letter + tail[1:] for head, tail in splits if tail for letter in LETTERS}
    longer = {head + letter + tail for head, tail in splits for letter in LETTERS}
    return shorter | swapped | replaced | longer
