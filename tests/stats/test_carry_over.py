"""From one release to the next, the rule alone: generated histories of cases that come late, change and go."""

import random
from collections import Counter
from dataclasses import replace
from datetime import date

import pytest

from stats.carrying import carry_over
from stats.family import BY_MEASURE
from stats.partition import Shape, Unit, partition

UNTIL, HISTORIES, RELEASES = date(2025, 12, 31), 250, 4
BANDS = ("0-4h", "4-24h", "1-3d")
MONTHS = [date(2025, month, 1) for month in (1, 2, 5)]


def a_case(rng, case):
    """In one place and month, in one band or in two."""
    body = case % 23 if case % 10 < 7 else case % 5
    region, month = rng.choice((53, 53, 94, None)), rng.choice(MONTHS)
    bands = rng.sample(BANDS, rng.randint(1, 2))
    return [Unit(case, body, region, month, band, rng.choice((1, 1, 3))) for band in bands]


def merged(units):
    """A case has one number in one place."""
    places = {(unit.key, unit.place): unit for unit in units}
    return sorted(places.values(), key=lambda unit: (unit.fact, unit.band, unit.month, unit.region or 0))


def later(rng, units):
    """Some go, some change, some come; of a case that stays, body and key stay."""
    stay = [unit for unit in units if rng.random() > 0.1]
    changed = [replace(unit, band=rng.choice(BANDS)) if rng.random() < 0.2 else unit for unit in stay]
    first = 1 + max((unit.fact for unit in units), default=0)
    return merged(changed + some_cases(rng, first, rng.randint(0, 15)))


def some_cases(rng, first, number):
    return [unit for case in range(first, first + number) for unit in a_case(rng, case)]


class Numbers:
    """The blocks of the last release: key → units."""

    def __init__(self):
        self.blocks, self.keys = {}, iter(range(10**6))

    def publish(self, units, shape):
        free = carry_over(self.blocks, units, frozenset()).free
        fresh = {next(self.keys): list(cell.units) for cell in partition(free, UNTIL, shape)}
        before, self.blocks = self.blocks, self.blocks | fresh
        return before, fresh


def bodies_of(units):
    return {unit.body for unit in units}


def histories(shape):
    for seed in range(HISTORIES):
        rng = random.Random(seed)
        published = Numbers()
        units = merged(some_cases(rng, 1, rng.randint(0, 60)))
        for _ in range(RELEASES):
            yield units, *published.publish(units, shape), published.blocks
            units = later(rng, units)


@pytest.mark.parametrize("shape", [*BY_MEASURE["interruptions"].shapes, Shape(bands_first=True)], ids=str)
def test_it_works(shape):
    """All numbers stay; each new one is of five bodies or more, none above 85 %."""
    late = 0
    for _units, before, fresh, blocks in histories(shape):
        assert all(before[key] == blocks[key] for key in before)
        late += bool(before and fresh)
        for some in fresh.values():
            share = Counter()
            for unit in some:
                share[unit.body] += unit.number
            assert len(share) >= 5
            assert max(share.values()) <= 0.85 * share.total()
    assert late > 20


def test_each_case_is_counted_once_and_as_it_was():
    """In new numbers, of what there is now; what stands in an old one comes never again, whatever became of it."""
    for units, before, fresh, blocks in histories(Shape()):
        standing = Counter((unit.key, unit.place) for some in blocks.values() for unit in some)
        assert set(standing.values()) <= {1}
        new = {unit for some in fresh.values() for unit in some}
        assert new <= set(units)
        assert not {unit.key for unit in new} & {unit.key for some in before.values() for unit in some}


def test_a_case_that_stands_in_another_year_is_told_by_no_new_number():
    units = some_cases(random.Random(1), 1, 40)
    carried = carry_over({}, units, {unit.key for unit in units[:30]})
    assert not {unit.key for unit in carried.free} & {unit.key for unit in units[:30]}
    assert set(carried.free) | set(carried.became) == set(units)
