"""What chance alone can do is never called a change. Pure arithmetic."""

from math import comb

import pytest

from stats.chance import Count, Direction, change, wilson


def test_it_works():
    found = change(Count(231, 231), Count(167, 167))
    assert (found.now, found.before, found.direction, found.is_small) == (231, 167, Direction.UP, False)
    assert change(Count(6, 6), Count(9, 9)).is_small


@pytest.mark.parametrize(
    ("now", "before", "direction"),
    [
        (231, 167, Direction.UP),
        (167, 231, Direction.DOWN),
        (30, 18, Direction.UNSURE),
        (18, 18, Direction.UNSURE),
        (20, 5, Direction.UP),
        (6, 0, Direction.UP),
        (5, 0, Direction.UNSURE),
        (400_000, 390_000, Direction.UP),
        (400_000, 399_500, Direction.UNSURE),
    ],
)
def test_a_change_is_said_beyond_chance_only(now, before, direction):
    """Exact test of two Poisson counts, two-sided at 5 %."""
    assert change(Count(now, now), Count(before, before)).direction is direction


@pytest.mark.parametrize(("now", "before"), [(231, 167), (20, 5), (3, 9), (6, 1)])
def test_the_limits_are_exact(now, before):
    """Beyond each limit, so many cases or more come in one try out of forty: counted in full, with whole numbers."""
    found = change(Count(now, now), Count(before, before))
    for successes, ratio in ((now, found.lowest), (before, 1 / found.highest)):
        share, tries = ratio / (1 + ratio), now + before
        tail = sum(comb(tries, k) * share**k * (1 - share) ** (tries - k) for k in range(successes, tries + 1))
        assert tail == pytest.approx(0.025, rel=1e-3)


def test_what_is_not_broken_down_may_belong_anywhere():
    """30 against 5 is an increase, but not if 20 cases without detail may belong to the earlier year."""
    assert change(Count(30, 30), Count(5, 5)).direction is Direction.UP
    assert change(Count(30, 30), Count(5, 25)).direction is Direction.UNSURE
    assert change(Count(5, 25), Count(30, 30)).direction is Direction.UNSURE


def test_a_rate_has_the_interval_of_wilson():
    """By hand for 10 of 100: 5.5 % to 17.4 %."""
    rate = wilson(10, 100)
    assert (rate.low, rate.high) == (pytest.approx(0.0552, abs=1e-4), pytest.approx(0.1744, abs=1e-4))
    assert wilson(0, 50).low == 0
    assert wilson(50, 50).high == pytest.approx(1)
    assert wilson(5, 0) is None
    assert wilson(7, 5) is None
