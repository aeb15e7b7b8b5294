"""Publication rules that were rejected, printed here to check that the attacker finds the fault of each.

The code is not shared with the current publication rule.
"""

import random
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import combinations
from typing import Any

import numpy as np

from incidents.enums import Cause, DataCategory, IncidentType, PersonsBand, PublicService
from stats.enums import DelayBand, HoursBand, Stratum
from tests.proofs.attacker import Attack, Findings, Questions, attack, prepare_attack
from tests.proofs.countries import BODIES, Body, Case
from tests.proofs.knowledge import MONTHS, QUARTERS, Edition, Row, Unknown
from tests.proofs.tally import FAMILIES, SMALL_REGIONS, TABLES_OF_A_YEAR, tally_cases

CODES: dict[str, Sequence[str]] = {
    "region": [region for region in BODIES if region not in SMALL_REGIONS],
    "month": MONTHS,
    "quarter": QUARTERS,
    "type": IncidentType.values,
    "cause": [*Cause.values, "not_said"],
    **dict.fromkeys(("discovery", "help", "closing"), DelayBand.values),
    "persons": PersonsBand.values,
    "status": ("claimed", "suspected", "confirmed"),
    "category": DataCategory.values,
    "hours": HoursBand.values,
    "family": tuple(FAMILIES),
    "service": PublicService.values,
    "stratum": Stratum.values,
}
TABLES = {**TABLES_OF_A_YEAR, "bodies_by_stratum": ("bodies", ("stratum",))}
OPENED_BY = {"leak_categories": "leaks", "bodies": "incidents"}


@dataclass(frozen=True)
class Rule:
    """A publication rule. `base` 1 means no rounding. `is_audited_on_truth` means that a release is drawn again while
    anything is proved about one to four bodies.
    """

    base: int = 5
    threshold: int = 5
    shows_zeros: bool = False
    opens_everything: bool = False
    is_audited_on_truth: bool = False


def print_year(cases: Sequence[Case], rule: Rule, *, seed: int = 0, year: int = 2025, number: int = 1) -> Edition:
    """Return a yearly release printed by this rule."""
    for attempt in range(300):
        rng = random.Random(f"{seed}/{attempt}")
        edition = Edition(print_tables(cases, rule, rng, year=year, number=number), cases)
        if not (rule.is_audited_on_truth and attack([edition], insiders=()).facts):
            return edition
    raise AssertionError("no draw passes")


def print_tables(cases: Sequence[Case], rule: Rule, rng: random.Random, *, year: int, number: int) -> dict[str, Any]:
    counts = tally_cases(cases, year=year)
    tables: dict[str, dict[str, Any]] = {}
    for code, (unit, by) in sorted(TABLES.items(), key=lambda item: len(item[1][1])):
        open_cells = [cell for cell in list_cells(by) if is_open(tables, rule, unit, by, cell)]
        cells = [[list(cell), print_cell(counts[code].get(cell), rule, rng)] for cell in open_cells]
        tables[code] = {"code": code, "counts": unit, "by": list(by), "is_open": bool(cells), "cells": cells}
    described = {"threshold": rule.threshold, "base": rule.base, "shows_zeros": rule.shows_zeros}
    return {"number": number, "period": str(year), "rule": described, "tables": list(tables.values())}


def list_cells(by: tuple[str, ...]) -> Iterator[tuple[str, ...]]:
    if len(by) < 2:
        yield from ((code,) for code in CODES[by[0]]) if by else [()]
    else:
        yield from ((first, second) for first in CODES[by[0]] for second in CODES[by[1]])


def is_open(
    tables: dict[str, dict[str, Any]], rule: Rule, unit: str, by: tuple[str, ...], cell: tuple[str, ...]
) -> bool:
    if not by or (rule.opens_everything and by not in (("family",), ("quarter",))):
        return True
    if len(by) == 2:
        margins = [(f"incidents_by_{name}", code) for name, code in zip(by, cell, strict=True) if name != "quarter"]
        printed = [dict(map(read_cell, tables[table]["cells"])).get((code,)) for table, code in margins]
        return all(value is not None and value >= 100 for value in printed)
    total = tables[OPENED_BY.get(unit, unit)]["cells"][0][1] or 0
    return {"service": total >= 100, "family": 40 <= total < 100}.get(by[0], total >= 40)


def read_cell(cell: list[Any]) -> tuple[tuple[str, ...], int | None]:
    return tuple(cell[0]), cell[1]


def print_cell(count: Any, rule: Rule, rng: random.Random) -> int | None:
    if count is None:
        return 0 if rule.shows_zeros else None
    if (
        count.bodies < rule.threshold
        or count.bodies_outside_cell < rule.threshold
        or count.largest > 0.85 * count.units
    ):
        return None
    below, rest = divmod(count.units, rule.base)
    return rule.base * (below + (rng.random() < rest / rule.base))


def attack_audit_on_truth(edition: Edition) -> Findings:
    """Return what an outsider proves who knows that every set of cells that is proved not to be empty has at least
    five bodies.

    A dash contains at most four bodies and four units, so a set of dashes with five bodies has at least five units.
    """
    prepared = prepare_attack([edition])
    dashes = [
        [part for part in parts if prepared.is_dash[prepared.columns[part]]]
        for _whole, parts in prepared.knowledge.partitions
    ]
    sets = {cells for group in dashes for cells in [*combinations(group, 2), tuple(group)] if cells}
    proved = list(list_proved(prepared, sorted(sets)))
    for cells in proved:
        prepared.program.add_row(Row(dict.fromkeys(cells, 1), prepared.threshold, float("inf")))
    return prepared.ask_all(())


def list_proved(prepared: Attack, sets: list[tuple[Unknown, ...]]) -> Iterator[tuple[Unknown, ...]]:
    """Yield the sets of cells that are empty in no assignment."""
    prepared.program.set_bounds(*prepared.bound_others(np.zeros(prepared.program.width, np.int64)))
    longest = max(map(len, sets))
    places = np.full((len(sets), longest), prepared.program.width)
    for number, cells in enumerate(sets):
        places[number, : len(cells)] = [prepared.columns[cell] for cell in cells]
    questions = Questions(prepared.program, places)
    questions.find_least()
    yield from (sets[place] for place in np.flatnonzero(questions.least > 0))


def draw_leaky_country() -> list[Case]:
    """Return a year of 48 leaks, of which four are claimed and four suspected, each of another body."""
    statuses = ["claimed"] * 4 + ["suspected"] * 4 + ["confirmed"] * 40
    case = Case(Body("84", "grouping", 0), "2025-03", type="fuite", cause="phishing")
    return [
        replace(
            case,
            body=Body("84", "commune/500-1999", number),
            leaks=(("6-50", status, ("etat_civil",)),),
        )
        for number, status in enumerate(statuses)
    ]
