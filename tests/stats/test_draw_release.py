"""Threshold, dominance, random rounding, and which tables open: the rule on counts made by hand."""

from collections import Counter
from statistics import mean

import pytest
from hypothesis import given
from hypothesis import strategies as st

from stats.disclosure import draw
from stats.disclosure.draw import CellCount, UnsafeRelease, draw_release, is_sensitive, round_randomly
from stats.disclosure.tables import CATEGORIES, TABLES_OF_A_YEAR, Period

KEY = b"a secret"
YEAR = Period(2025)


def make_count(units):
    """Return the count of a cell in which each unit is of another body."""
    return CellCount(units, units, 1)


def draw_tables(counts, period=YEAR, earlier=(), key=KEY):
    """Table → its printed cells."""
    drawn = draw_release(counts, period=period, earlier=earlier, key=key)
    return {table["code"]: {tuple(cell): value for cell, value in table["cells"]} for table in drawn.tables}


BY = ("region", "type", "cause", "discovery", "help", "closing", "month")


def make_year_counts(incidents, **tables):
    """Counts of incidents that agree with each other; those of a classification that is not given are all alike."""
    by = {name: tables.get(name, {CATEGORIES[name][0]: incidents}) for name in BY}
    counts = {f"incidents_by_{name}": {(code,): make_count(units) for code, units in by[name].items()} for name in BY}
    for name in ("quarter", "type", "cause"):
        alike = CATEGORIES[name][0]
        counts[f"incidents_by_region_and_{name}"] = {
            (region, alike): make_count(units) for region, units in by["region"].items()
        }
    bodies = {(CATEGORIES["stratum"][0],): make_count(incidents)}
    return {"incidents": {(): make_count(incidents)}, "bodies_by_stratum": bodies, **counts}


def test_numbers_are_rounded_and_a_number_of_few_bodies_becomes_a_dash():
    printed = draw_tables(make_year_counts(97, region={"53": 57, "94": 38, "11": 2}))
    assert printed["incidents"][()] in (95, 100)
    assert printed["incidents_by_region"]["53",] in (55, 60)
    assert printed["incidents_by_region"]["94",] in (35, 40)
    assert printed["incidents_by_region"]["11",] is printed["incidents_by_region"]["01",] is None
    assert len(printed["incidents_by_region"]) == len(CATEGORIES["region"])


# Sensitive cells


@pytest.mark.parametrize(
    ("count", "is_one"),
    [
        (CellCount(0, 0, 0), True),
        (CellCount(40, 4, 10), True),
        (CellCount(5, 5, 1), False),
        (CellCount(100, 20, 85), False),
        (CellCount(100, 15, 86), True),
        (CellCount(50, 50, 1, bodies_outside_cell=4), True),
        (CellCount(50, 50, 1, bodies_outside_cell=5), False),
        (CellCount(9, 5, 5), True),  # printed as 5, it would tell the largest that the others have four
        (CellCount(9, 5, 4), False),
        (CellCount(10, 6, 5), False),
        (CellCount(14, 5, 10), True),
        (CellCount(14, 5, 9), False),
    ],
)
def test_a_cell_is_sensitive_if_few_bodies_make_it_or_one_body_makes_most_of_it(count, is_one):
    assert is_sensitive(count) is is_one


# Rounding


@given(st.integers(5, 10**6), st.floats(0, 1, exclude_max=True))
def test_a_number_is_rounded_to_a_multiple_of_five_around_it(units, number):
    rounded = round_randomly(units, number)
    assert rounded % 5 == 0
    assert abs(rounded - units) <= 4
    assert rounded >= 5
    assert units % 5 or rounded == units


@pytest.mark.parametrize("units", range(5, 15))
def test_rounding_has_no_bias(units):
    """Over evenly spread draws the mean is the number itself."""
    assert mean(round_randomly(units, step / 1000) for step in range(1000)) == pytest.approx(units)


def test_each_cell_has_a_draw_of_its_own():
    """The same units in nested cells are rounded each for itself: else their difference would be proved."""
    counts = make_year_counts(52, region={"53": 52}, type={"rancon": 52}, cause={"flaw": 52})
    values = Counter()
    for secret in range(60):
        printed = draw_tables(counts, key=b"%d" % secret)
        values[printed["incidents"][()], printed["incidents_by_region"]["53",]] += 1
    assert set(values) == {(50, 50), (55, 50), (55, 55)}  # (50, 55) leaves no room for a dash of four


def test_the_same_secret_gives_the_same_figures_and_another_gives_others():
    counts = make_year_counts(331, region=dict.fromkeys(CATEGORIES["region"][:13], 23))
    assert draw_tables(counts) == draw_tables(counts)
    assert draw_tables(counts) != draw_tables(counts, key=b"another")
    assert draw_tables(counts)["incidents"] == {(): 330} or draw_tables(counts)["incidents"] == {(): 335}


# Which tables open


@pytest.mark.parametrize(("incidents", "is_open"), [(40, True), (35, False)])
def test_a_table_opens_when_its_total_as_printed_reaches_forty(incidents, is_open):
    printed = draw_tables(make_year_counts(incidents, region={"53": incidents}))
    assert bool(printed["incidents_by_region"]) is is_open


def test_the_long_list_of_services_replaces_the_short_one():
    def interruptions(units):
        return make_year_counts(units) | {
            "interruptions": {(): make_count(units)},
            "interruptions_by_service": {("site",): make_count(units)},
            "interruptions_by_family": {("online",): make_count(units)},
        }

    few, many = draw_tables(interruptions(60)), draw_tables(interruptions(100))
    assert (few["interruptions_by_service"], few["interruptions_by_family"]["online",]) == ({}, 60)
    assert (many["interruptions_by_service"]["site",], many["interruptions_by_family"]) == (100, {})


def test_a_crossing_opens_for_a_large_region_and_categories_that_are_not_rare():
    counts = make_year_counts(
        400, region={"53": 200, "94": 90, "11": 110}, type={"rancon": 325, "panne": 40, "fuite": 35}
    )
    counts["incidents_by_region_and_type"] |= {("53", "rancon"): make_count(160), ("53", "panne"): make_count(40)}
    printed = draw_tables(counts)
    assert set(printed["incidents_by_region_and_quarter"]) == {
        (region, quarter) for region in ("53", "11") for quarter in CATEGORIES["quarter"]
    }
    assert set(printed["incidents_by_region_and_type"]) == {
        (region, category) for region in ("53", "11") for category in ("rancon", "panne")
    }


def test_a_quarter_prints_four_totals_and_its_months():
    counts = {
        "incidents": {(): make_count(50)},
        "incidents_by_month": {("04",): make_count(30), ("05",): make_count(20)},
    }
    printed = draw_tables(counts, Period(2025, 2))
    assert set(printed) == {"incidents", "reports", "interruptions", "leaks", "incidents_by_month"}
    assert printed["incidents_by_month"] == {("04",): 30, ("05",): 20, ("06",): None}
    assert printed["incidents"] == {(): 50}


def test_a_quarter_with_small_totals_prints_nothing():
    """Beside the total of the year, dashes of its quarters would tell of few."""
    counts = {code: {(): make_count(35)} for code in ("incidents", "reports", "interruptions", "leaks")}
    assert not any(draw_tables(counts, Period(2025, 2)).values())


def test_months_before_the_service_began_are_not_printed():
    """The fourth quarter alone was published, with its months; the year has no cell for the nine others."""
    counts = make_year_counts(35, month={"10": 12, "11": 11, "12": 12})
    drawn = draw_release(counts, period=Period(2025, 4), earlier=[], key=KEY)
    fourth = {"period": "2025-T4", "tables": drawn.tables}
    assert not any(table["cells"] for table in fourth["tables"])
    year = draw_release(
        make_year_counts(42, month={"10": 14, "11": 13, "12": 15}), period=YEAR, earlier=[fourth], key=KEY
    )
    months = next(table for table in year.tables if table["code"] == "incidents_by_month")
    assert [cell for [cell], _value in months["cells"]] == ["10", "11", "12"]


def test_a_year_without_cases_prints_only_dashes():
    printed = draw_tables({})
    assert {code: cells for code, cells in printed.items() if cells} == {
        code: {(): None} for code in ("incidents", "reports", "interruptions", "leaks", "unfounded", "late")
    }


# Drawing again, and closing


def test_a_draw_that_fails_the_audit_is_drawn_again(monkeypatch):
    attempts = []

    def fail_twice(printed, _earlier):
        attempts.append(printed)
        return {"incidents_by_region"} if len(attempts) < 3 else set()

    monkeypatch.setattr(draw, "find_failing_tables", fail_twice)
    drawn = draw_release(make_year_counts(97, region={"53": 97}), period=YEAR, earlier=(), key=KEY)
    assert (drawn.draws, drawn.closed) == (3, ())


def test_the_table_that_fails_most_often_is_closed_first_and_totals_last(monkeypatch):
    monkeypatch.setattr(draw, "MAX_DRAWS", 4)

    def fail(printed, _earlier):
        is_open = {table["code"] for table in printed["tables"] if table["is_open"]}
        return ({"incidents_by_type", "incidents"} if "incidents_by_type" in is_open else set()) | (
            {"leaks"} if "leaks" in is_open else set()
        )

    monkeypatch.setattr(draw, "find_failing_tables", fail)
    counts = make_year_counts(97, type={"rancon": 97}) | {"leaks": {(): make_count(40)}}
    drawn = draw_release(counts, period=YEAR, earlier=(), key=KEY)
    assert (drawn.draws, drawn.closed) == (9, ("incidents_by_type", "leaks"))
    assert {table["code"] for table in drawn.tables if table["is_open"]} >= {"incidents", "incidents_by_region"}


def test_failing_lines_of_crossings_are_closed_however_many_there_are(monkeypatch):
    """Of 18 régions each line of two crossings: more than there are tables."""
    monkeypatch.setattr(draw, "MAX_DRAWS", 1)

    def fail(printed, _earlier):
        crossings = [table for table in printed["tables"] if len(table["by"]) == 2]
        return {f"{table['code']}/{cell[0]}" for table in crossings for cell, _value in table["cells"]}

    monkeypatch.setattr(draw, "find_failing_tables", fail)
    counts = make_year_counts(18 * 100, region=dict.fromkeys(CATEGORIES["region"][:18], 100))
    drawn = draw_release(counts, period=YEAR, earlier=(), key=KEY)
    assert len(drawn.closed) > len(TABLES_OF_A_YEAR)
    assert not [table for table in drawn.tables if len(table["by"]) == 2 and table["is_open"]]


def test_a_release_that_fails_whatever_is_closed_is_refused(monkeypatch):
    monkeypatch.setattr(draw, "MAX_DRAWS", 1)
    monkeypatch.setattr(draw, "find_failing_tables", lambda _printed, _earlier: {"incidents"})
    with pytest.raises(UnsafeRelease, match="2025"):
        draw_release(make_year_counts(97), period=YEAR, earlier=(), key=KEY)


def test_the_list_of_tables_is_fixed_and_totals_come_first():
    codes = [table.code for table in TABLES_OF_A_YEAR]
    assert len(codes) == len(set(codes)) == 23
    for table in TABLES_OF_A_YEAR:
        assert not table.opened_by or codes.index(table.opened_by) < codes.index(table.code)
