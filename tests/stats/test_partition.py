"""The rule alone: units in, safe cells out."""

import random
from collections import Counter
from dataclasses import replace
from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from stats.enums import FINEST
from stats.family import FAMILY
from stats.partition import Grain, Scope, Shape, Unit, partition

JANUARY, FEBRUARY, MAY, OCTOBER = (date(2025, month, 1) for month in (1, 2, 5, 10))
END_OF_2025, END_OF_MID_2025 = date(2025, 12, 31), date(2025, 6, 30)
MONTHLY, QUARTERLY, YEARLY = Shape(Grain.MONTH), Shape(Grain.QUARTER), Shape()
BANDS_FIRST = Shape(bands_first=True)
TABLES = [(table.measure, shape) for table in FAMILY for shape in table.shapes]


@st.composite
def populations(draw, measure):
    """A few bodies hit often and many hit once, in a few regions, one of them without a name."""
    rows = draw(
        st.lists(
            st.tuples(
                st.integers(1, 30),
                st.builds(date, st.sampled_from([2024, 2025]), st.integers(1, 12), st.just(1)),
                st.sampled_from(FINEST[measure]),
                st.one_of(st.integers(1, 2), st.integers(1, 400)),
            ),
            max_size=120,
        )
    )
    return [
        Unit(fact, body, (body % 5) or None, month, band, number)
        for fact, (body, month, band, number) in enumerate(rows)
    ]


tables = st.sampled_from(TABLES).flatmap(lambda table: st.tuples(st.just(table[1]), populations(table[0])))


def unit(body, region=53, month=JANUARY, band="", number=1):
    return Unit(body, body, region, month, band, number)


def some(first, number, **said):
    return [unit(first + body, **said) for body in range(number)]


def shapes(cells):
    return sorted(
        (str(c.scope.region), f"{c.scope.starts_on:%m-%d}", f"{c.scope.ends_on:%m-%d}", c.scope.band, c.value)
        for c in cells
    )


def is_protected(units):
    """Written apart from the code under test: five bodies, none above 85 %."""
    by_body = Counter()
    for one in units:
        by_body[one.body] += one.number
    return len(by_body) > 4 and all(share / sum(by_body.values()) <= 0.85 for share in by_body.values())


def test_it_works():
    assert shapes(partition(some(0, 5), END_OF_2025, MONTHLY)) == [("53", "01-01", "01-31", "", 5)]
    assert shapes(partition(some(0, 5), END_OF_2025, QUARTERLY)) == [("53", "01-01", "03-31", "", 5)]
    assert shapes(partition(some(0, 5), END_OF_2025, YEARLY)) == [("53", "01-01", "12-31", "", 5)]


@pytest.mark.parametrize("shape", [MONTHLY, QUARTERLY, YEARLY, BANDS_FIRST])
def test_four_bodies_are_shown_nowhere(shape):
    assert partition(some(0, 4), END_OF_2025, shape) == []


def test_one_body_hit_five_times_is_one_body():
    assert partition([Unit(fact, 7, 53, JANUARY, "", 1) for fact in range(5)], END_OF_2025, MONTHLY) == []


def test_a_body_that_makes_nearly_all_is_not_shown():
    assert partition([*some(0, 5), unit(9, number=28)], END_OF_2025, MONTHLY) != []  # 28 of 33: 84.8 %
    assert partition([*some(0, 5), unit(9, number=29)], END_OF_2025, MONTHLY) == []  # 29 of 34: 85.3 %


def test_small_bands_go_into_all_bands():
    units = some(0, 6, band="0-4h") + some(10, 3, band="1-3d") + some(20, 2, band="7d+")
    assert [shape[3:] for shape in shapes(partition(units, END_OF_2025, QUARTERLY))] == [("", 5), ("0-4h", 6)]


def test_a_remainder_absorbs_the_smallest_safe_band():
    units = some(0, 6, band="0-4h") + some(10, 9, band="4-24h") + [unit(30, band="7d+")]
    assert [shape[3:] for shape in shapes(partition(units, END_OF_2025, QUARTERLY))] == [("", 7), ("4-24h", 9)]


def test_small_types_go_into_their_class_first():
    units = (
        some(0, 3, band="fraud/virement")
        + some(10, 3, band="fraud/hameconnage")
        + some(20, 5, band="intrusions/boite")
    )
    bands = [shape[3:] for shape in shapes(partition(units, END_OF_2025, MONTHLY))]
    assert bands == [("fraud", 6), ("intrusions/boite", 5)]


def test_small_months_go_into_their_quarter_then_the_year():
    units = some(0, 9) + some(10, 3, month=FEBRUARY) + some(20, 3, month=date(2025, 3, 1)) + some(30, 4, month=MAY)
    units += some(40, 3, month=OCTOBER)
    closed = [
        ("53", "01-01", "01-31", "", 9),
        ("53", "01-01", "03-31", "", 6),
        ("53", "01-01", "12-31", "", 7),
    ]
    assert shapes(partition(units, END_OF_2025, MONTHLY)) == closed
    assert shapes(partition(units, END_OF_MID_2025, MONTHLY)) == closed[:2]


def test_small_regions_go_into_other_regions():
    units = some(0, 20) + some(30, 3, region=1) + some(40, 4, region=2)
    assert [(shape[0], shape[4]) for shape in shapes(partition(units, END_OF_2025, MONTHLY))] == [
        ("53", 20),
        ("None", 7),
    ]


def test_cases_of_no_region_are_never_a_cell_of_their_own():
    units = some(0, 8, region=None) + some(30, 6)
    assert shapes(partition(units, END_OF_2025, YEARLY)) == [
        ("53", "01-01", "12-31", "", 6),
        ("None", "01-01", "12-31", "", 8),
    ]
    few = some(0, 8, region=None) + some(30, 4)
    assert shapes(partition(few, END_OF_2025, MONTHLY)) == [("None", "01-01", "12-31", "", 12)]


def test_a_band_is_kept_for_the_nation_where_its_regions_are_small():
    units = some(0, 3, band="eau") + some(10, 3, band="eau", region=1) + some(20, 7, band="paie")
    units += some(30, 2, band="cantine", region=2) + some(40, 3, band="site", region=3)
    assert shapes(partition(units, END_OF_2025, BANDS_FIRST)) == [
        ("53", "01-01", "12-31", "paie", 7),
        ("None", "01-01", "12-31", "", 5),
        ("None", "01-01", "12-31", "eau", 6),
    ]


def refusing(shape, *cells):
    return replace(shape, refused=frozenset(cells))


def test_a_refused_cell_goes_with_the_others_of_its_band():
    units = some(0, 6, band="eau") + some(10, 7, band="eau", region=1) + some(20, 3, band="eau", region=2)
    units += some(30, 8, band="paie")
    refused = Scope(53, date(2025, 1, 1), END_OF_2025, "eau")
    assert shapes(partition(units, END_OF_2025, refusing(BANDS_FIRST, refused))) == [
        ("1", "01-01", "12-31", "eau", 7),
        ("53", "01-01", "12-31", "paie", 8),
        ("None", "01-01", "12-31", "eau", 9),
    ]


def test_a_refused_cell_is_not_alone_under_a_wider_name():
    units = some(0, 6, band="eau") + some(10, 7, band="paie") + some(20, 9, band="site")
    nation = Shape(by_region=False)
    refused = Scope(None, date(2025, 1, 1), END_OF_2025, "eau")
    assert [shape[3:] for shape in shapes(partition(units, END_OF_2025, refusing(nation, refused)))] == [
        ("", 13),
        ("site", 9),
    ]


def test_all_cells_refused_leave_nothing_to_show():
    units = some(0, 6) + some(10, 7, region=1)
    refused = [Scope(region, date(2025, 1, 1), END_OF_2025, "") for region in (53, 1, None)]
    cells = partition(units, END_OF_2025, refusing(YEARLY, *refused[:2]))
    assert shapes(cells) == [("None", "01-01", "12-31", "", 13)]
    assert partition(units, END_OF_2025, refusing(YEARLY, *refused)) == []


def test_a_table_by_year_waits_for_its_year():
    assert partition(some(0, 9), END_OF_MID_2025, YEARLY) == []
    assert partition(some(0, 9, band="eau"), END_OF_MID_2025, BANDS_FIRST) == []


def test_a_coarser_shape_gives_up_the_place_or_the_band():
    units = some(0, 6, band="eau") + some(10, 6, band="paie", region=1)
    no_place = partition(units, END_OF_2025, Shape(bands_first=True, by_region=False))
    assert shapes(no_place) == [("None", "01-01", "12-31", "eau", 6), ("None", "01-01", "12-31", "paie", 6)]
    nothing = partition(units, END_OF_2025, Shape(by_region=False, by_band=False))
    assert shapes(nothing) == [("None", "01-01", "12-31", "", 12)]


@given(tables, st.sampled_from([END_OF_2025, END_OF_MID_2025]))
def test_every_cell_is_protected_and_each_unit_is_in_one_at_most(table, until):
    shape, units = table
    units = [one for one in units if one.month <= until]
    cells = partition(units, until, shape)
    placed = [one for cell in cells for one in cell.units]
    assert all(is_protected(cell.units) for cell in cells)
    assert len(placed) == len({one.fact for one in placed})
    assert {one.fact for one in placed} <= {one.fact for one in units}


@given(tables, st.randoms())
def test_what_is_refused_is_in_no_cell_and_loses_no_unit(table, rng: random.Random):
    shape, units = table
    cells = partition(units, END_OF_2025, shape)
    refused = frozenset(cell.scope for cell in cells if rng.random() < 0.3)
    after = partition(units, END_OF_2025, replace(shape, refused=refused))
    assert not refused & {cell.scope for cell in after}
    assert all(is_protected(cell.units) for cell in after)
    placed = [one.fact for cell in after for one in cell.units]
    assert len(placed) == len(set(placed))
    whole = {Scope(None, date(year, 1, 1), date(year, 12, 31), "") for year in (2024, 2025)}
    if not refused & whole:
        assert set(placed) == {one.fact for cell in cells for one in cell.units}


@given(tables)
def test_a_closed_year_is_shown_whole_or_not_at_all(table):
    shape, units = table
    cells = partition(units, END_OF_2025, shape)
    for year in (2024, 2025):
        mine = [one for one in units if one.month.year == year]
        placed = [one for cell in cells for one in cell.units if one.month.year == year]
        assert len(placed) in (0, len(mine))
        assert placed or not is_protected(mine)


@given(tables)
def test_a_cell_covers_its_units_and_no_two_have_one_scope(table):
    shape, units = table
    cells = partition(units, END_OF_2025, shape)
    for cell in cells:
        scope = cell.scope
        for one in cell.units:
            assert scope.region in (None, one.region)
            assert scope.starts_on <= one.month <= scope.ends_on
            assert one.band.startswith(scope.band)
    assert len({cell.scope for cell in cells}) == len(cells)


@given(tables, st.randoms())
def test_the_order_of_the_cases_changes_nothing(table, rng: random.Random):
    shape, units = table
    shuffled = units[:]
    rng.shuffle(shuffled)
    assert shapes(partition(units, END_OF_2025, shape)) == shapes(partition(shuffled, END_OF_2025, shape))
