"""What the audit refuses: printed figures that prove something of few bodies."""

import pytest

from stats.disclosure.audit import failing_tables


def table(code, counts, by, cells):
    return {"code": code, "counts": counts, "by": by, "is_open": bool(cells), "cells": cells}


def printed(*tables, period="2025"):
    return {"period": period, "tables": list(tables)}


def total(counts, value):
    return table(counts, counts, [], [[[], value]])


def by_region(**values):
    cells = [[[code[1:]], value] for code, value in values.items()]
    return table("incidents_by_region", "incidents", ["region"], cells)


def by_month(**values):
    cells = [[[code[1:]], value] for code, value in values.items()]
    return table("incidents_by_month", "incidents", ["month"], cells)


def by_type(**values):
    return table("incidents_by_type", "incidents", ["type"], [[[code], value] for code, value in values.items()])


def test_it_works():
    """100 is 96 to 104 in truth; 60 and 40 are 92 to 108 together: the dash may be zero, and four."""
    release = printed(total("incidents", 100), by_region(r53=60, r94=40, r11=None))
    assert failing_tables(release) == set()


@pytest.mark.parametrize("value", [110, 120])
def test_a_dash_that_cannot_be_zero_fails(value):
    """110 is 106 at least, and the others 108 at most. 120 is 116 at least: few bodies may have many incidents."""
    release = printed(total("incidents", value), by_region(r53=60, r94=40, r11=None))
    assert failing_tables(release) == ({"incidents_by_region"} if value == 120 else set())


def test_a_dash_that_cannot_be_four_fails():
    """The total is 89 at most, and what is shown 88 at least."""
    release = printed(total("incidents", 85), by_region(r53=50, r94=45, r11=None))
    assert failing_tables(release) == {"incidents_by_region"}


def test_two_dashes_that_cannot_both_be_zero_fail():
    release = printed(total("incidents", 115), by_region(r53=60, r94=40, r11=None, r01=None))
    assert failing_tables(release) == {"incidents_by_region"}


def test_tables_of_the_same_incidents_are_weighed_together():
    """Alone each passes. Types say that the total is 101 at least, regions that it then is more than theirs."""
    types = by_type(rancon=50, panne=65)
    regions = by_region(r53=45, r94=50, r11=None)
    assert failing_tables(printed(total("incidents", 110), types)) == set()
    assert failing_tables(printed(total("incidents", 105), regions)) == set()
    assert failing_tables(printed(total("incidents", 110), types, regions)) == {"incidents_by_region"}


@pytest.mark.parametrize(("leaks", "fails"), [(95, False), (90, True), (75, False), (100, False)])
def test_incidents_less_leaks_may_be_none_or_many_but_not_few(leaks, fails):
    """Of 90, between two and ten incidents surely had no leak; of 95 perhaps none; of 75 many."""
    release = printed(total("incidents", 100), total("leaks", leaks))
    assert bool(failing_tables(release)) is fails


def test_leaks_less_a_category_proved_to_be_few_fail():
    categories = table("leaks_by_category", "leak_categories", ["category"], [[["nir"], 40], [["sante"], None]])
    assert failing_tables(printed(total("leaks", 50), categories)) == {"leaks_by_category"}
    assert failing_tables(printed(total("leaks", 45), categories)) == set()


def test_a_category_that_is_not_told_leaves_a_sum_open():
    crossing = table(
        *("incidents_by_region_and_type", "incidents", ["region", "type"]),
        [[["53", "rancon"], 100], [["53", "panne"], None]],
    )
    release = printed(
        total("incidents", 300),
        by_region(r53=150, r94=150),
        by_type(rancon=150, panne=100, fuite=50),
        crossing,
    )
    assert failing_tables(release) == set()


# Quarters and their year


QUARTERS = [printed(total("incidents", 100), period=f"2025-T{number}") for number in (1, 2, 3, 4)]


def test_the_year_is_weighed_with_its_quarters():
    """A dash that is printed already must not be proved by the year: of 220, the first quarter has 84 at least."""
    months = by_month(m01=40, m02=30, m03=None)
    first = printed(total("incidents", 80), months, period="2025-T1")
    assert failing_tables(first) == set()
    others = [printed(total("incidents", 40), period=f"2025-T{number}") for number in (2, 3, 4)]
    assert failing_tables(printed(total("incidents", 200)), [first, *others]) == set()
    assert failing_tables(printed(total("incidents", 220)), [first, *others]) == {"incidents"}


def test_figures_that_contradict_each_other_prove_nothing():
    """Many cases came late: who thought that none did is wrong, and is not asked further."""
    assert failing_tables(printed(total("incidents", 600)), QUARTERS) == set()


def test_a_country_without_a_solution_alone_proves_nothing():
    assert failing_tables(printed(total("incidents", 100), by_region(r53=40, r94=30))) == set()


# Delays


def by_delay(by, *values):
    codes = ("0-1h", "1-4h", "4-24h", "1-3d", "3-7d", "7-30d", "30d+", "unknown")
    cells = [[[code], value] for code, value in zip(codes, values, strict=True)]
    return table(f"incidents_by_{by}", "incidents", [by], cells)


def test_a_case_that_was_closed_had_been_taken_charge_of():
    """Five at least were closed within the hour: they were taken charge of within it, or nobody knows when."""
    helps = by_delay("help", None, 50, None, None, None, None, None, None)
    closings = by_delay("closing", 5, 45, None, None, None, None, None, None)
    later = by_delay("closing", None, 50, None, None, None, None, None, None)
    assert failing_tables(printed(total("incidents", 50), helps)) == set()
    assert failing_tables(printed(total("incidents", 50), helps, later)) == set()
    assert failing_tables(printed(total("incidents", 50), helps, closings)) == {"incidents_by_help"}
