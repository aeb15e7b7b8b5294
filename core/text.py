"""What people type, made safe to store and to show: the words stay, the tricks go."""

import re
import unicodedata
from collections.abc import Mapping

from django.core.exceptions import ValidationError

# Marks that change the order in which a line is read (they can turn « exe.gpj » into « jpg.exe »).
READING_ORDER = dict.fromkeys([0x061C, 0x200E, 0x200F, *range(0x202A, 0x202F), *range(0x2066, 0x206A)])
FILE_NAME_LIMIT = 255
LINE_ENDS = re.compile("\r\n|[\r\u2028\u2029]")
FILLERS = "\u115f\u1160\u3164\uffa0"  # letters of Unicode that show nothing
KEPT_CONTROLS = "\n\t"
CONTROLS = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f]")
SCHEME = re.compile(r"(?i)\b(?:http|ftp)(s?)(?=:)")
# A dot inside a word: programs make a link of « exemple.fr » even without « http ». Numbers keep theirs.
INNER_DOT = re.compile(r"(?<=[^\W_])\.(?=[^\W\d_])")


def strip_controls(text: str) -> str:
    """Return `text` without the characters that no keyboard types and no database takes (NUL and its kin)."""
    return CONTROLS.sub("", text)


def plain_text(text: str, *, limit: int, field: str) -> str:
    """`text` without control characters, reading-order marks or lone surrogates, in Unicode form C.

    Line ends become \\n, outer space goes. `limit` is in characters.
    Raises ValidationError on `field` when more than `limit` characters remain: nothing is cut in silence.
    """
    ordered = LINE_ENDS.sub("\n", text).translate(READING_ORDER)
    kept = "".join(c for c in ordered if c in KEPT_CONTROLS or unicodedata.category(c) not in {"Cc", "Cs"})
    clean = unicodedata.normalize("NFC", kept).strip()
    if len(clean) > limit:
        too_long = "Ce texte a %(length)s caractères, et %(limit)s suffisent. Gardez l’essentiel."
        raise ValidationError({field: too_long % {"length": len(clean), "limit": limit}})
    return clean


def plain_line(text: str, *, limit: int, field: str) -> str:
    """The same on one line."""
    return plain_text(" ".join(text.split()), limit=limit, field=field)


def has_visible_word(text: str) -> bool:
    """Tell whether a reader sees a letter or a digit in it."""
    return any(sign.isalnum() and sign not in FILLERS for sign in text)


def plain_file_name(name: str) -> str:
    """The name that a client gave to a file, fit to be shown: its last part, on one line, nothing invisible in it.

    It names nothing on our side. A long one is shortened in the middle; its end, which tells its kind, stays.
    """
    last = name.replace("\\", "/").rsplit("/", 1)[-1]
    kept = "".join(c if unicodedata.category(c)[0] != "Z" else " " for c in last if unicodedata.category(c)[0] != "C")
    clean = unicodedata.normalize("NFC", " ".join(kept.split()))
    if len(clean) > FILE_NAME_LIMIT:
        clean = clean[: FILE_NAME_LIMIT - 25] + "…" + clean[-24:]
    return clean or "sans nom"


def defanged(text: str) -> str:
    """The same words, of which no program makes a link: `hxxp://exemple[.]fr`."""
    return INNER_DOT.sub("[.]", SCHEME.sub(lambda found: "hxxp" + found[1].lower(), text))


def say_the_same(first: object, second: object) -> bool:
    """Whether two sets of answers, as they were typed or kept, hold the same words under two spellings."""
    return _spelled(first) == _spelled(second)


def _spelled(value: object, *, is_number: bool = False) -> object:
    """One spelling: no invisible marks, one sort of apostrophe, single spaces; none in a telephone number."""
    match value:
        case str():
            visible = "".join(c for c in value if c.isspace() or unicodedata.category(c) not in {"Cc", "Cf", "Cs"})
            words = unicodedata.normalize("NFC", visible).replace("’", "'").split()
            return "".join(words).replace(".", "") if is_number else " ".join(words)
        case Mapping():
            return {name: _spelled(one, is_number=str(name).endswith("phone")) for name, one in value.items()}
        case list() | tuple():
            return [_spelled(one, is_number=is_number) for one in value]
    return value


def fold(text: str) -> str:
    """One spelling for what people write in several: lower case, no accents, no punctuation, single spaces."""
    bare = "".join(c for c in unicodedata.normalize("NFKD", text.lower()) if not unicodedata.combining(c))
    return " ".join("".join(c if c.isalnum() else " " for c in bare).split())
