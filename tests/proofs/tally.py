"""Counts of cases in plain Python: the units of each case, and from them the exact cells of each table."""

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Sequence

from stats.disclosure.draw import CellCount
from tests.proofs.countries import BODIES, STRATA, Body, Case

FAMILIES = {
    "online": ("site", "messagerie", "telephonie"),
    "money": ("finances", "paie", "carrieres", "conseil", "aides_eco"),
    "civil": ("civil", "elections", "cimetieres", "urbanisme", "logement"),
    "social": ("cantine", "creches", "social", "enfance", "colleges", "lycees", "ehpad", "culture"),
    "networks": ("eau", "dechets", "transports", "routes", "energie", "police", "secours"),
    "other": ("autre",),
}
FAMILY_OF = {service: family for family, services in FAMILIES.items() for service in services}
# These regions have too few bodies, which are counted with the bodies whose territory is not known.
SMALL_REGIONS = ("975", "977", "978", "986")
TOTALS = ("incidents", "leaks", "interruptions", "reports")
TABLES_OF_A_QUARTER = {**{code: (code, ()) for code in TOTALS}, "incidents_by_month": ("incidents", ("month",))}
# Table → (the unit that it counts, its classifications)
TABLES_OF_A_YEAR: dict[str, tuple[str, tuple[str, ...]]] = {
    **TABLES_OF_A_QUARTER,
    "unfounded": ("unfounded", ()),
    **{
        f"incidents_by_{by}": ("incidents", (by,))
        for by in ("region", "type", "cause", "discovery", "help", "closing")
    },
    **{f"leaks_by_{by}": ("leaks", (by,)) for by in ("persons", "status")},
    "leaks_by_category": ("leak_categories", ("category",)),
    **{f"interruptions_by_{by}": ("interruptions", (by,)) for by in ("hours", "family", "service")},
    **{f"incidents_by_region_and_{by}": ("incidents", ("region", by)) for by in ("quarter", "type", "cause")},
}

type Unit = tuple[str, dict[str, str]]
type Cells = dict[tuple[str, ...], CellCount]


def list_units(case: Case) -> Iterator[Unit]:
    """Yield the units of a case, with their category in each classification."""
    month = case.month[5:]
    when = {"month": month, "quarter": f"T{(int(month) + 2) // 3}"}
    if case.is_report:
        yield "reports", when
        return
    delays = {"discovery": case.discovery, "help": case.help, "closing": case.closing}
    region = "" if case.region in SMALL_REGIONS else case.region
    yield "incidents", {**when, **delays, "region": region, "type": case.type, "cause": case.cause}
    for hours, service in case.interruptions:
        yield "interruptions", {**when, "hours": hours, "service": service, "family": FAMILY_OF[service]}
    for persons, status, categories in case.leaks:
        yield "leaks", {**when, "persons": persons, "status": status}
        yield from (("leak_categories", {**when, "category": category}) for category in categories)
    for _ in range(case.unfounded):
        yield "unfounded", when


def is_in_period(case: Case, year: int, quarter: int = 0) -> bool:
    month = int(case.month[5:])
    return int(case.month[:4]) == year and (not quarter or (month + 2) // 3 == quarter)


def tally_cases(cases: Iterable[Case], *, year: int, quarter: int = 0, late: Sequence[Case] = ()) -> dict[str, Cells]:
    """Return table → cell → count, for a year or a quarter. `late` are the incidents of earlier years that are counted
    only now.
    """
    tables = TABLES_OF_A_QUARTER if quarter else TABLES_OF_A_YEAR
    by_units = defaultdict(list)
    for code, (counts, by) in tables.items():
        by_units[counts].append((code, by))
    units: dict[str, dict[tuple[str, ...], Counter[Body]]] = {code: defaultdict(Counter) for code in tables}
    chosen = [case for case in cases if is_in_period(case, year, quarter)]
    for case in chosen:
        for counts, at in list_units(case):
            for code, by in by_units[counts]:
                units[code][tuple(at[name] for name in by)][case.body] += 1
    counted = {code: {cell: count_cell(bodies) for cell, bodies in cells.items()} for code, cells in units.items()}
    if not quarter:
        counted["bodies_by_stratum"] = count_strata(chosen)
        counted["late"] = {(): count_cell(Counter(case.body for case in late))} if late else {}
    return counted


def count_cell(bodies: Counter[Body]) -> CellCount:
    return CellCount(bodies.total(), len(bodies), max(bodies.values()))


def count_strata(cases: Iterable[Case]) -> Cells:
    """Return, by stratum, the number of bodies with an incident, and the number of other bodies in the regions with a
    number.
    """
    incidents = [case for case in cases if not case.is_report]
    hit = Counter(body.stratum for body in {case.body for case in incidents})
    existing: Counter[str] = Counter()
    for region, bodies in count_by_region(incidents).items():
        if region not in ("", *SMALL_REGIONS) and len(bodies) >= 5 and max(bodies.values()) <= 0.85 * bodies.total():
            existing.update(dict(zip(STRATA, BODIES[region], strict=True)))
    return {
        (stratum,): CellCount(number, number, 1, existing[stratum] - number)
        for stratum, number in hit.items()
        if stratum
    }


def count_by_region(cases: Iterable[Case]) -> dict[str, Counter[Body]]:
    regions: dict[str, Counter[Body]] = defaultdict(Counter)
    for case in cases:
        regions[case.region][case.body] += 1
    return regions
