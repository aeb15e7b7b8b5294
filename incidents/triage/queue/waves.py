"""Waves: cases of the same affair, which are one line of the queue until somebody opens it.

A wave has at least three open cases of the same centre, which are of one of these kinds:

- the cases of a group, with the cases in no group that name its supplier;
- the cases that name one supplier, if at least three bodies name it;
- the cases that one body declared in a burst;
- cases marked in a burst, each received within an hour of the previous one.

A case that fits several kinds is in the first of them. The wave has the position of its worst case.
"""

from collections import Counter, defaultdict
from collections.abc import Callable, Collection, Hashable, Iterable, Mapping
from datetime import datetime
from operator import attrgetter
from typing import NamedTuple, Self
from uuid import UUID

from django.db import models

from incidents.enums import GroupKind
from incidents.services.declaring.limits import BURST_WINDOW
from incidents.triage.queue.order import QueueCase, compute_position

MIN_CASES_OF_WAVE = 3


class WaveKind(models.TextChoices):
    """The reason why cases are a wave: the same group, the same supplier, a burst of one body, or another burst."""

    GROUP = "groupe", "groupe"
    SUPPLIER = "prestataire", "vague"
    BODY = "collectivite", "rafale"
    BURST = "rafale", "rafale"


# One case of the group about a supplier, by centre and supplier.
type SupplierGroups = Mapping[tuple[int, str], QueueCase]


class Wave(NamedTuple):
    """A line of the queue: a wave, or a single case if `kind` is None. `cases` are in the order of the queue.

    `group` is a case of the wave's group, and need not be in the wave. `supplier_key` is the key of the wave's
    supplier. `lacking` is the number of open cases of the centre that name this supplier and are in no group. Some of
    them may be outside this wave.
    """

    kind: WaveKind | None
    key: str
    cases: list[QueueCase]
    group: QueueCase | None = None
    supplier_key: str = ""
    lacking: int = 0

    @property
    def worst(self) -> QueueCase:
        """Return the case of the wave that comes first in the order of the queue."""
        return self.cases[0]

    @property
    def leading(self) -> QueueCase:
        """Return the case whose deadline and telephone number the row shows.

        In the wave of a group it is the worst case of that group. In any other wave, or if no case of the group is in
        the wave, it is the worst case of the wave.
        """
        inside = (case for case in self.cases if case.group)
        return next(inside, self.worst) if self.kind == WaveKind.GROUP else self.worst

    def count_ungrouped(self) -> int:
        """Return how many cases of the wave are in no group."""
        return sum(case.group is None for case in self.cases)


def arrange_waves(
    cases: Iterable[QueueCase], now: datetime, *, all_open_cases: Iterable[QueueCase] = ()
) -> list[Wave]:
    """Return the lines of the queue, waves and single cases, the most urgent first.

    `cases` are the cases to list. Groups and suppliers are looked up among `all_open_cases`, or among `cases` if these
    are not given.
    """
    ordered = sorted(cases, key=lambda case: compute_position(case, now))
    suppliers = SupplierIndex.build(all_open_cases or ordered)
    names = assign_waves(ordered, suppliers.groups_by_supplier)
    lines: list[Wave] = []
    waves: dict[str, Wave] = {}
    for case in ordered:
        kind, key = names.get(case.pk, (None, ""))
        if kind and key in waves:
            waves[key].cases.append(case)
            continue
        lines.append(suppliers.make_wave(kind, key, case))
        if kind:
            waves[key] = lines[-1]
    return lines


class SupplierIndex(NamedTuple):
    """The suppliers that the open cases name.

    `suppliers` maps the id of a group to the supplier that it is about. `lacking` counts the cases in no group, by
    centre and supplier.
    """

    groups_by_supplier: SupplierGroups
    suppliers: Mapping[UUID | None, str]
    lacking: Mapping[tuple[int, str], int]

    @classmethod
    def build(cls, cases: Iterable[QueueCase]) -> Self:
        """Return the index of the suppliers that these open cases name."""
        open_cases = list(cases)
        groups_by_supplier = find_supplier_groups(open_cases)
        suppliers = {group_case.group: supplier for (_centre, supplier), group_case in groups_by_supplier.items()}
        free = (case for case in open_cases if case.supplier_key and case.group is None)
        return cls(groups_by_supplier, suppliers, Counter((case.csirt, case.supplier_key) for case in free))

    def make_wave(self, kind: WaveKind | None, key: str, case: QueueCase) -> Wave:
        """Return a new line of the queue with this case only: a wave, or a single case if `kind` is None."""
        group, supplier = None, case.supplier_key if kind == WaveKind.SUPPLIER else ""
        if kind == WaveKind.GROUP:
            group = case if case.group else self.groups_by_supplier[case.csirt, case.supplier_key]
            supplier = self.suppliers.get(group.group, "")
        return Wave(kind, key, [case], group, supplier, self.lacking.get((case.csirt, supplier), 0))


def list_single_cases(cases: Iterable[QueueCase], now: datetime) -> list[Wave]:
    """Return each case as a line of its own, in the order of the queue."""
    return [Wave(None, "", [case]) for case in sorted(cases, key=lambda case: compute_position(case, now))]


def assign_waves(cases: list[QueueCase], groups_by_supplier: SupplierGroups) -> dict[int, tuple[WaveKind, str]]:
    """Return the kind and the key of the wave of each case, by primary key. Cases in no wave are left out.

    If a case fits several kinds of waves, it gets the first one in the order of `WaveKind`.
    """
    keys: dict[int, tuple[WaveKind, str]] = {}
    marked = [case for case in cases if case.burst]
    of_bodies = find_bursts_of_bodies(cases, marked)
    of_marks = {
        case.pk: make_chain_key(chain, chain[0].burst) for chain in build_chains(marked, "burst") for case in chain
    }
    for kind, find_affair in (
        (WaveKind.GROUP, lambda case: find_group(case, groups_by_supplier)),
        (WaveKind.SUPPLIER, lambda case: case.supplier_key),
        (WaveKind.BODY, lambda case: of_bodies.get(case.pk)),
        (WaveKind.BURST, lambda case: of_marks.get(case.pk)),
    ):
        for affair, members in group_by_affair(cases, keys, find_affair).items():
            if is_wave(kind, members):
                keys |= dict.fromkeys((case.pk for case in members), (kind, make_wave_key(kind, affair)))
    return keys


def group_by_affair(
    cases: list[QueueCase], keys: dict[int, tuple[WaveKind, str]], find_affair: Callable[[QueueCase], Hashable]
) -> dict[tuple[int, Hashable], list[QueueCase]]:
    """Return lists of cases by centre and affair. An affair is what cases share, such as a supplier or a burst.

    `keys` has the cases that are already in a wave. These are left out, and so are the cases without an affair.
    """
    members: defaultdict[tuple[int, Hashable], list[QueueCase]] = defaultdict(list)
    for case in cases:
        if case.pk not in keys and (affair := find_affair(case)) not in {None, ""}:
            members[case.csirt, affair].append(case)
    return members


def is_wave(kind: WaveKind, cases: list[QueueCase]) -> bool:
    """Tell whether these cases are numerous enough for a wave of this kind.

    For a supplier, bodies are counted instead of cases, since the cases of a single body may have nothing in common.
    """
    several = {case.body for case in cases} if kind == WaveKind.SUPPLIER else cases
    return len(several) >= MIN_CASES_OF_WAVE


def make_wave_key(kind: WaveKind, affair: tuple[int, Hashable]) -> str:
    """Return the text that names a wave in an address.

    It gives no access to the wave, because it is looked up only among the reader's own cases.
    """
    centre, value = affair
    return f"{kind}-{centre}-{value}"


# Groups


def find_group(case: QueueCase, groups_by_supplier: SupplierGroups) -> Hashable:
    """Return the id of the group of the case. Without one, return the id of the open group about its supplier.

    Return None if there is no such group either.
    """
    group_case = groups_by_supplier.get((case.csirt, case.supplier_key))
    return case.group or (group_case and group_case.group)


def find_supplier_groups(cases: Iterable[QueueCase]) -> SupplierGroups:
    """Return one case of the open group about each supplier, by centre and supplier.

    A group is about the supplier that more than half of its open cases name. If several groups are about one supplier,
    the same group is always chosen.
    """
    members: defaultdict[tuple[str, int], list[QueueCase]] = defaultdict(list)
    for case in cases:
        if case.group and case.supplier_key and case.group_kind == GroupKind.SUPPLIER and not case.group_closed_at:
            members[str(case.group), case.csirt].append(case)
    groups_by_supplier: dict[tuple[int, str], QueueCase] = {}
    for (_group, centre), inside in sorted(members.items()):
        supplier, number = Counter(case.supplier_key for case in inside).most_common(1)[0]
        if number * 2 > len(inside):
            groups_by_supplier.setdefault((centre, supplier), inside[0])
    return groups_by_supplier


# Bursts


def build_chains(cases: Iterable[QueueCase], shared: str) -> list[list[QueueCase]]:
    """Return the cases as chains. A chain has cases of one centre with the same value of the attribute `shared`.

    Each case of a chain was received at most an hour (`BURST_WINDOW`) after the previous one. Bursts of declarations
    have the same time limit.
    """
    chains: list[list[QueueCase]] = []
    newest: dict[tuple[int, Hashable], list[QueueCase]] = {}
    for case in sorted(cases, key=attrgetter("received_at", "pk")):
        affair = case.csirt, getattr(case, shared)
        if affair in newest and case.received_at - newest[affair][-1].received_at <= BURST_WINDOW:
            newest[affair].append(case)
        else:
            newest[affair] = [case]
            chains.append(newest[affair])
    return chains


def find_bursts_of_bodies(cases: list[QueueCase], marked: Collection[QueueCase]) -> dict[int, str]:
    """Return a dict from the primary key of a case to the key of the burst of its body.

    Such a burst contains the marked cases of one chain of the body (`build_chains`). It also contains the cases of
    this chain received in the hour before the first marked one. Other cases are left out.
    """
    bodies = {case.body for case in marked}
    keys: dict[int, str] = {}
    for chain in build_chains((case for case in cases if case.body in bodies), "body"):
        began = next((case.received_at for case in chain if case.burst), None)
        burst = [case for case in chain if case.burst or (began and began - BURST_WINDOW <= case.received_at <= began)]
        keys |= {case.pk: make_chain_key(burst, case.body) for case in burst}
    return keys


def make_chain_key(chain: list[QueueCase], shared: Hashable) -> str:
    """Return a key for a chain: what its cases share, and the time at which the first of them was received."""
    return f"{shared}-{int(chain[0].received_at.timestamp())}"
