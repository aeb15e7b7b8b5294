"""Text for paper. A character that none of our fonts can draw is replaced by its script and its number, so that no
reader overlooks it or sees an empty box.
"""

import re
import unicodedata
from functools import lru_cache
from typing import Any

from core.french import choose_plural

# JSON or PDF may refuse these characters, which carry no meaning: controls, lone surrogates, private and unassigned
# ones.
UNDRAWABLE_CATEGORIES = {"Cc", "Cs", "Co", "Cn"}
# The message of typst quotes the first character that it cannot draw, either as itself or by its number.
MISSING_CHARACTER = re.compile(r'the text `"(?:\\u\{(?P<number>[0-9a-f]+)\}|(?P<character>.))')
# From this code point on, Unicode holds whole scripts: a font that lacks one character of a script lacks them all.
EAST_ASIA = 0x2E80
SCRIPT_LABELS = {
    "CJK": "chinois ou japonais",
    "HIRAGANA": "japonais",
    "KATAKANA": "japonais",
    "HANGUL": "coréen",
}
# Scripts below EAST_ASIA that none of our fonts can draw, by the first words of their characters' names.
UNDRAWN_SCRIPTS = (
    *("BALINESE", "BATAK", "BUGINESE", "BUHID", "CANADIAN", "GLAGOLITIC", "HANGUL", "HANUNOO", "LEPCHA", "LIMBU"),
    *("MANDAIC", "MONGOLIAN", "NEW TAI LUE", "NKO", "OGHAM", "OL CHIKI", "RUNIC", "SAMARITAN", "SUNDANESE", "SYRIAC"),
    *("TAGALOG", "TAGBANWA", "TAI LE", "TAI THAM", "THAANA", "TIBETAN", "TIFINAGH"),
)
MAX_CODE_POINTS = 24


def remove_undrawable_characters(data: Any) -> Any:
    """Return the data without the characters that have no meaning and no shape.

    They are controls, lone surrogates, and private and unassigned characters.
    """
    return map_texts(data, lambda text: "".join(filter(is_drawable, text)))


def is_drawable(character: str) -> bool:
    """Tell whether the character has a shape, unlike controls, surrogates, private and unassigned characters."""
    return character in "\n\t" or unicodedata.category(character) not in UNDRAWABLE_CATEGORIES


def map_texts(data: Any, change: Any) -> Any:
    """Return the data with the function `change` applied to each text in it, at any depth. The keys of dicts do not
    change.
    """
    if isinstance(data, dict):
        return {key: map_texts(value, change) for key, value in data.items()}
    if isinstance(data, list | tuple):
        return [map_texts(value, change) for value in data]
    return change(data) if isinstance(data, str) else data


def find_missing_character(error: str) -> str:
    """Return the character that no font has, read from this error message of typst.

    Return "" for any other error.
    """
    match = MISSING_CHARACTER.search(error)
    if match is None:
        return ""
    return match["character"] or chr(int(match["number"], 16))


def replace_characters_by_names(data: Any, *, sample: str) -> Any:
    """Return the data with each run of characters of one script replaced as `format_character_run` does.

    The script is that of the character `sample`.
    """
    script = find_run_key(sample)
    return map_texts(data, lambda text: "".join(replace_runs_by_names(text, script)))


def replace_runs_by_names(text: str, script: str) -> list[str]:
    """Return the parts of the text in order. Each run of characters of `script` is replaced as `format_character_run`
    does.
    """
    runs: list[str] = []
    run = ""
    for character in text:
        if find_run_key(character) == script:
            run += character
            continue
        runs += [format_character_run(run), character]
        run = ""
    return [*runs, format_character_run(run)]


@lru_cache(maxsize=4096)
def find_run_key(character: str) -> str:
    """Return the key by which neighbouring characters form a run.

    Below EAST_ASIA, it is the script if the fonts lack it as a whole (UNDRAWN_SCRIPTS), such as « TIBETAN », or else
    the character itself. Above, it is the first word of the Unicode name, such as « HIRAGANA ».
    """
    name = unicodedata.name(character, character)
    if ord(character) < EAST_ASIA:
        return next((script for script in UNDRAWN_SCRIPTS if name.startswith(f"{script} ")), character)
    return name.partition(" ")[0].partition("-")[0]


def format_character_run(run: str) -> str:
    """Return the text to print instead of a run of characters of one script: « [japonais U+3042 U+3044] ».

    A program can find the characters again from their numbers. After the first 24 numbers, only the count of the other
    characters is given.
    """
    if not run:
        return ""
    numbers = " ".join(f"U+{ord(character):04X}" for character in run[:MAX_CODE_POINTS])
    script = SCRIPT_LABELS.get(find_run_key(run[0]), "caractère")
    if (remaining := len(run) - MAX_CODE_POINTS) <= 0:
        return f"[{script} {numbers}]"
    suffix = choose_plural("et %(count)s autre, à lire à l’écran", "et %(count)s autres, à lire à l’écran", remaining)
    return f"[{script} {numbers} {suffix % {'count': remaining}}]"
