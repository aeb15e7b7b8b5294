"""Invented countries with all their cases, from which releases are drawn and by which proofs are judged.

They resemble France: 24 regions of which eleven are overseas and small, 36 000 listed bodies, most of them communes of
fewer than 500 inhabitants. The types, services and causes follow the weights of the simulation. The same seed gives
the same country.
"""

import random
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from itertools import accumulate
from typing import NamedTuple

from config.demo.simulation import priors

STRATA = (
    *("commune/0-499", "commune/500-1999", "commune/2000-9999", "commune/10000+"),
    *("grouping", "large", ""),
)
# The number of bodies by region and stratum, from the official list. The last column, bodies on no list, is invented.
BODIES: dict[str, tuple[int, ...]] = {
    "11": (283, 429, 288, 266, 63, 8, 500),
    "24": (842, 682, 195, 35, 79, 7, 500),
    "27": (2611, 871, 180, 23, 113, 9, 800),
    "28": (1431, 926, 244, 43, 69, 6, 600),
    "32": (2047, 1201, 434, 100, 90, 6, 900),
    "44": (3306, 1324, 413, 72, 150, 10, 1200),
    "52": (288, 521, 364, 55, 69, 6, 400),
    "53": (186, 579, 397, 40, 60, 5, 400),
    "75": (2194, 1539, 486, 74, 154, 13, 1100),
    "76": (2800, 1103, 471, 72, 161, 14, 1100),
    "84": (1635, 1615, 667, 108, 164, 13, 1100),
    "93": (367, 244, 239, 96, 52, 7, 400),
    "94": (262, 63, 31, 4, 19, 1, 60),
    "01": (0, 4, 15, 13, 6, 2, 20),
    "02": (1, 6, 15, 12, 3, 1, 20),
    "03": (3, 3, 8, 8, 4, 1, 15),
    "04": (0, 0, 7, 17, 5, 2, 20),
    "06": (0, 0, 7, 10, 5, 1, 15),
    "975": (0, 1, 1, 0, 0, 1, 1),
    "977": (0, 0, 0, 1, 0, 1, 1),
    "978": (0, 0, 0, 1, 0, 1, 1),
    "986": (0, 2, 1, 0, 0, 1, 1),
    "987": (8, 15, 12, 13, 0, 1, 10),
    "988": (0, 7, 22, 4, 0, 1, 10),
    "": (0, 0, 0, 0, 0, 0, 40),
}
MAINLAND = ("11", "24", "27", "28", "32", "44", "52", "53", "75", "76", "84", "93")
EXISTING = {stratum: sum(row[at] for row in BODIES.values()) for at, stratum in enumerate(STRATA) if stratum}
# The relative frequency with which a body of each stratum declares.
CHANCES = (0.11, 0.31, 1.6, 5.6, 5.1, 20.0, 0.3)
# The share of the incidents whose body has had one already.
AGAIN = 0.06
# With these values, half of the incidents have a leak, and a quarter of the leaks are unfounded.
LEAK_MORE, LEAK_FLOOR = 1.6, 0.2
PERSONS = {"0-5": 10, "6-50": 20, "51-300": 25, "301-5000": 25, "5000+": 8, "unknown": 30}
STATUSES = {"claimed": 15, "suspected": 25, "confirmed": 35, "": 25}
RARE_SERVICES = (
    *("conseil", "police", "creches", "culture", "transports", "routes", "enfance", "colleges", "lycees"),
    *("aides_eco", "secours", "ehpad", "logement", "energie", "carrieres", "autre"),
)
RARE_CATEGORIES = ("localisation", "infractions", "sensibles", "inconnues")
DELAYS = ((1, "0-1h"), (4, "1-4h"), (24, "4-24h"), (72, "1-3d"), (168, "3-7d"), (720, "7-30d"))
HOURS = ((4, "0-4h"), (24, "4-24h"), (72, "1-3d"), (168, "3-7d"))


class Body(NamedTuple):
    region: str
    stratum: str
    number: int


@dataclass(frozen=True, slots=True)
class Case:
    """One verified case. `month` is « 2025-03 ». `leaks` has the persons, the status and the categories of each leak.
    `unfounded` counts the leaks that proved to be none. A report has neither interruptions nor leaks.
    """

    body: Body
    month: str
    type: str = "boite"
    cause: str = "not_said"
    discovery: str = "unknown"
    help: str = "unknown"
    closing: str = "unknown"
    interruptions: tuple[tuple[str, str], ...] = ()
    leaks: tuple[tuple[str, str, tuple[str, ...]], ...] = ()
    unfounded: int = 0
    is_report: bool = False

    @property
    def region(self) -> str:
        return self.body.region


class WeightedTable[T]:
    """Draws values from a table of weights."""

    def __init__(self, weights: Mapping[T, float]) -> None:
        self.values = list(weights)
        self.cumulated = list(accumulate(weights.values()))

    def draw(self, rng: random.Random) -> T:
        return rng.choices(self.values, cum_weights=self.cumulated)[0]


def weigh_codes(weights: Mapping[str, float], rare: tuple[str, ...], weight: float) -> WeightedTable[str]:
    return WeightedTable({str(code): number for code, number in weights.items()} | dict.fromkeys(rare, weight))


TYPES = WeightedTable({kind.value: weight for kind, weight in priors.TYPES.items()})
CAUSES = WeightedTable({cause.value: weight for cause, weight in priors.CAUSES.items()})
SERVICES = weigh_codes({service.value: weight for service, weight in priors.SERVICES.items()}, RARE_SERVICES, 0.15)
CATEGORIES = weigh_codes({code.value: weight for code, weight in priors.CATEGORIES.items()}, RARE_CATEGORIES, 0.2)
PERSONS_BANDS, LEAK_STATUSES = WeightedTable(PERSONS), WeightedTable(STATUSES)
INTERRUPTS = {kind.value: chance for kind, chance in priors.INTERRUPTS.items()}
LEAKS = {kind.value: chance for kind, chance in priors.LEAKS.items()}
CAUSE_OF_TYPE = {kind.value: cause.value for kind, cause in priors.CAUSE_OF_TYPE.items()}
MEDIAN_HOURS = {kind.value: hours for kind, hours in priors.MEDIAN_HOURS.items()}


@dataclass
class Country:
    """Draws the cases of one year. Nothing happens in the regions of `without`."""

    rng: random.Random
    year: int
    without: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        places = {
            (region, stratum): row[at] * CHANCES[at]
            for region, row in BODIES.items()
            for at, stratum in enumerate(STRATA)
            if row[at] and region not in self.without
        }
        self.places = WeightedTable(places)
        self.hit: list[Body] = []

    def draw_body(self) -> Body:
        """Return a body, sometimes one that has had an incident already."""
        if self.hit and self.rng.random() < AGAIN:
            return self.rng.choice(self.hit)
        region, stratum = self.places.draw(self.rng)
        body = Body(region, stratum, self.rng.randrange(BODIES[region][STRATA.index(stratum)]))
        self.hit.append(body)
        return body

    def draw_month(self) -> str:
        return f"{self.year}-{self.rng.randrange(1, 13):02}"

    def draw_incidents(self, number: int) -> Iterator[Case]:
        """Yield incidents. Sometimes one campaign hits many bodies in the same month."""
        drawn = 0
        while drawn < number:
            size = self.rng.randint(*priors.BURST_SIZES) if self.rng.random() < priors.BURST_CHANCE else 1
            size = min(size, number - drawn)
            month, kind = self.draw_month(), TYPES.draw(self.rng) if size == 1 else "prestataire"
            yield from (self.draw_incident(self.draw_body(), month, kind) for _ in range(size))
            drawn += size

    def draw_incident(self, body: Body, month: str, kind: str) -> Case:
        help_hours = self.rng.lognormvariate(1.1, priors.HOURS_UNTIL_TAKEN[1])
        closing_hours = help_hours + 24 * 13.5 * self.rng.lognormvariate(0, priors.DAYS_UNTIL_CLOSED[1])
        discovery_hours = 7 * self.rng.lognormvariate(0, priors.HOURS_UNTIL_DECLARED[1])
        leaks, unfounded = self.draw_leak(kind)
        return Case(
            body=body,
            month=month,
            type=kind,
            cause=self.draw_cause(kind),
            discovery=self.draw_delay(discovery_hours, unknown=priors.DISCOVERY_NOT_KNOWN),
            help=self.draw_delay(help_hours, unknown=0.02),
            closing=self.draw_delay(closing_hours, unknown=0.05),
            interruptions=self.draw_interruptions(kind),
            leaks=leaks,
            unfounded=unfounded,
        )

    def draw_cause(self, kind: str) -> str:
        if kind in CAUSE_OF_TYPE:
            return CAUSE_OF_TYPE[kind]
        if self.rng.random() >= priors.CAUSE_NOT_KNOWN:
            return CAUSES.draw(self.rng)
        return "not_found" if self.rng.random() < priors.CAUSE_NEVER_FOUND else "not_said"

    def draw_delay(self, hours: float, *, unknown: float) -> str:
        if self.rng.random() < unknown:
            return "unknown"
        return next((band for limit, band in DELAYS if hours < limit), "30d+")

    def draw_interruptions(self, kind: str) -> tuple[tuple[str, str], ...]:
        if self.rng.random() >= INTERRUPTS.get(kind, 0.08):
            return ()
        if kind in {"saturation", "defiguration"}:
            services = {"site"}
        else:
            services = {SERVICES.draw(self.rng) for _ in range(self.rng.choice((1, 1, 2, 3, 5)))}
        return tuple((self.draw_hours(kind), service) for service in sorted(services))

    def draw_hours(self, kind: str) -> str:
        if self.rng.random() < 0.1:
            return "unknown"
        hours = MEDIAN_HOURS.get(kind, 24) * self.rng.lognormvariate(0, 0.9)
        return next((band for limit, band in HOURS if hours < limit), "7d+")

    def draw_leak(self, kind: str) -> tuple[tuple[tuple[str, str, tuple[str, ...]], ...], int]:
        """Return the leaks of an incident, at most one, and the number of unfounded ones."""
        if self.rng.random() >= LEAK_FLOOR + LEAK_MORE * LEAKS.get(kind, 0.02):
            return (), 0
        status = LEAK_STATUSES.draw(self.rng)
        if not status:
            return (), 1
        categories = {CATEGORIES.draw(self.rng) for _ in range(self.rng.randint(1, 3))}
        return ((PERSONS_BANDS.draw(self.rng), status, tuple(sorted(categories))),), 0

    def draw_reports(self, number: int) -> list[Case]:
        """Return as many reports for each incident as the regional centres had in 2024."""
        count = round(number * priors.REPORTS_OF_2024 / (1 - priors.REPORTS_OF_2024))
        return [Case(self.draw_body(), self.draw_month(), "faille", is_report=True) for _ in range(count)]


def draw_country(number: int, *, seed: int = 0, year: int = 2025, without: tuple[str, ...] = ()) -> list[Case]:
    """Return the cases of a year with `number` verified incidents, and its reports."""
    country = Country(random.Random(f"{number}/{seed}/{year}"), year, without)
    return [*country.draw_incidents(number), *country.draw_reports(number)]


def draw_heavy_country(number: int, *, seed: int = 0, year: int = 2025) -> list[Case]:
    """Return a year in which one grouping of communes has half of all incidents."""
    cases = draw_country(number - number // 2, seed=seed, year=year)
    country = Country(random.Random(f"heavy/{number}/{seed}/{year}"), year)
    heavy = Body("84", "grouping", 0)
    return cases + [replace(case, body=heavy) for case in country.draw_incidents(number // 2)]


def draw_country_without_region(number: int, *, seed: int = 0, year: int = 2025) -> list[Case]:
    """Return a year in which nothing happened in Pays de la Loire."""
    return draw_country(number, seed=seed, year=year, without=("52",))


def draw_struck_country(number: int, *, struck: int = 40_000, seed: int = 0, year: int = 2025) -> list[Case]:
    """Return an ordinary year in which one supplier of `struck` bodies is attacked in the same week of May."""
    country = Country(random.Random(f"struck/{number}/{seed}/{year}"), year)
    bodies = [
        Body(region, stratum, index)
        for region, row in BODIES.items()
        for at, stratum in enumerate(STRATA)
        for index in range(row[at])
    ]
    chosen = country.rng.sample(bodies, struck)
    wave = [country.draw_incident(body, f"{year}-05", "prestataire") for body in chosen]
    return draw_country(number, seed=seed, year=year) + wave


def draw_country_of_large_bodies(number: int, *, seed: int = 0, year: int = 2025) -> list[Case]:
    """Return a year in which all départements and régions of the mainland share an attacked supplier, with two bodies
    overseas, where nothing else happens.
    """
    country = Country(random.Random(f"large/{number}/{seed}/{year}"), year)
    large = [Body(region, "large", index) for region, row in BODIES.items() for index in range(row[5])]
    mainland = [body for body in large if body.region in MAINLAND]
    struck = [*mainland, *country.rng.sample([body for body in large if body.region not in MAINLAND], 2)]
    wave = [country.draw_incident(body, f"{year}-05", "prestataire") for body in struck]
    overseas = tuple(region for region in BODIES if region not in MAINLAND)
    return draw_country(number, seed=seed, year=year, without=overseas) + wave


def draw_country_with_nine_long_interruptions(number: int, *, seed: int = 0) -> list[Case]:
    """Return a year in which nine interruptions last more than seven days: five of the first body and one each of
    four others.
    """
    replaced = {"7d+": "unknown"}
    cases = [
        replace(
            case, interruptions=tuple((replaced.get(hours, hours), service) for hours, service in case.interruptions)
        )
        for case in draw_country(number, seed=seed)
    ]
    of_bodies = {case.body: at for at, case in enumerate(cases) if case.interruptions}
    first, *rest = list(of_bodies.values())[:5]
    five = ("site", "messagerie", "telephonie", "paie", "finances")
    cases[first] = replace(cases[first], interruptions=tuple(("7d+", service) for service in five))
    for at in rest:
        cases[at] = replace(cases[at], interruptions=(("7d+", "paie"),))
    return [cases.pop(first), *cases]


def draw_late_cases(cases: list[Case], *, share: float, seed: int = 0) -> list[Case]:
    """Return more incidents of the same year, a `share` of the known ones, as declarations that came late."""
    year = int(cases[0].month[:4])
    number = round(share * sum(not case.is_report for case in cases))
    return list(Country(random.Random(f"late/{number}/{seed}/{year}"), year).draw_incidents(number))
