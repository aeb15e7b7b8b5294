"""One case is placed in the same cells by Python, for its declarant, as by PostgreSQL, for a release."""

import random
from collections import Counter, defaultdict
from datetime import timedelta

import pytest

from collectivities.models import Collectivity, Region
from incidents.enums import Cause, DataCategory, IncidentType, LeakStatus, PersonsBand, PublicService
from stats.case_visibility import list_case_cells
from stats.counting.rollups import fold_pending_events
from stats.counting.strata import count_existing_bodies
from stats.disclosure.draw import CellCount
from stats.disclosure.tables import TABLES_OF_A_YEAR, Period, list_tables
from stats.models import CountedCase, Release
from stats.releases.tally import count_bodies_outside_cell, count_cells, freeze_cases, save_cases
from tests.stats.cases import Case, bodies, change_cases, paris_time, store


def make_random_case(dice, town_halls):
    """Return a case of 2025, or a late one of the year before."""
    few = dice.choice((0, 0, 1, 2, 3))
    return Case(
        body=dice.choice(town_halls),
        at=paris_time(dice.choice((2024, 2025, 2025, 2025)), dice.randint(1, 12), dice.randint(1, 28)),
        verified=dice.random() < 0.9,
        closing_reason=dice.choice(("", "", "", "resolved", "duplicate")),
        nature=dice.choice(("incident", "unqualified", "unqualified", "report")),
        type=dice.choice(IncidentType.values),
        cause=dice.choice(("", *Cause.values)),
        hours=tuple(dice.choice((None, 2, 30, 90, 400)) for _ in range(dice.choice((0, 0, 1, 2)))),
        services=tuple(dice.sample(PublicService.values[12:], dice.choice((0, 0, 1)))),
        leaks=((dice.choice(LeakStatus.values), dice.choice(PersonsBand.values)),) if few else (),
        categories=tuple(dice.sample(DataCategory.values, few)),
    )


def store_random_cases(seed):
    dice = random.Random(seed)
    town_halls = bodies("53", 12) + bodies("11", 12) + bodies("01", 4)
    Collectivity.objects.filter(pk=town_halls[0].pk).update(merged_into=town_halls[1], vanished_on="2025-06-30")
    incidents = store(make_random_case(dice, town_halls) for _ in range(150))
    for incident in incidents[::3]:
        since = incident.received_at - timedelta(hours=dice.choice((1, 30, 200)))
        change_cases([incident], detected_at=since, detected_certainty="exact")
    fold_pending_events()


def count_with_python(cases, period):
    """Return table → cell → units; each body counts once."""
    counts = {}
    for table in list_tables(period):
        units, bodies_by_cell = Counter(), defaultdict(set)
        for case in cases:
            for cell in list_case_cells(case, table):
                units[cell] += 1
                bodies_by_cell[cell].add(case.body_id)
        counts[table.code] = (
            {cell: len(bodies_by_cell[cell]) for cell in bodies_by_cell} if table.counts == "bodies" else dict(units)
        )
    return counts


def count_with_sql(period):
    """Return the same, and the cases as the release saves them."""
    freeze_cases(period)
    counts = count_cells(period, count_existing_bodies(period.year))
    release = Release.objects.create(number=1, year=period.year, quarter=period.quarter)
    save_cases(release)
    units = {
        code: {cell: count.units for cell, count in cells.items() if count.units} for code, cells in counts.items()
    }
    return units, list(CountedCase.objects.filter(release=release))


def test_sql_and_python_count_interruptions_leaks_and_signalements_alike(db):
    town_halls = bodies("53", 2)
    store(
        [
            Case(body=town_halls[0], at=paris_time(2025, 2, 1), hours=(2, 2), leaks=(("confirmed", "6-50"),)),
            Case(body=town_halls[1], at=paris_time(2025, 2, 1), nature="report", hours=(2,)),
        ]
    )
    fold_pending_events()
    counts, cases = count_with_sql(Period(2025))
    assert count_with_python(cases, Period(2025)) == counts
    assert counts["interruptions_by_hours"] == {("0-4h",): 2}
    assert counts["incidents_by_region_and_quarter"] == {("53", "T1"): 1}
    assert (counts["incidents"], counts["reports"], counts["leaks"]) == ({(): 1}, {(): 1}, {(): 1})


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_sql_and_python_count_the_random_cases_of_a_year_alike(db, seed):
    store_random_cases(seed)
    counts, cases = count_with_sql(Period(2025))
    assert count_with_python(cases, Period(2025)) == counts
    assert [code for code, cells in counts.items() if not cells] == []
    assert set(counts) == {table.code for table in TABLES_OF_A_YEAR}


def test_sql_and_python_count_the_random_cases_of_a_quarter_alike(db):
    store_random_cases(4)
    counts, cases = count_with_sql(Period(2025, 2))
    assert count_with_python(cases, Period(2025, 2)) == counts
    assert sorted(counts) == ["incidents", "incidents_by_month", "interruptions", "leaks", "reports"]


def test_only_bodies_of_regions_with_a_number_count_as_bodies_that_declared_nothing(db):
    """Corse has a dash: everybody knows that its bodies may all have declared nothing."""
    counts = {
        "incidents_by_region": {("53",): CellCount(9, 6, 2), ("11",): CellCount(5, 5, 1), ("94",): CellCount(4, 4, 1)},
        "bodies_by_stratum": {("large",): CellCount(7, 7, 1)},
    }
    existing = count_existing_bodies(2025)
    homes = Region.objects.filter(code__in=["53", "11"])
    number = sum(existing[home.pk, "large"] for home in homes)
    assert count_bodies_outside_cell(counts, existing) == {
        ("large",): CellCount(7, 7, 1, bodies_outside_cell=number - 7)
    }
