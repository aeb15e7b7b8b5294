"""The rule alone: units in, safe cells out."""

import random
from collections import Counter
from datetime import date

from hypothesis import given
from hypothesis import strategies as st

from stats.disclosure import Unit, partition
from stats.enums import BANDS, Measure

QUARTERS = [date(year, month, 1) for year in (2024, 2025) for month in (1, 4, 7, 10)]
FINEST = {
    Measure.INCIDENTS: [""],
    Measure.INTERRUPTIONS: BANDS[Measure.INTERRUPTIONS][1:],
    Measure.LEAKS: [band for band in BANDS[Measure.LEAKS] if "/" in band],
}
END_OF_2025, END_OF_MID_2025 = date(2025, 12, 31), date(2025, 6, 30)


@st.composite
def populations(draw, measure=None):
    """A few bodies hit often and many hit once, in a few regions, one of them without a name."""
    bands = FINEST[measure or draw(st.sampled_from(list(FINEST)))]
    rows = draw(
        st.lists(
            st.tuples(
                st.integers(1, 30),
                st.sampled_from(QUARTERS),
                st.sampled_from(bands),
                st.one_of(st.integers(1, 2), st.integers(1, 400)),
            ),
            max_size=120,
        )
    )
    return [
        Unit(fact, body, (body % 5) or None, quarter, band, number)
        for fact, (body, quarter, band, number) in enumerate(rows)
    ]


def unit(body, region=53, quarter=QUARTERS[4], band="", number=1):
    return Unit(body, body, region, quarter, band, number)


def shapes(cells):
    return sorted(
        (str(c.scope.region), c.scope.starts_on, c.scope.ends_on, c.scope.band, c.value, len(c.units)) for c in cells
    )


def is_protected(units):
    """Written apart from the code under test: five bodies, none above 85 %."""
    by_body = Counter()
    for one in units:
        by_body[one.body] += one.number
    return len(by_body) > 4 and all(share / sum(by_body.values()) <= 0.85 for share in by_body.values())


def test_it_works():
    cells = partition([unit(body) for body in range(5)], END_OF_2025)
    assert shapes(cells) == [("53", date(2025, 1, 1), date(2025, 3, 31), "", 5, 5)]


def test_four_bodies_are_shown_nowhere():
    assert partition([unit(body) for body in range(4)], END_OF_2025) == []


def test_one_body_hit_five_times_is_one_body():
    assert partition([Unit(fact, 7, 53, QUARTERS[4], "", 1) for fact in range(5)], END_OF_2025) == []


def test_a_body_that_makes_nearly_all_is_not_shown():
    few = [unit(body) for body in range(5)]
    assert partition([*few, unit(9, number=28)], END_OF_2025) != []  # 28 of 33: 84.8 %
    assert partition([*few, unit(9, number=29)], END_OF_2025) == []  # 29 of 34: 85.3 %


def test_small_bands_go_into_all_bands():
    units = [unit(body, band="0-4h") for body in range(6)]
    units += [unit(10 + body, band="1-3d") for body in range(3)] + [unit(20 + body, band="7d+") for body in range(2)]
    assert [shape[3:5] for shape in shapes(partition(units, END_OF_2025))] == [("", 5), ("0-4h", 6)]


def test_a_remainder_absorbs_the_smallest_safe_band():
    units = [unit(body, band="0-4h") for body in range(6)] + [unit(10 + body, band="4-24h") for body in range(9)]
    units += [unit(30, band="7d+")]
    assert [shape[3:5] for shape in shapes(partition(units, END_OF_2025))] == [("", 7), ("4-24h", 9)]


def test_small_quarters_go_into_the_year_once_it_is_closed():
    units = [unit(body) for body in range(9)]
    units += [unit(10 + body, quarter=QUARTERS[5]) for body in range(3)]
    units += [unit(20 + body, quarter=QUARTERS[7]) for body in range(3)]
    closed = [
        ("53", date(2025, 1, 1), date(2025, 3, 31), "", 9, 9),
        ("53", date(2025, 1, 1), date(2025, 12, 31), "", 6, 6),
    ]
    assert shapes(partition(units, END_OF_2025)) == closed
    assert shapes(partition(units, END_OF_MID_2025)) == closed[:1]


def test_small_regions_go_into_other_regions():
    units = [unit(body) for body in range(20)]
    units += [unit(30 + body, region=1) for body in range(3)] + [unit(40 + body, region=2) for body in range(4)]
    assert [(shape[0], shape[4]) for shape in shapes(partition(units, END_OF_2025))] == [("53", 20), ("None", 7)]


@given(populations(), st.sampled_from([END_OF_2025, END_OF_MID_2025]))
def test_every_cell_is_protected_and_each_unit_is_in_one_at_most(units, until):
    cells = partition([one for one in units if one.quarter <= until], until)
    placed = [one for cell in cells for one in cell.units]
    assert all(is_protected(cell.units) for cell in cells)
    assert len(placed) == len({one.fact for one in placed})
    assert {one.fact for one in placed} <= {one.fact for one in units}


@given(populations())
def test_a_closed_year_is_shown_whole_or_not_at_all(units):
    cells = partition(units, END_OF_2025)
    for year in (2024, 2025):
        mine = [one for one in units if one.quarter.year == year]
        placed = [one for cell in cells for one in cell.units if one.quarter.year == year]
        assert len(placed) in (0, len(mine))
        assert placed or not is_protected(mine)


@given(populations())
def test_a_cell_covers_its_units(units):
    for cell in partition(units, END_OF_2025):
        scope = cell.scope
        for one in cell.units:
            assert scope.region in (None, one.region)
            assert scope.starts_on <= one.quarter <= scope.ends_on
            assert one.band.startswith(scope.band)


@given(populations(), st.randoms())
def test_the_order_of_the_cases_changes_nothing(units, rng: random.Random):
    shuffled = units[:]
    rng.shuffle(shuffled)
    assert shapes(partition(units, END_OF_2025)) == shapes(partition(shuffled, END_OF_2025))
