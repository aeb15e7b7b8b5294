"""An attacker reads every page that is served and subtracts figures from each other. It must not find a small number.

It shares nothing with the code that protects: it knows the pages, and the truth only to see whether it has won.
"""

import random
from collections import defaultdict
from datetime import date
from itertools import combinations

import pytest

from collectivities.models import Region
from incidents.models import Incident
from stats.models import Block, Release, ReleaseBlock
from stats.services import publish_release
from tests.stats.cases import PARIS, Case, bodies, on, store
from tests.stats.pages import tables_of

QUARTERS = ["1er trimestre", "2e trimestre", "3e trimestre", "4e trimestre"]
CODES = ["53", "94", "01", "11", "06", "52"]
CLOSED = on(2026, 1, 30)


def country(seed, size):
    """2025 in six regions of very different sizes; some bodies are hit again and again."""
    rng = random.Random(seed)
    cases = []
    for code, weight in zip(CODES, (30, 4, 3, 40, 2, 12), strict=True):
        some = bodies(code, min(weight, 15))
        for _ in range(max(1, weight * size // 10)):
            at = on(2025, rng.randint(1, 12), rng.randint(1, 28))
            cases.append(Case(body=rng.choice(some), at=at, verified=rng.random() < 0.9))
    store(cases)


def truth():
    """(region name, quarter) → bodies with a verified case."""
    found = defaultdict(set)
    for incident in Incident.objects.exclude(verification="unverified").select_related("region"):
        quarter = QUARTERS[(incident.received_at.astimezone(PARIS).month - 1) // 3]
        found[incident.region.name, quarter].add(incident.collectivity_id)
    return found


def read_all(client):
    """Every figure of incidents that the pages show, as {cells that it claims to cover: value}."""
    names = {region.code: region.name for region in Region.objects.all()}
    every = frozenset((name, quarter) for name in names.values() for quarter in QUARTERS)
    nation = tables_of(client, annee="2025")
    shown = {}

    def see(cells, figure):
        if figure is not None:
            shown[frozenset(cells)] = figure

    for code, name in names.items():
        table = tables_of(client, region=code, annee="2025").get("Par trimestre", {})
        for quarter in QUARTERS:
            see({(name, quarter)}, table.get(quarter, [None])[0])
    alone = set().union(*shown) if shown else set()
    for name in names.values():
        see({cell for cell in every if cell[0] == name}, nation["Par région"][name][0])
    for quarter in QUARTERS:
        total = nation["Par trimestre"][quarter][0]
        # The page says: the sum of what is shown for this quarter. Does it tell more?
        rest = (total or 0) - sum(v for cells, v in shown.items() if len(cells) == 1 and (*cells,)[0][1] == quarter)
        if rest:
            see({cell for cell in every - alone if cell[1] == quarter}, rest)
    see(every, nation["Par région"]["Ensemble"][0])
    return shown


def found_out(client):
    """Sets of cells with one to four bodies whose exact total can be had by subtraction."""
    shown, bodies_in = read_all(client), truth()
    known = dict(shown)
    for (one, first), (other, second) in combinations(shown.items(), 2):
        large, small = (one, other) if one > other else (other, one)
        if large > small:
            known[large - small] = abs(first - second)
    for cells in list(shown):
        parts = [(part, value) for part, value in shown.items() if part < cells and len(part) == 1]
        left = cells - frozenset().union(*(part for part, _ in parts))
        known[left] = shown[cells] - sum(value for _, value in parts)
    return [
        (sorted(cells), value)
        for cells, value in known.items()
        if value and 0 < len(set().union(*(bodies_in[cell] for cell in cells))) < 5
    ]


@pytest.mark.parametrize("size", [3, 12, 60])
def test_it_works(client, db, size):
    country(size, size)
    publish_release(now=CLOSED)
    assert any(len(cells) == 1 for cells in read_all(client)) or size == 3
    assert found_out(client) == []


def test_the_attacker_sees_one_raw_margin(client, db):
    """Four of Corse are hidden behind other regions; publishing its total on purpose is seen."""
    store([Case(body=body, at=on(2025, 2, 1)) for body in (*bodies("53", 9), *bodies("94", 4), *bodies("01", 4))])
    release = publish_release(now=CLOSED)
    assert found_out(client) == []
    raw = Block.objects.create(
        measure="incidents",
        region=Region.objects.get(code="94"),
        starts_on=date(2025, 1, 1),
        ends_on=date(2025, 12, 31),
        value=4,
    )
    leaky = Release.objects.create(number=2, covers_until=release.covers_until)
    ReleaseBlock.objects.bulk_create(
        ReleaseBlock(release=leaky, block=block) for block in [*release.blocks.all(), raw]
    )
    assert [value for _, value in found_out(client)] == [4]


def test_a_territory_of_one_commune_is_never_alone(client, db):
    """Clipperton and its like: one body is never a figure, whatever happened to it."""
    (alone,) = bodies("975", 1)
    store([Case(body=alone, at=on(2025, month, 1)) for month in range(1, 13)])
    store([Case(body=body, at=on(2025, 2, 1)) for body in bodies("53", 20)])
    publish_release(now=CLOSED)
    assert found_out(client) == []
    assert tables_of(client, region="975", annee="2025") == {}
