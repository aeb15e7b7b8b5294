"""Other spellings of a name: one letter wrong, or another way in which French writes the same sound."""

from collections.abc import Iterator

LETTERS = "abcdefghijklmnopqrstuvwxyz"
# One wrong letter is tried in short names only; in longer names trigrams find the resemblance.
SHORT_NAME = 9
# Each pair is tried in both directions: « Plougernau » for Plouguerneau.
SOUNDS = (
    *(("ge", "gue"), ("gi", "gui"), ("au", "eau"), ("o", "au"), ("o", "eau"), ("c", "qu"), ("k", "qu"), ("c", "k")),
    *(("f", "ph"), ("i", "y"), ("an", "en"), ("am", "em"), ("in", "ain"), ("in", "ein"), ("in", "ym"), ("e", "ai")),
    *(("e", "ei"), ("s", "z"), ("s", "ss"), ("s", "c"), ("t", "th"), ("r", "rh"), ("l", "ll"), ("n", "nn")),
    *(("m", "mm"), ("r", "rr"), ("t", "tt"), ("p", "pp"), ("ec", "ecq"), ("ou", "oue"), ("er", "ert"), ("er", "ers")),
)
# Beyond this length, trigrams find the resemblance.
TWO_SOUNDS = 24


def other_spellings(word: str) -> list[str]:
    """Return spellings with one or two sounds written otherwise and, for a short name, those with one letter wrong."""
    if len(word) > TWO_SOUNDS:
        return []
    once = set(_sounds_alike(word))
    twice = {other for one in once for other in _sounds_alike(one)}
    letters = _one_letter_off(word) if len(word) <= SHORT_NAME else set()
    return sorted((letters | once | twice) - {word, ""})


def _sounds_alike(word: str) -> Iterator[str]:
    """Yield every spelling with one sound written otherwise, in one place."""
    for one, other in SOUNDS:
        for old, new in ((one, other), (other, one)):
            at = word.find(old)
            while at >= 0:
                yield word[:at] + new + word[at + len(old) :]
                at = word.find(old, at + 1)


def _one_letter_off(word: str) -> set[str]:
    """Return every spelling with one letter missing, added, replaced, or two swapped."""
    splits = [(word[:at], word[at:]) for at in range(len(word) + 1)]
    shorter = {left + right[1:] for left, right in splits if right}
    swapped = {left + right[1] + right[0] + right[2:] for left, right in splits if len(right) > 1}
    replaced = {left + letter + right[1:] for left, right in splits if right for letter in LETTERS}
    longer = {left + letter + right for left, right in splits for letter in LETTERS}
    return shorter | swapped | replaced | longer
