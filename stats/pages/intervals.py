"""The conclusions that printed figures prove: the largest category, the median category, and a difference between
years.

A printed number is known to within `BASE - 1`. A cell without a number may contain all that its total leaves. Two
years are compared as two Poisson counts of equal duration: given their sum, each is binomial with probability one
half. A page says « plus » only if even the least favourable true numbers differ so much that chance alone would cause
such a difference less than once in forty. Cases with one cause (a supplier of many bodies) vary more than this test
assumes.
"""

from collections.abc import Iterable, Sequence
from enum import StrEnum
from math import exp, inf, lgamma, log

from stats.categories import UNKNOWN_CATEGORIES
from stats.disclosure.figures import BASE
from stats.pages.page import Breakdown, CategoryLine
from stats.releases.reading import PrintedCell

ONE_SIDED_LEVEL = 0.025
NEGLIGIBLE = 1e-13
# In these tables a unit may be in several categories, or in none.
OVERLAPPING_TABLES = ("leaks_by_category", "bodies_by_stratum")


class TotalChange(StrEnum):
    """The difference between the totals of two years, as far as the printed numbers prove it."""

    ROUNDING = "rounding"  # rounding alone can explain the difference
    UNSURE = "unsure"  # chance alone can explain the difference
    MORE = "more"
    FEWER = "fewer"


def compare_totals(now: PrintedCell, before: PrintedCell) -> TotalChange | None:
    """Return how two totals differ, or None if either total has no number."""
    if now.value is None or before.value is None:
        return None
    if abs(now.value - before.value) <= BASE:
        return TotalChange.ROUNDING
    if is_significantly_more(now.low, before.high):
        return TotalChange.MORE
    return TotalChange.FEWER if is_significantly_more(before.low, now.high) else TotalChange.UNSURE


def is_significantly_more(number: int, reference: int) -> bool:
    """Tell whether `number` is significantly greater than `reference`.

    Equal rates would cause such an excess less than once in forty.
    """
    return number > reference and compute_binomial_tail(number, number + reference) < ONE_SIDED_LEVEL


def compute_binomial_tail(successes: int, tries: int) -> float:
    """Return the probability of at least `successes` out of `tries`, each with probability one half."""
    term = exp(lgamma(tries + 1) - lgamma(successes + 1) - lgamma(tries - successes + 1) - tries * log(2))
    total = 0.0
    for number in range(successes, tries + 1):
        total += term
        if term < NEGLIGIBLE * total:
            break
        term *= (tries - number) / (number + 1)
    return total


def find_largest_category(breakdown: Breakdown) -> CategoryLine | None:
    """Return the category that is certainly the largest. Return None if the figures do not prove which one it is.

    Return None too if the largest category groups unknown values.
    """
    ranked = sorted(breakdown.numbered_lines, key=lambda line: line.cell.low, reverse=True)
    if not ranked or ranked[0].code in UNKNOWN_CATEGORIES:
        return None
    largest, other_lines = ranked[0], [line for line in breakdown.lines if line is not ranked[0]]
    return largest if all(find_upper_bound(line, breakdown) < largest.cell.low for line in other_lines) else None


def find_upper_bound(line: CategoryLine, breakdown: Breakdown) -> float:
    """Return the upper bound of the true number of a category, or `inf` if no figure limits it."""
    if line.cell.is_shown:
        return line.cell.high
    if not breakdown.total.is_shown:
        return inf
    numbered = (
        0 if breakdown.table in OVERLAPPING_TABLES else sum(counted.cell.low for counted in breakdown.numbered_lines)
    )
    return max(0, breakdown.total.high - numbered)


def find_median_category(breakdown: Breakdown, codes: Sequence[str]) -> str | None:
    """Return the code of the first category that certainly has at least half of all cases in it or before it.

    Return None if the figures prove no such category. `codes` are the ordered categories. Cases with an unknown
    category count as later than all of them.
    """
    if not breakdown.total.is_shown:
        return None
    for number, code in enumerate(codes, 1):
        inside = [line for line in breakdown.lines if line.code in codes[:number]]
        outside = [line for line in breakdown.lines if line.code not in codes[:number]]
        least = sum(line.cell.low for line in inside)
        if least >= find_joint_upper_bound(outside, breakdown.total.high - least):
            return code
    return None


def find_joint_upper_bound(lines: Iterable[CategoryLine], remainder: int) -> int:
    """Return the upper bound of the sum of these categories. It is never above `remainder`.

    `remainder` is the most that the total leaves for these categories.
    """
    lines = list(lines)
    if all(line.cell.is_shown for line in lines):
        return min(remainder, sum(line.cell.high for line in lines))
    return remainder
