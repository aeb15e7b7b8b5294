"""Cases that are one affair, and one line of the queue until somebody opens it.

A wave is three open cases of one centre or more: of one group, with those in no group that name its supplier; of one
supplier that three bodies name; of one body that declared in a burst; or marked in a burst and received one within an
hour of another. A case is in the first of these that holds it. The wave stands where the worst of its cases would.
"""

from collections import Counter, defaultdict
from collections.abc import Callable, Collection, Hashable, Iterable, Mapping
from datetime import datetime
from operator import attrgetter
from typing import NamedTuple, Self
from uuid import UUID

from django.db import models

from incidents.enums import GroupKind
from incidents.services.declaring.limits import WITHIN
from incidents.triage.queue.order import OpenCase, place_of

FEWEST = 3


class WaveKind(models.TextChoices):
    GROUP = "groupe", "groupe"
    SUPPLIER = "prestataire", "vague"
    BODY = "collectivite", "rafale"
    BURST = "rafale", "rafale"


# By centre and supplier, a case of the group that is about this supplier.
type Homes = Mapping[tuple[int, str], OpenCase]


class Wave(NamedTuple):
    """One line. `cases` are in the order of the queue; a wave of a single case is that case.

    `group`: any case of the group that it is about, in this wave or not. `supplier_key`: that of its supplier.
    `lacking`: how many open cases of the centre, in this wave or not, name that supplier and are in no group.
    """

    kind: WaveKind | None
    key: str
    cases: list[OpenCase]
    group: OpenCase | None = None
    supplier_key: str = ""
    lacking: int = 0

    @property
    def worst(self) -> OpenCase:
        return self.cases[0]

    def outside(self) -> int:
        """How many of its cases are in no group."""
        return sum(case.group is None for case in self.cases)


def arrange(cases: Iterable[OpenCase], now: datetime, *, among: Iterable[OpenCase] = ()) -> list[Wave]:
    """Return the lines of the queue in their order. `among`: all the open cases, where `cases` are some of them."""
    ordered = sorted(cases, key=lambda case: place_of(case, now))
    known = Known.of(among or ordered)
    names = name_waves(ordered, known.homes)
    lines: list[Wave] = []
    waves: dict[str, Wave] = {}
    for case in ordered:
        kind, key = names.get(case.pk, (None, ""))
        if kind and key in waves:
            waves[key].cases.append(case)
            continue
        lines.append(known.begin_wave(kind, key, case))
        if kind:
            waves[key] = lines[-1]
    return lines


class Known(NamedTuple):
    """What all the open cases say of suppliers. `lacking`: by centre and supplier, how many are in no group."""

    homes: Homes
    suppliers: Mapping[UUID | None, str]
    lacking: Mapping[tuple[int, str], int]

    @classmethod
    def of(cls, cases: Iterable[OpenCase]) -> Self:
        known = list(cases)
        homes = homes_of_suppliers(known)
        suppliers = {home.group: supplier for (_centre, supplier), home in homes.items()}
        free = (case for case in known if case.supplier_key and case.group is None)
        return cls(homes, suppliers, Counter((case.csirt, case.supplier_key) for case in free))

    def begin_wave(self, kind: WaveKind | None, key: str, case: OpenCase) -> Wave:
        group, supplier = None, case.supplier_key if kind == WaveKind.SUPPLIER else ""
        if kind == WaveKind.GROUP:
            group = case if case.group else self.homes[case.csirt, case.supplier_key]
            supplier = self.suppliers.get(group.group, "")
        return Wave(kind, key, [case], group, supplier, self.lacking.get((case.csirt, supplier), 0))


def list_alone(cases: Iterable[OpenCase], now: datetime) -> list[Wave]:
    """Return each case as a line of its own, in the same order."""
    return [Wave(None, "", [case]) for case in sorted(cases, key=lambda case: place_of(case, now))]


def name_waves(cases: list[OpenCase], homes: Homes) -> dict[int, tuple[WaveKind, str]]:
    """Return by case the kind and the key of its wave, for those in one."""
    named: dict[int, tuple[WaveKind, str]] = {}
    marked = [case for case in cases if case.burst]
    of_bodies = bursts_of_bodies(cases, marked)
    of_marks = {case.pk: name_chain(chain, chain[0].burst) for chain in chains(marked, "burst") for case in chain}
    for kind, affair_of in (
        (WaveKind.GROUP, lambda case: group_of(case, homes)),
        (WaveKind.SUPPLIER, lambda case: case.supplier_key),
        (WaveKind.BODY, lambda case: of_bodies.get(case.pk)),
        (WaveKind.BURST, lambda case: of_marks.get(case.pk)),
    ):
        for affair, members in gather(cases, named, affair_of).items():
            if is_wave(kind, members):
                named |= dict.fromkeys((case.pk for case in members), (kind, key_of(kind, affair)))
    return named


def gather(
    cases: list[OpenCase], named: dict[int, tuple[WaveKind, str]], affair_of: Callable[[OpenCase], Hashable]
) -> dict[tuple[int, Hashable], list[OpenCase]]:
    """Return the cases in no wave yet, by centre and affair."""
    found: defaultdict[tuple[int, Hashable], list[OpenCase]] = defaultdict(list)
    for case in cases:
        if case.pk not in named and (affair := affair_of(case)) not in {None, ""}:
            found[case.csirt, affair].append(case)
    return found


def is_wave(kind: WaveKind, cases: list[OpenCase]) -> bool:
    """A supplier is one affair once several bodies name it; several cases of one body may be anything."""
    several = {case.body for case in cases} if kind == WaveKind.SUPPLIER else cases
    return len(several) >= FEWEST


def key_of(kind: WaveKind, affair: tuple[int, Hashable]) -> str:
    """What an address names a wave by. It opens nothing: whoever asks finds it among their own cases or not at all."""
    centre, value = affair
    return f"{kind}-{centre}-{value}"


# Groups


def group_of(case: OpenCase, homes: Homes) -> Hashable:
    """Return the group that a case is in, or else that of the supplier that it names."""
    home = homes.get((case.csirt, case.supplier_key))
    return case.group or (home and home.group)


def homes_of_suppliers(cases: Iterable[OpenCase]) -> Homes:
    """Return a case of each group, not closed, that is about a supplier: the one that most of its open cases name. Of
    two groups about one supplier, the same one each time.
    """
    members: defaultdict[tuple[str, int], list[OpenCase]] = defaultdict(list)
    for case in cases:
        if case.group and case.supplier_key and case.group_kind == GroupKind.SUPPLIER and not case.group_closed_at:
            members[str(case.group), case.csirt].append(case)
    homes: dict[tuple[int, str], OpenCase] = {}
    for (_group, centre), inside in sorted(members.items()):
        supplier, number = Counter(case.supplier_key for case in inside).most_common(1)[0]
        if number * 2 > len(inside):
            homes.setdefault((centre, supplier), inside[0])
    return homes


# Bursts


def chains(cases: Iterable[OpenCase], shared: str) -> list[list[OpenCase]]:
    """Return the cases of one centre that have this field in common, as chains in which each was received within an
    hour of the one before: as long as declarations are counted against each other.
    """
    found: list[list[OpenCase]] = []
    newest: dict[tuple[int, Hashable], list[OpenCase]] = {}
    for case in sorted(cases, key=attrgetter("received_at", "pk")):
        affair = case.csirt, getattr(case, shared)
        if affair in newest and case.received_at - newest[affair][-1].received_at <= WITHIN:
            newest[affair].append(case)
        else:
            newest[affair] = [case]
            found.append(newest[affair])
    return found


def bursts_of_bodies(cases: list[OpenCase], marked: Collection[OpenCase]) -> dict[int, str]:
    """Return by case the burst of its body: those marked, and those of the hour before, which were let through."""
    bodies = {case.body for case in marked}
    named: dict[int, str] = {}
    for chain in chains((case for case in cases if case.body in bodies), "body"):
        began = next((case.received_at for case in chain if case.burst), None)
        burst = [case for case in chain if case.burst or (began and began - WITHIN <= case.received_at <= began)]
        named |= {case.pk: name_chain(burst, case.body) for case in burst}
    return named


def name_chain(chain: list[OpenCase], shared: Hashable) -> str:
    return f"{shared}-{int(chain[0].received_at.timestamp())}"
