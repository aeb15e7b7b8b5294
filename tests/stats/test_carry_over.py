"""From one release to the next, the rule alone: generated histories of cases that come late, change and go."""

import random
from collections import Counter, defaultdict
from dataclasses import replace
from datetime import date

import pytest

from stats.carrying import Gone, carry_over
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
        carried = carry_over(self.blocks, units, Gone())
        fresh = {next(self.keys): list(cell.units) for cell in partition(carried.free, UNTIL, shape)}
        before, self.blocks = self.blocks, {block: self.blocks[block] for block in carried.kept} | fresh
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
    """A number goes only when five bodies changed in it; each new one is of five bodies or more, none above 85 %."""
    gone = 0
    for units, before, fresh, blocks in histories(shape):
        now = {(unit.key, unit.place): unit.number for unit in units}
        for key in before.keys() - blocks.keys():
            gone += 1
            assert len({one.body for one in before[key] if now.get((one.key, one.place)) != one.number}) >= 5
        assert all(before[key] == blocks[key] for key in before.keys() & blocks.keys())
        for some in fresh.values():
            share = Counter()
            for unit in some:
                share[unit.body] += unit.number
            assert len(share) >= 5
            assert max(share.values()) <= 0.85 * share.total()
    assert gone > 20


def test_each_unit_is_counted_once_and_as_it_is():
    """In new numbers, of what there is now; and nothing that stays in an old one comes again."""
    for units, _before, fresh, blocks in histories(Shape()):
        standing = defaultdict(list)
        for some in blocks.values():
            for unit in some:
                standing[unit.key, unit.place].append(unit.number)
        assert all(len(numbers_there) == 1 for numbers_there in standing.values())
        assert {unit for some in fresh.values() for unit in some} <= set(units)


def test_what_two_releases_differ_by_is_of_five_bodies():
    for _units, before, _fresh, blocks in histories(Shape()):
        then, now = (
            {(unit.key, unit.place): unit for some in one.values() for unit in some} for one in (before, blocks)
        )
        differ = bodies_of(set(then.values()) ^ set(now.values()))
        assert not differ or len(differ) >= 5
