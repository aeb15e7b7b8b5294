"""The audit of a release, which refuses printed figures that prove a fact about fewer than five bodies."""

import pytest

from stats.disclosure.audit import find_failing_tables


def make_table(code, counts, by, cells):
    return {"code": code, "counts": counts, "by": by, "is_open": bool(cells), "cells": cells}


def make_release(*tables, period="2025"):
    return {"period": period, "tables": list(tables)}


def make_total_table(counts, value):
    return make_table(counts, counts, [], [[[], value]])


def make_region_table(**values):
    cells = [[[code[1:]], value] for code, value in values.items()]
    return make_table("incidents_by_region", "incidents", ["region"], cells)


def make_month_table(**values):
    cells = [[[code[1:]], value] for code, value in values.items()]
    return make_table("incidents_by_month", "incidents", ["month"], cells)


def make_type_table(**values):
    return make_table("incidents_by_type", "incidents", ["type"], [[[code], value] for code, value in values.items()])


def test_a_dash_that_may_be_zero_or_four_passes():
    """100 is 96 to 104 in truth; 60 and 40 are 92 to 108 together: the dash may be zero, and four."""
    release = make_release(make_total_table("incidents", 100), make_region_table(r53=60, r94=40, r11=None))
    assert find_failing_tables(release) == set()


@pytest.mark.parametrize("value", [110, 120])
def test_a_dash_that_cannot_be_zero_fails(value):
    """110 is 106 at least, and the others 108 at most. 120 is 116 at least: few bodies may have many incidents."""
    release = make_release(make_total_table("incidents", value), make_region_table(r53=60, r94=40, r11=None))
    assert find_failing_tables(release) == ({"incidents_by_region"} if value == 120 else set())


def test_a_dash_that_cannot_be_four_fails():
    """The total is 89 at most, and what is shown 88 at least."""
    release = make_release(make_total_table("incidents", 85), make_region_table(r53=50, r94=45, r11=None))
    assert find_failing_tables(release) == {"incidents_by_region"}


def test_two_dashes_that_cannot_both_be_zero_fail():
    release = make_release(make_total_table("incidents", 115), make_region_table(r53=60, r94=40, r11=None, r01=None))
    assert find_failing_tables(release) == {"incidents_by_region"}


def test_tables_of_the_same_incidents_are_audited_together():
    """Alone each passes. Types say that the total is 101 at least, regions that it then is more than theirs."""
    types = make_type_table(rancon=50, panne=65)
    regions = make_region_table(r53=45, r94=50, r11=None)
    assert find_failing_tables(make_release(make_total_table("incidents", 110), types)) == set()
    assert find_failing_tables(make_release(make_total_table("incidents", 105), regions)) == set()
    assert find_failing_tables(make_release(make_total_table("incidents", 110), types, regions)) == {
        "incidents_by_region"
    }


@pytest.mark.parametrize(("leaks", "fails"), [(95, False), (90, True), (75, False), (100, False)])
def test_a_number_of_incidents_without_a_leak_proved_to_be_few_fails(leaks, fails):
    """Of 90, between two and ten incidents surely had no leak; of 95 perhaps none; of 75 many."""
    release = make_release(make_total_table("incidents", 100), make_total_table("leaks", leaks))
    assert bool(find_failing_tables(release)) is fails


def test_leaks_proved_to_be_few_outside_a_category_fail():
    categories = make_table("leaks_by_category", "leak_categories", ["category"], [[["nir"], 40], [["sante"], None]])
    assert find_failing_tables(make_release(make_total_table("leaks", 50), categories)) == {"leaks_by_category"}
    assert find_failing_tables(make_release(make_total_table("leaks", 45), categories)) == set()


def test_an_unprinted_category_leaves_the_sum_of_the_others_unproved():
    crossing = make_table(
        *("incidents_by_region_and_type", "incidents", ["region", "type"]),
        [[["53", "rancon"], 100], [["53", "panne"], None]],
    )
    release = make_release(
        make_total_table("incidents", 300),
        make_region_table(r53=150, r94=150),
        make_type_table(rancon=150, panne=100, fuite=50),
        crossing,
    )
    assert find_failing_tables(release) == set()


# Quarters and their year


QUARTERS = [make_release(make_total_table("incidents", 100), period=f"2025-T{number}") for number in (1, 2, 3, 4)]


def test_the_year_is_audited_with_its_quarters():
    """A dash that is printed already must not be proved by the year: of 220, the first quarter has 84 at least."""
    months = make_month_table(m01=40, m02=30, m03=None)
    first = make_release(make_total_table("incidents", 80), months, period="2025-T1")
    assert find_failing_tables(first) == set()
    other_quarters = [
        make_release(make_total_table("incidents", 40), period=f"2025-T{number}") for number in (2, 3, 4)
    ]
    assert find_failing_tables(make_release(make_total_table("incidents", 200)), [first, *other_quarters]) == set()
    assert find_failing_tables(make_release(make_total_table("incidents", 220)), [first, *other_quarters]) == {
        "incidents"
    }


def test_figures_that_contradict_each_other_prove_nothing():
    """Many cases came late: a reader who thought that none did is wrong, and is asked nothing more."""
    assert find_failing_tables(make_release(make_total_table("incidents", 600)), QUARTERS) == set()


def test_a_number_that_changed_does_not_exempt_the_others_from_the_audit():
    """Many leaks were judged unfounded late, but no incident changed: the fourth quarter has four at least."""
    quarters = [
        make_release(make_total_table("incidents", value), make_total_table("leaks", value), period=f"2025-T{number}")
        for number, value in enumerate((40, 45, 50), 1)
    ]
    last = make_release(make_month_table(m10=None), period="2025-T4")
    year = make_release(make_total_table("incidents", 155), make_total_table("leaks", 5))
    assert find_failing_tables(year) == set()
    assert find_failing_tables(year, [*quarters, last]) == {"incidents"}


def test_figures_that_contradict_each_other_in_one_release_fail():
    release = make_release(make_total_table("incidents", 100), make_region_table(r53=40, r94=30))
    assert find_failing_tables(release) == {"incidents", "incidents_by_region"}


def test_a_service_that_began_in_the_year_has_no_quarters_before():
    """Two quarters make the year: each of the dashes in their months is known the better."""
    third = make_release(
        make_total_table("incidents", 40), make_month_table(m07=35, m08=None, m09=None), period="2025-T3"
    )
    fourth = make_release(
        make_total_table("incidents", 40), make_month_table(m10=40, m11=None, m12=None), period="2025-T4"
    )
    assert find_failing_tables(make_release(make_total_table("incidents", 85)), [third, fourth]) == set()
    assert find_failing_tables(make_release(make_total_table("incidents", 90)), [third, fourth]) == {"incidents"}


def test_the_months_since_the_service_began_make_the_whole_year():
    """60 is 56 at least, and the two numbers 48 at most: the others hold eight. The first half year holds nothing."""
    quarters = [make_release(period=f"2025-T{number}") for number in (3, 4)]
    months = make_month_table(m07=20, m08=None, m09=None, m10=20, m11=None, m12=None)
    whole = make_month_table(**{f"m{number:02}": None for number in range(1, 7)}, m07=20, m10=20)
    assert find_failing_tables(make_release(make_total_table("incidents", 60), months), quarters) == {
        "incidents_by_month"
    }
    assert find_failing_tables(make_release(make_total_table("incidents", 45), months), quarters) == set()
    assert find_failing_tables(make_release(make_total_table("incidents", 60), whole)) == set()


def test_an_unprinted_total_of_a_quarter_counts_as_below_its_threshold():
    """It is 39 at most, January is 36 at least: the dashes may not hold four."""
    first = make_release(make_table("incidents", "incidents", [], []), period="2025-T1")
    other_quarters = [
        make_release(make_total_table("incidents", 40), period=f"2025-T{number}") for number in (2, 3, 4)
    ]
    year = make_release(make_total_table("incidents", 160), make_month_table(m01=40, m02=None, m03=None))
    assert find_failing_tables(year, [first, *other_quarters]) == {"incidents_by_month"}
    less = make_release(make_total_table("incidents", 155), make_month_table(m01=35, m02=None, m03=None))
    assert find_failing_tables(less, [first, *other_quarters]) == set()


@pytest.mark.parametrize(("stratum", "fails"), [(50, True), (55, False)])
def test_each_region_with_a_number_counts_five_bodies_at_least(stratum, fails):
    """Eleven regions have 55 bodies at least; 50 of a stratum are 54 at most, so that one is elsewhere."""
    regions = make_region_table(**{f"r{number}": 5 for number in range(11, 22)})
    bodies = make_table(
        "bodies_by_stratum", "bodies", ["stratum"], [[["commune/0-499"], stratum], [["grouping"], None]]
    )
    failing = find_failing_tables(make_release(make_total_table("incidents", 60), regions, bodies))
    assert failing == ({"bodies_by_stratum"} if fails else set())


@pytest.mark.parametrize(("incidents", "fails"), [(55, False), (65, True), (75, False)])
def test_a_table_that_proves_few_incidents_beyond_the_first_of_each_body_fails(incidents, fails):
    """50 bodies are 54 at most: of 65 incidents, 61 at least, seven are of other bodies or a second time. What is more
    than eight is a large rest.
    """
    bodies = make_table("bodies_by_stratum", "bodies", ["stratum"], [[["commune/0-499"], 50]])
    failing = find_failing_tables(make_release(make_total_table("incidents", incidents), bodies))
    assert failing == ({"bodies_by_stratum"} if fails else set())


def test_the_months_and_the_regions_of_a_quarter_are_audited_together():
    crossing = make_table(
        *("incidents_by_region_and_quarter", "incidents", ["region", "quarter"]),
        [[["53", "T1"], 5], [["53", "T2"], 45], [["53", "T3"], 25], [["53", "T4"], 25]],
    )
    months = make_month_table(m01=None, m02=None, m03=None, **{f"m{number:02}": 20 for number in range(4, 13)})
    tables = (make_total_table("incidents", 180), make_region_table(r53=100, r94=80), months)
    assert find_failing_tables(make_release(*tables)) == set()
    assert find_failing_tables(make_release(*tables, crossing)) == {"incidents_by_month"}


def test_a_crossing_that_proves_few_cases_of_a_quarter_outside_its_regions_fails():
    """The second quarter, of which only months are printed, has 33 at least; Bretagne has 29 of them at most."""
    crossing = make_table(
        *("incidents_by_region_and_quarter", "incidents", ["region", "quarter"]),
        [[["53", "T1"], 60], [["53", "T2"], 25], [["53", "T3"], 60], [["53", "T4"], 60]],
    )
    months = make_month_table(m04=15, m05=15, m06=15)
    tables = (make_total_table("incidents", 335), make_region_table(r53=210, r11=80, r28=45), months)
    assert find_failing_tables(make_release(*tables)) == set()
    assert find_failing_tables(make_release(*tables, crossing)) == {"incidents_by_region_and_quarter/53"}


@pytest.mark.parametrize("dash", [True, False])
def test_a_crossing_that_proves_few_cases_outside_its_own_cells_fails(dash):
    """Of 105, 101 at least, ransomware made 99 at most: dashes and rare types together hold two or more."""
    cells = [[["53", "rancon"], 95], *([[["53", "panne"], None]] if dash else [])]
    crossing = make_table("incidents_by_region_and_type", "incidents", ["region", "type"], cells)
    tables = (
        make_total_table("incidents", 300),
        make_region_table(r53=105, r94=195),
        make_type_table(rancon=200, panne=60, fuite=40),
    )
    assert find_failing_tables(make_release(*tables, crossing)) == {"incidents_by_region_and_type/53"}


def test_a_crossing_that_proves_few_cases_of_a_category_outside_its_regions_fails():
    crossing = make_table("incidents_by_region_and_type", "incidents", ["region", "type"], [[["11", "rancon"], 95]])
    tables = (
        make_total_table("incidents", 300),
        make_region_table(r11=200, r94=100),
        make_type_table(rancon=105, panne=100, fuite=95),
    )
    assert find_failing_tables(make_release(*tables, crossing)) == {"incidents_by_region_and_type/11"}


# Delays


def make_delay_table(by, *values):
    codes = ("0-1h", "1-4h", "4-24h", "1-3d", "3-7d", "7-30d", "30d+", "unknown")
    cells = [[[code], value] for code, value in zip(codes, values, strict=True)]
    return make_table(f"incidents_by_{by}", "incidents", [by], cells)


def test_a_closed_case_counts_as_taken_charge_of_before():
    """Five at least were closed within the hour: they were taken charge of within it, or nobody knows when."""
    helps = make_delay_table("help", None, 50, None, None, None, None, None, None)
    closings = make_delay_table("closing", 5, 45, None, None, None, None, None, None)
    later = make_delay_table("closing", None, 50, None, None, None, None, None, None)
    assert find_failing_tables(make_release(make_total_table("incidents", 50), helps)) == set()
    assert find_failing_tables(make_release(make_total_table("incidents", 50), helps, later)) == set()
    assert find_failing_tables(make_release(make_total_table("incidents", 50), helps, closings)) == {
        "incidents_by_help"
    }


# What has no figure


@pytest.mark.parametrize(("leaks", "fails"), [(25, False), (30, True), (40, False)])
def test_a_total_that_proves_few_leaks_in_the_quarters_without_a_figure_fails(leaks, fails):
    """One quarter tells 20 leaks, 24 at most; the year 30, 26 at least: the others hold between two and ten."""
    first = make_release(make_total_table("incidents", 80), make_total_table("leaks", 20), period="2025-T1")
    year = make_release(make_total_table("incidents", 200), make_total_table("leaks", leaks))
    other_quarters = [make_release(period=f"2025-T{number}") for number in (2, 3, 4)]
    assert find_failing_tables(year, [first, *other_quarters]) == ({"leaks"} if fails else set())


def test_the_leaks_of_a_quarter_close_no_table_of_incidents():
    """Their crossing with quarters says nothing of leaks."""
    first = make_release(make_total_table("incidents", 80), make_total_table("leaks", 20), period="2025-T1")
    other_quarters = [make_release(period=f"2025-T{number}") for number in (2, 3, 4)]
    crossing = make_table("incidents_by_region_and_quarter", "incidents", ["region", "quarter"], [[["53", "T2"], 40]])
    year = make_release(
        make_total_table("incidents", 200), make_total_table("leaks", 30), make_region_table(r53=120, r94=80), crossing
    )
    assert find_failing_tables(year, [first, *other_quarters]) == {"leaks"}


def test_a_crossing_that_proves_few_cases_of_the_types_it_leaves_out_fails():
    def cross(*values):
        cells = [[["53", code], value] for code, value in zip(("rancon", "panne"), values, strict=True)]
        return make_table("incidents_by_region_and_type", "incidents", ["region", "type"], cells)

    tables = (
        make_total_table("incidents", 300),
        make_region_table(r53=150, r94=150),
        make_type_table(rancon=150, panne=100, fuite=50),
    )
    assert find_failing_tables(make_release(*tables, cross(80, 60))) == set()
    assert find_failing_tables(make_release(*tables, cross(75, 60))) == {"incidents_by_region_and_type/53"}
