"""Whether a typed text holds a telephone number that can be called, and how readers see such a number. Its plan is
the French one, whose territories overseas may have shorter local numbers.
"""

import re
from collections import Counter
from collections.abc import Iterator
from functools import lru_cache

from core.french import NBSP

NATIONAL_DIGITS = 10
SEPARATOR = r"[\s./()-]{0,3}"
FRENCH = rf"(?:0{SEPARATOR}|(?:(?:\+|00){SEPARATOR})?33{SEPARATOR}(?:0{SEPARATOR})?)[1-9](?:{SEPARATOR}[0-9]){{8}}"
# A foreign number has eight to fifteen digits with the code of its country (ITU-T E.164).
FOREIGN = rf"(?:\+|00){SEPARATOR}(?!3{SEPARATOR}3)[1-9](?:{SEPARATOR}[0-9]){{7,14}}"
# Country code → digits of the local numbers of a French territory whose numbers are shorter than ten digits:
# Saint-Pierre-et-Miquelon, Wallis and Futuna, New Caledonia, French Polynesia.
LOCAL_DIGITS = {"508": 6, "681": 6, "687": 6, "689": 8}
# Saint-Pierre-et-Miquelon is the only one of these that is also called with a zero: « 0508 41 23 45 ».
NATIONAL_PREFIXES = {"508": ("0508",)}
# A number overseas with the code of its territory, which many write without « + ».
OVERSEAS = (
    rf"(?:{'|'.join(rf'{code}(?:{SEPARATOR}[0-9]){{{digits}}}' for code, digits in LOCAL_DIGITS.items())}"
    rf"|(?:262|590|594|596){SEPARATOR}(?:0{SEPARATOR})?[1-9](?:{SEPARATOR}[0-9]){{8}})"
)
# One whole number, or several after each other, with no digit left over.
NUMBER = rf"(?:{FRENCH}|{FOREIGN}|{OVERSEAS})"
COMPLETE_NUMBERS = re.compile(rf"(?P<first>{NUMBER})[\s./()-]*(?:{NUMBER}[\s./()-]*)*")
LOCAL_NUMBER = re.compile(rf"[1-9](?:{SEPARATOR}[0-9])*")
# The zero that a French number has only inside the country, after the code of the country.
TRUNK_ZERO = re.compile(r"^(?:\+|00)?330?(?=[1-9][0-9]{8}$)")
SHORT_NUMBER = re.compile(r"[13][0-9]{1,3}")  # 17, 112, 3218: the short numbers of the French plan
OTHER_TEXT = re.compile(r"[^0-9\s+()./-]+")
EDGES = re.compile(r"^[\s.()/-]+|[\s.()/-]+$")
LONGEST_RUN, LONGEST_TEXT = 80, 200
# What may be between two numbers, or between a number and a remark or another line of the same switchboard.
NUMBER_SEPARATORS = re.compile(r"[/(\n\r]")
# Hours and days after a number: « 24h/24 », « 24/24 », « 7j/7 », « 8h30-12h », « 8:30-12:00 », « 7 jours ».
HOURS = re.compile(
    r"(?<![0-9])(?:[0-9]{1,2}\s?[hj][a-z]*\s?(?:[0-9]{2}(?![0-9]))?\s?(?:/\s?[0-9]{1,2})?|(?:24|7)\s?/\s?(?:24|7)"
    r"|[0-9]{1,2}:[0-9]{2})(?![0-9])",
    re.IGNORECASE,
)
# Hours whose first has no unit: « 8-12h ».
HOUR_RANGE = re.compile(r"(?<![0-9])[0-9]{1,2}\s?-\s?[0-9]{1,2}\s?h[a-z]*(?:[0-9]{2})?(?![0-9])", re.IGNORECASE)
# The first two digits of a national number.
NATIONAL_START = re.compile(r"0[1-9]")
# Signs that look like a dash or a dot, and that a keyboard, a signature or a directory writes instead.
DASHES, DOTS = "\u2010\u2011\u2012\u2013\u2014\u2015\u2212", "·•‧∙"
LOOKALIKES = str.maketrans(dict.fromkeys(DASHES, "-") | dict.fromkeys(DOTS, "."))
# Signs that separate the digits of a number only if the same sign is repeated: « 02,98,00,00,00 » is a number, and
# « 02 98 00 00 00, 12 » is a number and an extension. A colon must be found three times, because hours have some:
# « 02 98 12 : 10:30 », « 8:30-12:00 ».
REPEATED_SEPARATOR = re.compile(r"(?<=[0-9])\s?([,;_:])\s?(?=[0-9])")
FEWEST_SEPARATORS = {",": 2, ";": 2, "_": 2, ":": 3}
# Five pairs with one sign between each two, such as « 02,98-70-12-34 », are one number whatever the signs are.
FIVE_PAIRS = re.compile(r"(?<![0-9])0[1-9](?:[\s.,;_/-][0-9]{2}){4}(?!\s?[.,;:_/h-]?[0-9])")
# For the spelling of a number: what people write between two of its digits.
BETWEEN = rf"[\s./(),;:_{DOTS}{DASHES}-]{{0,3}}"
GROUPED_FRENCH = (
    rf"(?P<country>(?:(?:\+|00){BETWEEN})?33{BETWEEN}(?:0{BETWEEN})?|0{BETWEEN})"
    rf"(?P<subscriber>[1-9](?:{BETWEEN}[0-9]){{8}})(?![0-9])"
)
# The length of a foreign number varies, so a comma or a dash between spaces is read as the start of another number.
BETWEEN_FOREIGN = r"(?:[\s.-]|\s?\(|\)[\s.-]?)?"
GROUPED_FOREIGN = rf"(?:\+|00)[1-9](?:{BETWEEN_FOREIGN}[0-9]){{7,14}}(?![0-9])"
NUMBER_IN_TEXT = re.compile(rf"(?<![0-9+])(?:{GROUPED_FRENCH}|{GROUPED_FOREIGN})")
# A number that somebody has grouped with spaces keeps these groups: many centres publish « 0 970 609 909 ».
GROUPED_NUMBER = re.compile(r"(?:0[1-9]?|\+33\s[1-9])(?:\s[0-9]{2,3}){3,4}")
# The numbers with a tariff of their own are read in threes: « 0 800 200 008 ».
SPECIAL_NUMBER = re.compile(r"8[0129][0-9]{7}")


def has_complete_number(text: str, *, local_digits: int | None = 0) -> bool:
    """Tell whether the text holds a complete telephone number. Words, hours and other numbers may surround it.

    A number with too many digits is not complete, however they are spaced. An extension needs a word before it:
    « 02 98 00 00 00 poste 12 ». `local_digits` is the length of the local numbers of the territory, and 0 if it has
    none. If it is None, the territory is not known, and local numbers of six or eight digits are accepted.
    """
    return any(is_complete(run, local_digits) for run in list_digit_runs(text))


def find_first_number(text: str) -> str:
    """Return the first complete number of the text with its separators, or "". Local numbers do not count."""
    matches = (match_complete_numbers(EDGES.sub("", run)) for run in list_digit_runs(text))
    return next((match["first"] for match in matches if match), "")


def list_complete_numbers(text: str) -> set[str]:
    """Return the digits of each complete number of the text. Local numbers count if the text has no other number."""
    runs = [EDGES.sub("", run) for run in list_digit_runs(text)]
    numbers = {number for run in runs if match_complete_numbers(run) for number in re.findall(NUMBER, run)}
    numbers = numbers or {run for run in runs if is_complete(run, None)}
    return {re.sub(r"[^0-9]", "", number) for number in numbers}


def find_dialled_number(text: str) -> str:
    """Return the digits to dial for the first complete number of the text, after its « + » if it has one.

    If the text has no complete number, return all its digits. The zero of « +33 (0)2 » is left out.
    """
    bare = "".join(text.split())  # `format_phone` writes no-break spaces
    if len(bare) == NATIONAL_DIGITS and bare.startswith("0") and bare.isascii() and bare.isdecimal():
        return bare  # nearly all numbers of a list, without the search among words
    number = find_first_number(text) or text
    dialled = "".join(character for character in number if character.isdecimal() or character == "+")
    return TRUNK_ZERO.sub("+33", dialled)


def has_short_number(text: str) -> bool:
    """Tell whether the text holds a short number, such as 112 or 32 18, and no national number.

    The beginning of a national number counts as a national number: « 02 98 00 poste 12 » gives False.
    """
    text = HOURS.sub(" h ", write_plain_signs(text[:LONGEST_TEXT]))
    runs = [re.sub(r"[\s.]", "", EDGES.sub("", run)) for run in split_digit_runs(text)]
    return any(map(SHORT_NUMBER.fullmatch, runs)) and not any(map(NATIONAL_START.match, runs))


def list_local_prefixes(code: str) -> tuple[str, ...]:
    """Return the prefixes that callers from elsewhere dial before a local number of a territory.

    `code` is the country code of the territory, such as « 508 ».
    """
    return (f"+{code}", f"00{code}", *NATIONAL_PREFIXES.get(code, ()))


def find_local_number(number: str) -> str:
    """Return the local part of a number that has the prefix of a territory with short local numbers, or else "".

    `number` has no separators.
    """
    for code, digits in LOCAL_DIGITS.items():
        for prefix in list_local_prefixes(code):
            local = number.removeprefix(prefix)
            if local != number and len(local) == digits and local.isdecimal():
                return local
    return ""


def has_too_many_digits(text: str) -> bool:
    """Tell whether a run of digits in the text is longer than a national number. Separators do not end a run."""
    text = fold_separators(text)
    return any(len(re.findall(r"[0-9]", run)) > NATIONAL_DIGITS for run in OTHER_TEXT.split(text))


def list_digit_runs(text: str) -> Iterator[str]:
    """Yield the runs of digits in the text, each with its separators, for every way to read the text.

    Hours are read both as digits and as words. Commas are read both as separators of digits and as ends of numbers.
    """
    text = write_plain_signs(text[:LONGEST_TEXT])
    for candidate in (
        replace_repeated_separators(text),
        text,
        HOURS.sub(" h ", text),
        HOURS.sub(" h ", HOUR_RANGE.sub(" h ", text)),
    ):
        yield from split_digit_runs(candidate)


def split_digit_runs(text: str) -> Iterator[str]:
    """Yield the runs of digits and separators between the words of the text.

    Each run is yielded whole, and then in parts, cut at each sign after which another number may begin.
    """
    for run in OTHER_TEXT.split(text):
        yield from (run, *NUMBER_SEPARATORS.split(run))


def is_complete(run: str, local_digits: int | None) -> bool:
    """Tell whether the run consists of complete numbers, or is one local number of `local_digits` digits."""
    number = EDGES.sub("", run)
    if len(number) > LONGEST_RUN:
        return False
    if match_complete_numbers(number):
        return True
    lengths = (6, 8) if local_digits is None else (local_digits,)
    return LOCAL_NUMBER.fullmatch(number) is not None and len(re.findall(r"[0-9]", number)) in lengths


def match_complete_numbers(number: str) -> re.Match[str] | None:
    """Return the match if the whole of `number` consists of complete numbers, or else None.

    The result is also None for a text longer than LONGEST_RUN.
    """
    # The length comes before the pattern, which would try every division of a long text.
    return COMPLETE_NUMBERS.fullmatch(number) if len(number) <= LONGEST_RUN else None


def replace_repeated_separators(text: str) -> str:
    """Return the text with a dot instead of each comma, semicolon, underscore or colon inside a number.

    Such a sign is inside a number if the text repeats it between digits. Except for the colon, it is also inside a
    number if it separates two of five pairs of digits.
    """
    text = FIVE_PAIRS.sub(lambda match: re.sub(r"[,;_]", ".", match[0]), text)
    numbers = Counter(match[1] for match in REPEATED_SEPARATOR.finditer(text))
    repeated = {sign for sign, fewest in FEWEST_SEPARATORS.items() if numbers[sign] >= fewest}
    return REPEATED_SEPARATOR.sub(lambda match: "." if match[1] in repeated else match[0], text)


def fold_separators(text: str) -> str:
    """Return the text with plain dots and dashes inside its numbers: « 02.98 » for « 02,98 » or « 02·98 »."""
    return replace_repeated_separators(write_plain_signs(text))


def write_plain_signs(text: str) -> str:
    """Return the text with digits, dashes and dots of ASCII instead of the similar signs of Unicode."""
    return re.sub(r"\d", lambda digit: str(int(digit[0])), text.translate(LOOKALIKES))


@lru_cache(maxsize=4096)
def format_phone(text: str) -> str:
    """Return the text with its telephone numbers grouped as people read them aloud: « 02 98 99 00 00 »,
    « +33 2 98 99 00 00 », « 0 800 200 008 ». The spaces are no-break spaces.

    A foreign number, or a number that somebody grouped with spaces, keeps its groups. Words and local numbers do not
    change.
    """
    return NUMBER_IN_TEXT.sub(_format_phone_match, text)


def _format_phone_match(match: re.Match[str]) -> str:
    if GROUPED_NUMBER.fullmatch(match[0]):
        return re.sub(r"\s", NBSP, match[0])
    if match["subscriber"] is None:
        # Beside spaces, a dash or a dot may separate a second number or hours, so it stays.
        return re.sub(r"\s" if re.search(r"\s", match[0]) else r"[.-]", NBSP, match[0])
    country, subscriber = (re.sub(r"[^0-9]", "", match[part]) for part in ("country", "subscriber"))
    pairs = [subscriber[at : at + 2] for at in range(1, len(subscriber), 2)]
    if country != "0":
        return NBSP.join(["+33", subscriber[0], *pairs])
    if SPECIAL_NUMBER.fullmatch(subscriber):
        return NBSP.join(["0", subscriber[:3], subscriber[3:6], subscriber[6:]])
    return NBSP.join([f"0{subscriber[0]}", *pairs])
