"""The attacker let loose on all that is served, and the judge's verdicts on what it claims."""

from collections import Counter, defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import chain, product

from tests.stats.attacker.differences import changes
from tests.stats.attacker.knowledge import Cell, Knowledge, Rest, Scope
from tests.stats.attacker.proofs import Attack, Gap, Target
from tests.stats.attacker.said import Pages
from tests.stats.attacker.served import Release, generations, read_all
from tests.stats.attacker.system import Fact
from tests.stats.judge import Truth, Unit, is_leak, is_told_of_few, readings_now, small_rests, small_scopes


@dataclass
class Watch:
    """What was served after each release, and the truth at that time. Call `look` after each."""

    client: object
    releases: list[Release] = field(default_factory=list)
    truths: list[Truth] = field(default_factory=list)

    def look(self, *, again: bool = False) -> object:
        """Something that can be proved today of fewer than K bodies, or that a page says alone; None: nothing.

        Years of which nothing new is published were attacked before; `again`: they too.
        """
        self.releases = read_all(self.client)
        readings = readings_now()
        self.truths.append(readings[0])
        years = sorted({one.year for one in self.releases[-1].numbers}) if again else self.years_with_something_new()
        of_years = (self.of_year(year, truth.of_year(year)) for year in years for truth in readings)
        return next(chain(self.of_pages(years), chain.from_iterable(of_years), self.of_changes()), None)

    def years_with_something_new(self) -> list[int]:
        there = [set(generations(self.releases[:count])) for count in (len(self.releases), len(self.releases) - 1)]
        return sorted({one.year for _first, one in there[0] - there[1]})

    def of_pages(self, years: list[int]) -> Iterator:
        """The nation, some regions that are named, and one that is not."""
        last = self.releases[-1]
        named = sorted({one.region for one in last.numbers} | {""})[:5]
        for year, region in product(years, [*named, min(last.regions.keys() - set(named))]):
            yield from Pages(self.client, last, year, region).wrong()

    def of_year(self, year: int, truth: Truth) -> Iterator:
        known = known_of(self.releases, year, truth)
        attack = Attack(known, targets_of(known, truth), gaps_of(known, truth))
        return (claim for claim in attack.claims(own_of(known, truth)) if is_leak(claim, truth))

    def of_changes(self) -> Iterator:
        """Each earlier release beside the last one."""
        *earlier, last = self.truths
        by_number = {release.number: release for release in self.releases}
        for truth in earlier:
            for change in changes(by_number[truth.release], by_number[last.release]):
                if is_told_of_few(change, truth, last):
                    yield change


def known_of(releases: list[Release], year: int, truth: Truth) -> Knowledge:
    """All that is published, with each guess that happens to be true."""
    unfinished = {unit.measure for unit in truth.units if not unit.first}
    known = Knowledge(releases, year, unfinished)
    holds: Counter[Cell | None] = Counter()
    for unit in truth.units:
        holds[cell_of(known, unit)] += unit.number

    def is_true(fact: Fact[Cell]) -> bool:
        return fact.at_least <= sum(sign * holds[cell] for cell, sign in fact.signs.items()) <= fact.at_most

    known.believe(is_true)
    return known


def cell_of(known: Knowledge, unit: Unit) -> Cell | None:
    return known.cell_of(unit.measure, unit.first, unit.region, unit.month.month, unit.band)


def targets_of(known: Knowledge, truth: Truth) -> list[Target]:
    found = (Scope(*where) for where in small_scopes(truth, known.wide_places()))
    return [target_at(known, scope) for scope in found if is_served(known, scope)]


def is_served(known: Knowledge, scope: Scope) -> bool:
    return scope.measure in known.firsts and scope.first in (None, *known.firsts[scope.measure])


def target_at(known: Knowledge, scope: Scope) -> Target:
    inside, touched = known.whole(known.inside(scope)), known.touched(known.touching(scope))
    return Target(scope, frozenset(inside), None if touched is None else frozenset(touched))


def gaps_of(known: Knowledge, truth: Truth) -> list[Gap]:
    rests = (Rest(Scope(*of), Scope(*by)) for of, by in small_rests(truth, known.wide_places()))
    return [
        Gap(rest, target_at(known, rest.of), target_at(known, rest.by))
        for rest in rests
        if is_served(known, rest.of) and is_served(known, rest.by)
    ]


def own_of(known: Knowledge, truth: Truth) -> dict[int, dict[int, int]]:
    """What each body knows of its own cases, as « Que voit-on de moi ? » tells it."""
    own: dict[int, Counter[int]] = defaultdict(Counter)
    for unit in truth.units:
        cell = cell_of(known, unit)
        if cell in known.column:
            own[unit.body][known.column[cell]] += unit.number
    return own
