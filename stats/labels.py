"""Functions that format numbers, shares, durations and French sentences for the pages of figures."""

import re
from datetime import timedelta
from fractions import Fraction
from math import ceil, floor

from core.french import NARROW_NBSP, NBSP

MINUTES_A_DAY = 24 * 60


def format_percent(share: float) -> str:
    """Return a share between 0 and 1 as a percentage with two significant digits: « 0,57 % », « 5,4 % », « 12 % »."""
    value = share * 100
    return f"{value:.{count_decimals(value)}f}{NBSP}%".replace(".", ",")


def round_percent_down(share: Fraction) -> float:
    """Return the largest share that `format_percent` can write and that does not exceed `share`."""
    unit = find_rounding_denominator(share)
    return floor(share * unit) / unit


def round_percent_up(share: Fraction) -> float:
    """Return the smallest share that `format_percent` can write and that is at least `share`."""
    unit = find_rounding_denominator(share)
    return ceil(share * unit) / unit


def find_rounding_denominator(share: Fraction) -> int:
    """Return the denominator of the fractions to which `format_percent` rounds `share`.

    It is 100 for steps of 1 %, 1 000 for steps of 0,1 %, and 10 000 for steps of 0,01 %.
    """
    return 100 * int(10 ** count_decimals(share * 100))


def count_decimals(percent: float | Fraction) -> int:
    """Return the number of decimals of a percentage that give it two significant digits."""
    return 0 if percent >= 10 else 1 if percent >= 1 else 2


def format_duration_at_most(value: timedelta) -> str:
    """Return a duration, rounded up: « 12 min », « 2 h », « 2 h 10 », « 1 jour », « 3 jours » or « 3 j 4 h ».

    It is rounded to the minute up to two days, and to the hour beyond. The words « en 3 jours au plus » are then
    always true.
    """
    minutes = ceil(value / timedelta(minutes=1))
    if minutes > 2 * MINUTES_A_DAY:
        minutes = 60 * ceil(minutes / 60)
    days, rest = divmod(minutes, MINUTES_A_DAY)
    if days and not rest:
        words = "1 jour" if days == 1 else f"{days} jours"
    elif minutes < 60:
        words = f"{minutes} min"
    elif minutes < 2 * MINUTES_A_DAY:
        words = f"{minutes // 60} h {minutes % 60:02}" if minutes % 60 else f"{minutes // 60} h"
    else:
        words = f"{days} j {rest // 60} h"
    return words.replace(" ", NBSP)


def bind_words(words: str) -> str:
    """Return the text with the no-break spaces of French: before « : ; ! ? % », inside « » and inside numbers."""
    whole_numbers = re.sub(r"(?<=\d) (?=\d{3})", NARROW_NBSP, words)
    return re.sub(r"« | (?=[:;?!»%])", lambda match: match[0].replace(" ", NBSP), whole_numbers)


def upper_first(label: str) -> str:
    """Return the label with a capital first letter."""
    return label[:1].upper() + label[1:]


def lower_first(label: str) -> str:
    """Return the label with a lower-case first letter, for use inside a sentence. An acronym such as « EHPAD » stays
    as it is.
    """
    return label if label[1:2].isupper() else label[:1].lower() + label[1:]
