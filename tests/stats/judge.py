"""The truth, which only the judge knows: whom a claim of the attacker concerns, and whether it is true."""

from collections import Counter, defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import date
from itertools import chain, combinations, product
from typing import NamedTuple

from collectivities.models import Collectivity, Region
from stats.models import BlockMember, CaseFact, Release, ReleaseBlock

K = 5
BODIES = ("bodies", "bodies_hit", "strata", "strata_hit")
NOWHERE = "?"
OR = " or "
YEAR, QUARTERS = range(1, 13), [range(first, first + 3) for first in (1, 4, 7, 10)]
SIZES = ((500, "0-499"), (2000, "500-1999"), (10000, "2000-9999"))
BY_BAND = ("services", "causes", "discovery", "help", "closing", "strata", "strata_hit")


class Unit(NamedTuple):
    """`first`: the release that first counted it, 0 for none. `case` None where a body is the unit."""

    body: int
    case: int | None
    measure: str
    first: int
    region: str
    month: date
    band: str
    number: int

    def is_in(self, scope) -> bool:
        measure, first, regions, months, band = scope
        is_there = self.measure == measure and first in (None, self.first) and self.region in regions
        is_under = not band or any(f"{self.band}/".startswith(f"{one}/") for one in band.split(OR))
        return is_there and self.month.month in months and is_under


@dataclass
class Truth:
    """As of one release, which must be the last one: rows of cases are read as they are now."""

    release: int
    units: list[Unit]
    by_measure: dict[str, list[Unit]] = field(init=False)

    def __post_init__(self) -> None:
        self.by_measure = defaultdict(list)
        for unit in self.units:
            self.by_measure[unit.measure].append(unit)

    def of_year(self, year: int) -> "Truth":
        return Truth(self.release, [unit for unit in self.units if unit.month.year == year])

    def inside(self, scope) -> list[Unit]:
        return [unit for unit in self.by_measure[scope.measure] if unit.is_in(scope)]


def readings_now() -> list[Truth]:
    """What is in the numbers, with what is in none. A case that changed since it was counted may be taken as it was,
    or both as it was and as it is: two readings, of which either may make a guess come true.
    """
    last = Release.objects.latest("number")
    members = list(members_of(last))
    held, now = by_owner(members), by_owner([*units_of_cases(last.covers_until), *units_of_bodies(last.covers_until)])
    readings = []
    for is_changed_too in (False, True):
        left = [
            unit
            for key, units in now.items()
            if is_changed_too or held[key].keys() <= units.keys()
            for place, unit in units.items()
            if place not in held[key]
        ]
        readings.append(Truth(last.number, members + left))
    return readings if len(readings[0].units) != len(readings[1].units) else readings[:1]


def by_owner(units: Iterable[Unit]) -> dict[tuple, dict[tuple, Unit]]:
    """(measure, case or body in a year) → where it stands and how much it is → that unit."""
    found: dict[tuple, dict[tuple, Unit]] = defaultdict(dict)
    for unit in units:
        owner = unit.case or (unit.body, unit.month.year)
        found[unit.measure, owner][unit.region, unit.month, unit.band, unit.number] = unit
    return found


def members_of(release: Release) -> Iterable[Unit]:
    # The last one of a block wins: its lowest number.
    firsts = dict(ReleaseBlock.objects.order_by("-release__number").values_list("block", "release__number"))
    codes = codes_of_regions()
    named = ("collectivity", "fact", "block__measure", "block", "region", "month", "band", "units")
    for body, case, measure, block, region, month, band, number in BlockMember.objects.filter(
        block__releases=release
    ).values_list(*named):
        yield Unit(body, case, measure, firsts[block], codes[region], month, band, number)


def codes_of_regions() -> dict[int | None, str]:
    return {None: NOWHERE, **dict(Region.objects.values_list("pk", "code"))}


def units_of_cases(until: date) -> Iterable[Unit]:
    """What each verified case of a closed period brings, counted again from its row."""
    codes = codes_of_regions()
    for fact in CaseFact.objects.filter(is_counted=True, is_verified=True, quarter__lte=until):
        counted: dict[tuple[str, str], int] = defaultdict(int)
        for measure, band in said_by(fact):
            counted[measure, band] += 1
        for (measure, band), number in counted.items():
            where = codes[fact.region_id], fact.month
            yield Unit(fact.collectivity_id, fact.pk, measure, 0, *where, band, number)


def units_of_bodies(until: date) -> Iterable[Unit]:
    """Each listed body once a year, where its first case was."""
    listed = Collectivity.objects.filter(is_listed=True).values_list("pk", "kind", "population")
    strata = {body: stratum_of(kind, population) for body, kind, population in listed}
    codes, seen = codes_of_regions(), set()
    for fact in CaseFact.objects.filter(is_counted=True, is_verified=True, quarter__lte=until).order_by("pk"):
        said = {measure for measure, _band in said_by(fact)}
        for suffix in ("", "_hit") if said & {"interruptions", "leaks"} else ("",):
            key = fact.collectivity_id, fact.month.year, suffix
            if "incidents" in said and strata.get(fact.collectivity_id) and key not in seen:
                seen.add(key)
                where = codes[fact.region_id], date(fact.month.year, 1, 1)
                yield Unit(fact.collectivity_id, None, f"bodies{suffix}", 0, *where, "", 1)
                yield Unit(fact.collectivity_id, None, f"strata{suffix}", 0, *where, strata[fact.collectivity_id], 1)


def stratum_of(kind: str, population: int | None) -> str:
    if kind in ("departement", "region", "special", "overseas"):
        return "large"
    if kind in ("cc", "ca", "cu", "metropole", "metropole_lyon", "ept"):
        return "grouping"
    if kind != "commune" or population is None:
        return ""
    return f"commune/{next((size for limit, size in SIZES if population < limit), '10000+')}"


CLASSES = {
    "rancon": "information-content-security",
    "fuite": "information-content-security",
    "panne": "availability",
    "boite": "intrusions",
    "hameconnage": "fraud",
}


def said_by(fact: CaseFact) -> Iterable[tuple[str, str]]:
    """(measure, band), once for each unit."""
    if fact.nature == "report":
        yield "reports", ""
        return
    yield "incidents", f"{CLASSES[fact.type]}/{fact.type}"
    yield "quarters", ""
    yield "causes", fact.cause or "not_said"
    yield from (("discovery", fact.discovery_delay), ("help", fact.help_delay), ("closing", fact.closing_delay))
    yield from (("interruptions", band) for band in fact.interruption_hours)
    yield from (("services", band) for band in fact.interruption_services)
    for status, persons in zip(fact.leak_statuses, fact.leak_persons, strict=True):
        yield ("unfounded", "") if status == "unfounded" else ("leaks", f"{persons}/{status}")
    yield from (("categories", band) for band in fact.leak_categories)


# Which sets of cells hold few bodies


def small_scopes(truth: Truth, places: Iterable[frozenset[str]]) -> Iterable[tuple]:
    """(measure, release, regions, months, band) with one to K - 1 bodies. Regions alone, two of them, or `places`."""
    standing: dict[tuple, set[int]] = defaultdict(set)
    for unit in truth.units:
        for regions in {frozenset([unit.region]), *(some for some in places if unit.region in some)}:
            for months, band, first in scopes_over(unit):
                standing[unit.measure, first, regions, months, band].add(unit.body)
    small = {where: bodies for where, bodies in standing.items() if len(bodies) < K}
    return [*small, *pairs_of_regions(small), *unions(standing)]


def pairs_of_regions(small: dict[tuple, set[int]]) -> Iterable[tuple]:
    beside: dict[tuple, list[tuple[frozenset[str], set[int]]]] = defaultdict(list)
    for (measure, first, regions, months, band), bodies in small.items():
        if len(regions) == 1:
            beside[measure, first, months, band].append((regions, bodies))
    for (measure, first, months, band), some in beside.items():
        for (one, here), (other, there) in combinations(some, 2):
            if len(here | there) < K:
                yield measure, first, one | other, months, band


def unions(standing: dict[tuple, set[int]]) -> Iterable[tuple]:
    """Of a year, several quarters together; or several bands, where another table says the total of all."""
    bands = defaultdict(set)
    for measure, _first, _regions, _months, band in standing:
        bands[measure].add(band)
    for (measure, first, regions, months, band), bodies in standing.items():
        if months == YEAR and not band and len(bodies) >= K:
            here, there = (measure, first, regions), sorted(bands[measure] - {""}) if measure in BY_BAND else []
            for some in few_together({tuple(one): standing.get((*here, one, ""), set()) for one in QUARTERS}):
                yield *here, tuple(chain.from_iterable(some)), ""
            for some in few_together({one: standing.get((*here, YEAR, one), set()) for one in there}):
                yield *here, YEAR, OR.join(some)


def few_together(standing: dict) -> Iterable[tuple]:
    """Two or more of these, in all of which one to K - 1 bodies stand, with all in which only these do, or nobody."""
    small = {one: frozenset(bodies) for one, bodies in standing.items() if len(bodies) < K}
    crowds = {frozenset().union(*some) for n in range(1, K) for some in combinations(set(small.values()), n)}
    for crowd in crowds:
        together = tuple(one for one, bodies in small.items() if bodies <= crowd)
        if 0 < len(crowd) < K and len(together) > 1:
            yield together


def scopes_over(unit: Unit) -> Iterable[tuple[range, str, int | None]]:
    month, quarter = unit.month.month, (unit.month.month - 1) // 3 * 3 + 1
    parts = unit.band.split("/") if unit.band else []
    bands = ["/".join(parts[:depth]) for depth in range(len(parts) + 1)]
    return product((range(month, month + 1), range(quarter, quarter + 3), range(1, 13)), bands, (None, unit.first))


LEAVES = (("bodies", "bodies_hit"), ("strata", "strata_hit"), ("incidents", "leaks"), ("leaks", "categories"))


def small_rests(truth: Truth, places: Iterable[frozenset[str]]) -> Iterable[tuple[tuple, tuple]]:
    """Two scopes, of which the second leaves of the first what one to K - 1 bodies have."""
    regions = {unit.region for unit in truth.units}
    for of, by in LEAVES:
        bands = {unit.band for unit in truth.by_measure[by]} if by in ("strata_hit", "categories") else {""}
        periods = [YEAR, *QUARTERS] if of == "incidents" else [YEAR]
        everywhere = {*(frozenset([region]) for region in regions), *places}
        for band, place, months in product(sorted(bands), everywhere, periods):
            pair = (of, None, place, months, band if by == "strata_hit" else ""), (by, None, place, months, band)
            if 0 < len(left_of(truth, pair)) < K and min(left_of(truth, pair).values()) > 0:
                yield pair


def left_of(truth: Truth, pair: tuple[tuple, tuple]) -> dict[int, int]:
    """Body → units, without those of which nothing is left."""
    left: Counter[int] = Counter()
    for (measure, _first, regions, months, band), sign in zip(pair, (1, -1), strict=True):
        for unit in truth.by_measure[measure]:
            if unit.is_in((measure, None, regions, months, band)):
                left[unit.body] += sign * unit.number
    return {body: number for body, number in left.items() if number}


# Verdicts


def is_leak(claim, truth: Truth) -> bool:
    """Whether it is true, and concerns somebody, and fewer than K bodies."""
    if len(claim.what) == 2:
        left = left_of(truth, claim.what)
        return 0 < len(left) < K and claim.lo <= sum(left.values()) <= claim.hi
    units = truth.inside(claim.what)
    others = [unit for unit in units if unit.body not in claim.coalition]
    total, bodies = sum(unit.number for unit in others), {unit.body for unit in units}
    if claim.kind == "spared":
        return 0 < claim.lo <= total and claim.hi - total < K
    is_true = claim.lo <= total <= claim.hi
    return is_true and bool(others) and 0 < len(bodies) < K


def is_told_of_few(change, before: Truth, after: Truth) -> bool:
    """Whether a difference between two releases is what really changed, of one to K - 1 bodies."""
    then, now = (published_in(change, truth) for truth in (before, after))
    changed = {unit[0] for unit in then.keys() ^ now.keys() | {unit for unit in then if then[unit] != now.get(unit)}}
    is_true = change.change == sum(now.values()) - sum(then.values())
    return change.change != 0 and is_true and 0 < len(changed) < K


def published_in(change, truth: Truth) -> Counter[tuple]:
    """What each body, or its case, brings to what readers can add up there."""
    measure, region, first, last, band, _change = change
    found: Counter[tuple] = Counter()
    for unit in truth.by_measure[measure]:
        is_there = unit.first and region in ("", unit.region) and first <= unit.month <= last
        if is_there and f"{unit.band}/".startswith(f"{band}/" if band else ""):
            found[unit.body, unit.case] += unit.number
    return found
