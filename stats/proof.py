"""What an attacker could make of the whole family of tables, put as a system for the auditor (`stats/audit.py`).

Numbers and the cells that they cover (`stats/question.py`), what everybody knows besides (`stats/links.py`), and what
must stay hidden (`stats/hidden.py`, `stats/rests.py`). Years are audited one by one: no block covers two, and no link
either.
"""

from collections import defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import Any

from stats.audit import Family
from stats.enums import Measure
from stats.family import BOUNDING, BY_KIND, COUNTS_BODIES, tied_to, tried_before
from stats.hidden import hidden_in
from stats.links import caps_of, floors_of, links_of
from stats.partition import Cell, Shape, Unit
from stats.question import Question, Shown
from stats.rests import rests_of
from stats.strata import Bodies


@dataclass
class Draft:
    """One year of a release in the making; `bodies` says how many exist, which is public.

    `fresh`: cells that become blocks.
    """

    number: int
    year: int
    until: date
    bodies: Bodies
    fresh: list[tuple[Measure, Cell]] = field(default_factory=list)
    shown: list[Shown] = field(default_factory=list)
    # What is to be put in blocks, and what of it is in none.
    units: dict[Measure, list[Unit]] = field(default_factory=dict)
    unshown: dict[Measure, list[Unit]] = field(default_factory=dict)
    # What has become of cases that stand in a block as they were: it is in no block either.
    became: dict[Measure, list[Unit]] = field(default_factory=dict)
    # How each table is cut; None: nothing new of it is shown.
    shapes: dict[Measure, Shape | None] = field(default_factory=dict)

    def cells(self, measure: Measure) -> list[Cell]:
        return [cell for one, cell in self.fresh if one == measure]


def families_with(draft: Draft, measure: Measure) -> Iterator[Family]:
    """What is to be audited of the tables that `measure` is tied to, and of it, as they are shown.

    A table of cases that is tied to no other is one partition, which tells nothing of fewer than K bodies whatever its
    numbers; one of distinct bodies is held against how many exist. Of one that was tried and left out others tell.
    A case that changed since it was counted is taken as it was, then both as it was and as it is: it depends on that
    which tables agree.
    """
    left_out = {one for one in tried_before(measure) if draft.unshown.get(one) or one in BOUNDING}
    tables = tied_to(measure, {one.measure for one in draft.shown} | left_out)
    # How many of each kind exist is known of a region whether or not a table by kind is shown.
    tables |= {kinds for bodies, kinds in BY_KIND.items() if bodies in tables}
    if len(tables) < 2 and measure not in COUNTS_BODIES:
        return
    unshown = [draft.unshown]
    if any(draft.became.get(table) for table in tables):
        unshown.append({table: [*draft.unshown.get(table, []), *draft.became.get(table, [])] for table in tables})
    for left in unshown:
        yield family_of(question_of(draft, tables, left))


def question_of(draft: Draft, tables: set[Measure], unshown: Mapping[Measure, list[Unit]]) -> Question:
    """`unshown`: what is in no block."""
    mine = tuple(one for one in draft.shown if one.measure in tables)
    left = {table: unshown.get(table, []) for table in tables}
    regions = {unit.region or 0 for one in mine for unit in one.units} | {0}
    regions |= {region for region, _stratum in draft.bodies}
    return Question(draft.year, tuple(sorted(tables)), mine, left, frozenset(regions), draft.bodies)


def family_of(asked: Question) -> Family:
    rests, hidden = list(rests_of(asked)), hidden_in(asked)
    left: dict[Any, dict[Any, int]] = defaultdict(dict)
    for rest in rests:
        for body, number in rest.units.items():
            left[body][rest.atom] = number
    return Family(
        sums=list(asked.sums()),
        links=[*links_of(asked), *(rest.link for rest in rests)],
        caps=list(caps_of(asked)),
        nodes=[*hidden.nodes, *(rest.node for rest in rests)],
        choices=hidden.choices,
        floors=list(floors_of(asked)),
        units={body: {atom: atoms[atom] for atom in atoms} for body, atoms in sorted(asked.units.items())},
        left=left,
    )
