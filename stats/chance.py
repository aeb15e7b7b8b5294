"""What chance alone can do to small numbers: pure arithmetic, no dependency.

Two counts are compared as two Poisson counts of equal duration: given their sum, one of them is binomial with one
half. The limits are the exact ones of Clopper and Pearson at 95 %, so a « hausse » is said only when equal rates would
give such a difference in less than one case out of forty. Cases that come together (one supplier, many bodies) vary
more than this says. Rates carry the 95 % interval of Wilson.
"""

from dataclasses import dataclass
from enum import StrEnum
from math import exp, inf, lgamma, log, sqrt

Z = 1.959964  # the 97.5th percentile of the normal law
ONE_SIDE = 0.025
STEPS = 24  # of a bisection that starts eight standard deviations wide: far below what is printed
NEGLIGIBLE = 1e-13
SMALL = 30  # below this many cases in all, a comparison is called one of small numbers


class Direction(StrEnum):
    UP = "up"
    DOWN = "down"
    UNSURE = "unsure"


@dataclass(frozen=True)
class Count:
    """At least `low` cases, and at most `high` if all that is published without detail belonged here."""

    low: int
    high: int


@dataclass(frozen=True)
class Change:
    """From one count to another. `lowest` and `highest` are ratios, 1 for no change; `highest` may be infinite."""

    now: int
    before: int
    lowest: float
    highest: float

    @property
    def direction(self) -> Direction:
        if self.lowest > 1:
            return Direction.UP
        return Direction.DOWN if self.highest < 1 else Direction.UNSURE

    @property
    def is_small(self) -> bool:
        return self.now + self.before < SMALL


@dataclass(frozen=True)
class Rate:
    """`number` bodies out of `bodies`; shares are between 0 and 1."""

    number: int
    bodies: int
    low: float
    high: float

    @property
    def share(self) -> float:
        return self.number / self.bodies


def change(now: Count, before: Count) -> Change:
    """True whatever the cases without detail are: the least favourable split is taken on each side."""
    return Change(now.low, before.low, odds_low(now.low, before.high), odds_high(now.high, before.low))


def wilson(number: int, bodies: int) -> Rate | None:
    """None where no rate can be said: nobody to count, or more declarants than bodies."""
    if not 0 <= number <= bodies or not bodies:
        return None
    share, square = number / bodies, Z * Z / bodies
    middle, half = share + square / 2, Z * sqrt(share * (1 - share) / bodies + square / bodies / 4)
    return Rate(number, bodies, max(0.0, (middle - half) / (1 + square)), min(1.0, (middle + half) / (1 + square)))


def odds_low(one: int, other: int) -> float:
    """The lowest ratio of the rates that agrees with `one` cases against `other`."""
    if not one:
        return 0.0
    share = lower_limit(one, one + other)
    return share / (1 - share)


def odds_high(one: int, other: int) -> float:
    return 1 / odds_low(other, one) if other else inf


def lower_limit(successes: int, tries: int) -> float:
    """The lower limit of Clopper and Pearson: the share for which that many or more come in one case out of forty."""
    middle = successes / tries
    width = 8 * sqrt(max(middle * (1 - middle), 1 / tries) / tries)
    low, high = max(0.0, middle - width), min(middle, 1 - 1e-12)
    for _ in range(STEPS):
        share = (low + high) / 2
        if at_least(successes, tries, share) < ONE_SIDE:
            low = share
        else:
            high = share
    return low


def at_least(successes: int, tries: int, share: float) -> float:
    """The chance of `successes` or more out of `tries`, for a share not above the observed one."""
    if share <= 0:
        return 0.0
    ways = lgamma(tries + 1) - lgamma(successes + 1) - lgamma(tries - successes + 1)
    rest = tries - successes
    term = exp(ways + successes * log(share) + (rest * log(1 - share) if rest else 0.0))
    total = 0.0
    for number in range(successes, tries + 1):
        total += term
        if term < NEGLIGIBLE * total:
            break
        term *= (tries - number) / (number + 1) * share / (1 - share)
    return total
