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
from tests.stats.pages import Merged, tables_of

MONTHS = [
    *("Janvier", "Février", "Mars", "Avril", "Mai", "Juin"),
    *("Juillet", "Août", "Septembre", "Octobre", "Novembre", "Décembre"),
]
QUARTERS = {
    name: MONTHS[3 * number : 3 * number + 3]
    for number, name in enumerate(("1er trimestre", "2e trimestre", "3e trimestre", "4e trimestre"))
}
PERIODS = QUARTERS | {name: [name] for name in MONTHS}
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
    """(region name, month) → bodies with a verified case."""
    found = defaultdict(set)
    for incident in Incident.objects.exclude(verification="unverified").select_related("region"):
        month = MONTHS[incident.received_at.astimezone(PARIS).month - 1]
        found[incident.region.name, month].add(incident.collectivity_id)
    return found


def along(tables):
    """Of the table that follows the year: (months, value), a merged number once over all of its months."""
    table = tables.get("Par mois") or tables.get("Par trimestre") or {}
    merged = defaultdict(list)
    for label, row in table.items():
        if label not in PERIODS or row[0] is None:
            continue
        if isinstance(row[0], Merged):
            merged[row[0]] += PERIODS[label]
        else:
            yield PERIODS[label], row[0]
    for one, months in merged.items():
        yield months, one.value


def read_all(client):
    """Every figure of incidents that the pages show, as {cells that it claims to cover: value}."""
    names = {region.code: region.name.replace("'", "’") for region in Region.objects.all()}
    every = [(name, month) for name in names.values() for month in MONTHS]
    said = [*of_regions(client, names), *of_quarters(client, set(names.values()))]
    nation = tables_of(client, annee="2025")
    said += [([cell for cell in every if cell[0] == name], nation["Par région"][name][0]) for name in names.values()]
    shown = {frozenset(cells): value for cells, value in said if value is not None}
    for months, total in along(nation):
        # The page may say the sum of what is shown of these months. Does it tell more?
        cells = frozenset(cell for cell in every if cell[1] in months)
        inside = largest({one: value for one, value in shown.items() if one <= cells})
        if total != sum(inside.values()):
            shown[cells.difference(*inside)] = total - sum(inside.values())
    return shown | {frozenset(every): nation["Par région"]["Ensemble"][0]}


def of_regions(client, names):
    for code, name in names.items():
        for months, value in along(tables_of(client, region=code, annee="2025")):
            yield [(name, month) for month in months], value


def of_quarters(client, names):
    """A quarter that is not published has no page."""
    for number, months in enumerate(QUARTERS.values(), 1):
        choice = {"annee": "2025", "trimestre": str(number)}
        if client.get("/statistiques/", choice).status_code == 200:
            for name, row in tables_of(client, **choice).get("Par région", {}).items():
                if name in names:
                    yield [(name, month) for month in months], row[0]


def largest(shown):
    """Those that lie in no other one."""
    return {one: value for one, value in shown.items() if not any(one < other for other in shown)}


def found_out(client):
    """Sets of cells with one to four bodies whose exact total can be had by subtraction."""
    shown, bodies_in = read_all(client), truth()
    known = dict(shown)
    for (one, first), (other, second) in combinations(shown.items(), 2):
        large, small = (one, other) if one > other else (other, one)
        if large > small:
            known[large - small] = abs(first - second)
    for cells in list(shown):
        parts = largest({part: value for part, value in shown.items() if part < cells})
        known[cells.difference(*parts)] = shown[cells] - sum(parts.values())
    return [
        (sorted(cells), value)
        for cells, value in known.items()
        if value and 0 < len(set().union(*(bodies_in[cell] for cell in cells))) < 5
    ]


@pytest.mark.parametrize("size", [3, 12, 60])
def test_it_works(client, db, size):
    country(size, size)
    publish_release(now=CLOSED)
    assert any(len(cells) <= 3 for cells in read_all(client)) or size == 3
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
    assert list(along(tables_of(client, region="975", annee="2025"))) == []
    assert tables_of(client, annee="2025")["Par région"]["Saint-Pierre-et-Miquelon"][0] is None
