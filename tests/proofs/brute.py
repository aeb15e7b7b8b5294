"""Every country that agrees with a small printed release, listed one by one.

A country has a number of cases of each of a few kinds, and each case is of another body. The units of a cell are
counted from the cases, without solving a program. A dash has at most four units, as the attacker believes.
"""

import random
from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from itertools import combinations, product
from typing import Any

import numpy as np

from tests.proofs.attacker import Attack
from tests.proofs.countries import Body, Case
from tests.proofs.knowledge import Edition, Knowledge, Unknown
from tests.proofs.truth import find_truth

DASH_MOST = 4
RULE = {"threshold": 5, "base": 5}
PERIODS = ("2025-T1", "2025-T2", "2025-T3", "2025-T4", "2025")

# Table → (the unit that it counts, its classifications, their categories)
type Tables = dict[str, tuple[str, tuple[str, ...], Sequence[tuple[str, ...]]]]


@dataclass(frozen=True)
class Shape:
    """The form of a small country: its tables by period, and the kinds of cases that it may have."""

    tables: Mapping[str, Tables]
    kinds: Sequence[Case]


TOTAL: Sequence[tuple[str, ...]] = [()]
INCIDENTS: Tables = {"incidents": ("incidents", (), TOTAL)}
CASE = Case(Body("84", "grouping", 0), "2025-01")


def make_classification(counts: str, by: str, codes: Sequence[str], *, unit: str = "") -> Tables:
    return {f"{counts}_by_{by}": (unit or counts, (by,), [(code,) for code in codes])}


def make_crossing(by: str, regions: Sequence[str], codes: Sequence[str]) -> Tables:
    return {f"incidents_by_region_and_{by}": ("incidents", ("region", by), list(product(regions, codes)))}


def make_case_combinations(**values: Sequence[Any]) -> list[Case]:
    """Return a case for each combination of values. `region` and `stratum` are those of its body."""
    cases = []
    for chosen in product(*values.values()):
        fields = dict(zip(values, chosen, strict=True))
        body = Body(fields.pop("region", "84"), fields.pop("stratum", "grouping"), 0)
        cases.append(replace(CASE, body=body, **fields))
    return cases


REGIONS, TYPES, CAUSES, BANDS = ("11", "24", "27"), ("boite", "fuite"), ("flaw", "theft"), ("0-1h", "1-4h", "unknown")
STRATA = ("grouping", "large")
LEAKS = [(), *(((("6-50", "claimed", categories),)) for categories in (("nir",), ("sante",), ("nir", "sante")))]
IN_ORDER = [(first, last) for first, last in product(BANDS, BANDS) if (first, last) != ("1-4h", "0-1h")]
TOTALS_BY_QUARTER = dict.fromkeys(PERIODS, INCIDENTS)

SHAPES: dict[str, Shape] = {
    "regions and types": Shape(
        {
            "2025": INCIDENTS
            | make_classification("incidents", "region", REGIONS)
            | make_classification("incidents", "type", TYPES)
        },
        make_case_combinations(region=REGIONS, type=TYPES),
    ),
    "regions crossed with types and causes": Shape(
        {
            "2025": INCIDENTS
            | make_classification("incidents", "region", REGIONS[:2])
            | make_classification("incidents", "type", TYPES)
            | make_classification("incidents", "cause", CAUSES)
            | make_crossing("type", REGIONS[:2], TYPES)
            | make_crossing("cause", REGIONS[:2], CAUSES)
        },
        make_case_combinations(region=REGIONS[:2], type=TYPES, cause=CAUSES),
    ),
    "leaks and their categories": Shape(
        {
            "2025": INCIDENTS
            | {"leaks": ("leaks", (), TOTAL), "unfounded": ("unfounded", (), TOTAL)}
            | make_classification("leaks", "category", ("nir", "sante"), unit="leak_categories")
        },
        [*make_case_combinations(leaks=LEAKS), replace(CASE, unfounded=1)],
    ),
    "bodies": Shape(
        {"2025": INCIDENTS | make_classification("bodies", "stratum", STRATA)},
        make_case_combinations(stratum=(*STRATA, "")),
    ),
    "delays in their order": Shape(
        {
            "2025": INCIDENTS
            | make_classification("incidents", "help", BANDS)
            | make_classification("incidents", "closing", BANDS)
        },
        [replace(CASE, help=first, closing=last) for first, last in IN_ORDER],
    ),
    "quarters of which some are not told": Shape(
        dict.fromkeys(("2025-T1", "2025"), INCIDENTS | {"leaks": ("leaks", (), TOTAL)}),
        make_case_combinations(month=("2025-01", "2025-04", "2025-07", "2025-10"), leaks=LEAKS[:2]),
    ),
    "crossings of which some are not told": Shape(
        {
            "2025": INCIDENTS
            | make_classification("incidents", "region", REGIONS[:2])
            | make_classification("incidents", "type", (*TYPES, "panne"))
            | make_crossing("type", REGIONS[:1], TYPES)
        },
        make_case_combinations(region=REGIONS[:2], type=(*TYPES, "panne")),
    ),
    "quarters and their year": Shape(
        TOTALS_BY_QUARTER, make_case_combinations(month=("2025-01", "2025-04", "2025-07", "2025-10"))
    ),
    "months of a quarter": Shape(
        {
            "2025-T1": INCIDENTS | make_classification("incidents", "month", ("01", "02", "03")),
            "2025": INCIDENTS,
        },
        make_case_combinations(month=("2025-01", "2025-02", "2025-03", "2025-04", "2025-07", "2025-10")),
    ),
}


# Printing


def print_at_random(shape: Shape, rng: random.Random) -> list[Edition]:
    """Print a small country, sometimes with figures that no rounding gives."""
    most = rng.choice((6, 8, 10))
    cases = [
        replace(case, body=case.body._replace(number=number))
        for number, case in enumerate(
            rng.choices(shape.kinds, weights=[rng.random() ** 3 for _ in shape.kinds], k=most)
        )
    ]
    knowledge_of = Knowledge([print_edition(period, tables, {}) for period, tables in shape.tables.items()])
    knowledge_of.books[0].editions[-1] = replace(knowledge_of.books[0].editions[-1], cases=cases)
    units = {unknown: bodies.total() for unknown, bodies in find_truth(knowledge_of).items()}
    values = {unknown: draw_printed_value(number, rng) for unknown, number in units.items()}
    return [print_edition(period, tables, values) for period, tables in shape.tables.items()]


def print_values(shape: Shape, values: Mapping[str, Sequence[int | None]]) -> list[Edition]:
    """Print a year with these figures, by classification (« region x type »); the total is under the name of
    its unit.
    """
    [(period, tables)] = shape.tables.items()
    by_unknown = {
        Unknown(period, unit, tuple(zip(by, cell, strict=True))): value
        for unit, by, cells in tables.values()
        for cell, value in zip(cells, values[" x ".join(by) or unit], strict=True)
    }
    return [print_edition(period, tables, by_unknown)]


def draw_printed_value(units: int, rng: random.Random) -> int | None:
    """Return the units rounded at random to a multiple of five, or a dash if they are fewer than five. One time in
    ten, return a value that ignores the units.
    """
    if rng.random() < 0.1:
        return rng.choice((None, 5, 10))
    return None if units < 5 else 5 * (units // 5 + (rng.random() < units % 5 / 5))


def print_edition(period: str, tables: Tables, values: Mapping[Unknown, int | None]) -> Edition:
    """Return a release without cases, of which the judge knows no body."""
    printed = []
    for code, (unit, by, cells) in tables.items():
        when = (("quarter", period[5:]),) if "-" in period else ()
        figures = [
            [list(cell), values.get(Unknown("2025", unit, tuple(zip(by, cell, strict=True)) or when))]
            for cell in cells
        ]
        printed.append({"code": code, "counts": unit, "by": list(by), "is_open": True, "cells": figures})
    return Edition({"number": 1, "period": period, "rule": RULE, "tables": printed}, ())


# The list of countries


@lru_cache
def list_numbers(kinds: int, most: int) -> np.ndarray:
    """Return all ways to have at most `most` cases of so many kinds, one row for each."""
    if not kinds:
        return np.zeros((1, 0), np.int16)
    first = [list_numbers(kinds - 1, most - number) for number in range(most + 1)]
    return np.vstack([np.insert(rest, 0, number, axis=1) for number, rest in enumerate(first)])


class Brute:
    """All countries that agree with some releases. `countries` has one row for each country, with its units in each
    unknown of the attacker. `filled` are the unknowns that some kind of case fills.
    """

    def __init__(self, shape: Shape, editions: Sequence[Edition]) -> None:
        self.knowledge = Knowledge(editions)
        self.columns = {unknown: column for column, unknown in enumerate(self.knowledge.unknowns)}
        most = max(self.find_most(unknown) for unknown in self.knowledge.unknowns if unknown.counts == "incidents")
        units = np.array([self.count_units(editions, kind) for kind in shape.kinds], np.int16)
        self.filled = [
            unknown for unknown, counts in zip(self.knowledge.unknowns, units.T, strict=True) if counts.any()
        ]
        countries = list_numbers(len(shape.kinds), most) @ units
        fits = np.ones(len(countries), bool)
        for unknown, column in self.columns.items():
            for value in self.knowledge.values.get(unknown, ()):
                least, highest = (0, DASH_MOST) if value is None else (max(5, value - 4), value + 4)
                fits &= (countries[:, column] >= least) & (countries[:, column] <= highest)
        self.countries = countries[fits]
        self.dashes = [
            column for unknown, column in self.columns.items() if None in self.knowledge.values.get(unknown, ())
        ]

    def find_most(self, unknown: Unknown) -> int:
        return max((value or 0) + 4 for value in self.knowledge.values.get(unknown, (0,)))

    def count_units(self, editions: Sequence[Edition], kind: Case) -> list[int]:
        """Return the units that one case of this kind adds to each unknown."""
        self.knowledge.books[0].editions[-1] = replace(editions[-1], cases=[kind])
        truth = find_truth(self.knowledge)
        return [truth[unknown].total() for unknown in self.knowledge.unknowns]

    def bound(self, cells: Sequence[Unknown]) -> tuple[int, int]:
        """Return the least and the most units that any country has in these cells together."""
        totals = self.countries[:, [self.columns[cell] for cell in cells]].sum(axis=1)
        return int(totals.min()), int(totals.max())

    def list_sets(self) -> list[tuple[Unknown, ...]]:
        """Return the sets of one unknown and of two unknowns."""
        return [*((unknown,) for unknown in self.filled), *combinations(self.filled, 2)]

    def is_safe(self) -> bool:
        """Tell whether all dashes may be zero together, each dash may be four, and the least of no rest is between one
        and eight.
        """
        dashes = self.countries[:, self.dashes]
        may_be_empty = (dashes == 0).all(axis=1).any()
        may_be_full = not self.dashes or (dashes.max(axis=0) == DASH_MOST).all()
        return bool(may_be_empty and may_be_full and not any(1 <= least <= 8 for least in self.list_remainders()))

    def list_remainders(self) -> Iterator[int]:
        """Yield the least units that lie in each total but in none of its parts, and in the parts of a total that are
        not printed.
        """
        for unknown in self.knowledge.unknowns:
            if unknown.counts in ("no_leak", "neither", "leaks_without", "repeats"):
                yield self.bound([unknown])[0]
        for whole, parts in self.knowledge.partitions:
            untold = [part for part in parts if part not in self.knowledge.values]
            if whole in self.knowledge.values and 0 < len(untold) < len(parts):
                yield self.bound(untold)[0]


def bound_by_programs(editions: Sequence[Edition], sets: Sequence[tuple[Unknown, ...]]) -> list[tuple[int, int]]:
    """Return the least and the most units that the attacker finds in each set of cells."""
    knowledge = Knowledge(editions)
    attack = Attack(knowledge, defaultdict(Counter))
    attack.program.set_bounds(*attack.bound_others(np.zeros(attack.program.width, np.int64)))
    bounds = []
    for cells in sets:
        weights = np.zeros(attack.program.width)
        weights[[attack.columns[cell] for cell in cells]] = 1
        totals = [attack.program.find_assignment(sign * weights) @ weights for sign in (1, -1)]
        bounds.append((int(totals[0]), int(totals[1])))
    return bounds
