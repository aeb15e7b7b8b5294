"""The layout of the sections in two columns, which leaves no hole and nearly keeps the order of reading."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from stats.pages.columns import BLOCK_GAP, lay_out_blocks, measure_height_difference
from stats.pages.sections import make_sections
from tests.stats.pages import a_page, fill

NOTHING = dict.fromkeys(("months", "quarters", "map", "strata", "missing", "method"))


def lay_out(*parts, sections=()):
    """Return the names of the parts in each column, then below."""
    layout = lay_out_blocks(NOTHING | dict.fromkeys(parts, "there"), sections)
    return [[get_name(block) for block in column] for column in (*layout.columns, layout.below)]


def get_name(block):
    return block.template.removeprefix("stats/").removesuffix(".html")


def a_section(bars):
    [section] = make_sections(a_page({"incidents_by_cause": fill("incidents_by_cause", *[5] * bars)}))
    return section


def test_blocks_are_laid_out_in_two_columns():
    sections = [a_section(11), a_section(6)]
    assert lay_out("months", "quarters", "map", "strata", "missing", "method", sections=sections) == [
        ["months", "map", "section"],
        ["quarters", "section", "strata", "missing", "method"],
        [],
    ]


@pytest.mark.parametrize(
    ("parts", "columns"),
    [
        (("map", "missing", "method"), [["map"], ["missing", "method"], []]),
        (("months", "quarters", "missing", "method"), [["months", "quarters"], ["missing", "method"], []]),
        (("missing", "method"), [["missing"], ["method"]]),
    ],
)
def test_the_method_fills_the_column_that_would_end_first(parts, columns):
    assert lay_out(*parts) == columns


def test_a_block_changes_column_where_the_plain_order_would_leave_a_gap():
    """The map of a région stands beside its two breakdowns."""
    sections = [a_section(11), a_section(12)]
    assert lay_out("months", "map", "missing", "method", sections=sections) == [
        ["months", "section", "section"],
        ["map", "missing", "method"],
        [],
    ]


@given(st.sets(st.sampled_from(sorted(NOTHING))), st.lists(st.integers(1, 12), max_size=10))
def test_each_block_is_placed_once_and_the_gap_is_no_taller_than_a_block(parts, bars):
    layout = lay_out_blocks(NOTHING | dict.fromkeys({*parts, "method"}, "there"), [a_section(bar) for bar in bars])
    blocks = [block for column in (*layout.columns, layout.below) for block in column]
    assert len(blocks) == len(parts | {"method"}) + len(bars)
    assert get_name(blocks[-1]) == "method"
    first, second = (*layout.columns, [])[:2]
    assert measure_height_difference((first, second)) <= max(block.height for block in blocks) + BLOCK_GAP
