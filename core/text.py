"""Cleaning of what people type, so that it is safe to store and to show. The wording is not changed; only control
characters and the marks that change the reading order are removed.
"""

import re
import unicodedata
from collections.abc import Mapping

from django.core.exceptions import ValidationError

# Marks that change the order in which a line is read. They can make « exe.gpj » look like « jpg.exe ».
READING_ORDER_MARKS = dict.fromkeys([0x061C, 0x200E, 0x200F, *range(0x202A, 0x202F), *range(0x2066, 0x206A)])
FILE_NAME_LIMIT = 255
# Unicode form C makes one character of at most so many. A longer text is too long in any form, and is not normalised:
# on many versions of Python, the time grows with the square of the number of combining accents in a row.
MAX_COMPOSED = 4
LINE_ENDS = re.compile("\r\n|[\r\u2028\u2029]")
FILLERS = "\u115f\u1160\u3164\uffa0"  # These letters of Unicode have no visible shape.
KEPT_CONTROLS = "\n\t"
FORMULA_CHARACTERS = ("=", "+", "-", "@", "\t", "\r")
NOT_ALPHANUMERIC = re.compile(r"[\W_]+")
CONTROLS = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f]")
SCHEME = re.compile(r"(?i)\b(?:http|ftp)(s?)(?=:)")
# A dot inside a word, because programs turn « exemple.fr » into a link even without « http ». A dot inside a number
# does not match.
INNER_DOT = re.compile(r"(?<=[^\W_])\.(?=[^\W\d_])")


def strip_control_characters(text: str) -> str:
    """Return the text without control characters, such as NUL. Tabs and line ends stay."""
    return CONTROLS.sub("", text)


def clean_text(text: str, *, limit: int, field: str) -> str:
    """Return `text` without control characters, reading-order marks and lone surrogates, in Unicode form C.

    Line ends become \\n, and spaces at both ends are removed. `limit` is in characters. Raises ValidationError on
    `field` if more than `limit` characters remain, since a text is never cut silently.
    """
    ordered = LINE_ENDS.sub("\n", text).translate(READING_ORDER_MARKS)
    visible = "".join(c for c in ordered if c in KEPT_CONTROLS or unicodedata.category(c) not in {"Cc", "Cs"}).strip()
    is_far_too_long = len(visible) > limit * MAX_COMPOSED
    clean = visible if is_far_too_long else unicodedata.normalize("NFC", visible).strip()
    if len(clean) > limit:
        too_long = "Ce texte a %(length)s caractères, et %(limit)s suffisent. Gardez l’essentiel."
        raise ValidationError({field: too_long % {"length": len(clean), "limit": limit}})
    return clean


def clean_line(text: str, *, limit: int, field: str) -> str:
    """Return the text on one line, cleaned as by `clean_text`. Raises the same error if it is too long."""
    return clean_text(" ".join(text.split()), limit=limit, field=field)


def has_visible_character(text: str) -> bool:
    """Tell whether the text has a letter or a digit that a reader can see."""
    return any(character.isalnum() and character not in FILLERS for character in text)


def clean_file_name(name: str) -> str:
    """Return a file name sent by a client in a form that is safe to show.

    It is the last part of the path, on one line, without invisible characters. A long name is shortened in the middle,
    because its end shows the kind of file. No file is stored under this name.
    """
    last_part = name.replace("\\", "/").rsplit("/", 1)[-1]
    characters_by_category = ((character, unicodedata.category(character)[0]) for character in last_part)
    visible = "".join(
        " " if category == "Z" else character for character, category in characters_by_category if category != "C"
    )
    clean = unicodedata.normalize("NFC", " ".join(visible.split()))
    if len(clean) > FILE_NAME_LIMIT:
        clean = clean[: FILE_NAME_LIMIT - 25] + "…" + clean[-24:]
    return clean or "sans nom"


def neutralise_formula(text: str) -> str:
    """Return the text, with an apostrophe before it if a spreadsheet program would read it as a formula."""
    return f"'{text}" if text.startswith(FORMULA_CHARACTERS) else text


def defang_links(text: str) -> str:
    """Return the text with its schemes and dots broken (`hxxp://exemple[.]fr`), so that no program turns it into a
    link.
    """
    return INNER_DOT.sub("[.]", SCHEME.sub(lambda match: "hxxp" + match[1].lower(), text))


def are_same_answers(first: object, second: object) -> bool:
    """Tell whether two sets of answers differ at most in invisible characters, spaces and kinds of apostrophe.

    Telephone numbers may also differ in dots. Each set may be as somebody typed it or as the database stores it.
    """
    return _normalise_answer(first) == _normalise_answer(second)


def _normalise_answer(value: object, *, is_number: bool = False) -> object:
    """Return the answer without invisible marks, with one kind of apostrophe and single spaces. A telephone number
    loses all its spaces and dots.
    """
    match value:
        case str():
            visible = "".join(c for c in value if c.isspace() or unicodedata.category(c) not in {"Cc", "Cf", "Cs"})
            words = unicodedata.normalize("NFC", visible).replace("’", "'").split()
            return "".join(words).replace(".", "") if is_number else " ".join(words)
        case Mapping():
            return {
                name: _normalise_answer(item, is_number=str(name).endswith("phone")) for name, item in value.items()
            }
        case list() | tuple():
            return [_normalise_answer(item, is_number=is_number) for item in value]
    return value


def normalise_address(address: str) -> str:
    """Return the e-mail address in the only form in which it is stored and compared: NFKC, in lower case.

    Otherwise one account could be tried under several names: PostgreSQL finds « responder@… » under « reſponder@… »,
    because both have the same upper case (see CVE-2019-19844).
    """
    return unicodedata.normalize("NFKC", unicodedata.normalize("NFKC", address).lower())


def fold_text(text: str) -> str:
    """Return the text simplified for comparison: in lower case, without accents or punctuation, with single spaces."""
    bare = text.lower()
    if not bare.isascii():
        bare = "".join(c for c in unicodedata.normalize("NFKD", bare) if not unicodedata.combining(c))
    return NOT_ALPHANUMERIC.sub(" ", bare).strip()
