"""Cases that are one affair, and one line of the queue until somebody opens it.

A wave is three open cases of one centre or more: of one group, with those in no group that name its supplier; of one
supplier that three bodies name; of one body that declared in a burst, or of several whose declarations came in one. A
case is in the first of these that holds it. The wave stands where the worst of its cases would.
"""

from collections import defaultdict
from collections.abc import Callable, Hashable, Iterable
from datetime import datetime
from typing import NamedTuple
from uuid import UUID

from django.db import models
from django.utils.translation import gettext_lazy as _

from incidents.services.limits import WITHIN
from incidents.triage.order import OpenCase, place_of

FEWEST = 3


class WaveKind(models.TextChoices):
    GROUP = "groupe", _("groupe")
    SUPPLIER = "prestataire", _("vague")
    BODY = "collectivite", _("rafale")
    BURST = "rafale", _("rafale")


class Wave(NamedTuple):
    """One line. `cases` are in the order of the queue; a wave of a single case is that case."""

    kind: WaveKind | None
    key: str
    cases: list[OpenCase]

    @property
    def worst(self) -> OpenCase:
        return self.cases[0]

    @property
    def group(self) -> OpenCase | None:
        """One of its cases that is in a group, which names the group of all."""
        return next((case for case in self.cases if case.group), None)

    def outside(self) -> int:
        """How many of its cases are in no group."""
        return sum(case.group is None for case in self.cases)


def arrange(cases: Iterable[OpenCase], now: datetime, *, is_collapsed: bool = True) -> list[Wave]:
    """Return the lines of the queue in their order."""
    ordered = sorted(cases, key=lambda case: place_of(case, now))
    names = name_waves(ordered) if is_collapsed else {}
    lines: list[Wave] = []
    waves: dict[str, Wave] = {}
    for case in ordered:
        kind, key = names.get(case.pk, (None, ""))
        if kind and key in waves:
            waves[key].cases.append(case)
            continue
        lines.append(Wave(kind, key, [case]))
        if kind:
            waves[key] = lines[-1]
    return lines


def name_waves(cases: list[OpenCase]) -> dict[int, tuple[WaveKind, str]]:
    """Return by case the kind and the key of its wave, for those in one."""
    named: dict[int, tuple[WaveKind, str]] = {}
    left = [case for case in cases if case.group or case.supplier_key or case.burst]
    homes, bursts = groups_of_suppliers(left), first_of_bursts(cases)
    for kind, affair_of in (
        (WaveKind.GROUP, lambda case: case.group or homes.get((case.csirt, case.supplier_key))),
        (WaveKind.SUPPLIER, lambda case: case.supplier_key),
        (WaveKind.BODY, lambda case: case.body if is_of_burst(case, bursts) else None),
        (WaveKind.BURST, lambda case: case.burst),
    ):
        candidates = cases if kind == WaveKind.BODY and bursts else left
        for affair, members in gather(candidates, named, affair_of).items():
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


def groups_of_suppliers(cases: list[OpenCase]) -> dict[tuple[int, str], UUID]:
    """Return by centre and supplier the group, not closed, that holds cases which name it."""
    in_groups = (case for case in cases if case.group and case.supplier_key and not case.group_closed_at)
    return {(case.csirt, case.supplier_key): case.group for case in in_groups if case.group}


def first_of_bursts(cases: list[OpenCase]) -> dict[int, datetime]:
    """Return by body when the first of its declarations that came in a burst was received."""
    marked = sorted((case for case in cases if case.burst), key=lambda case: case.received_at)
    return {case.body: case.received_at for case in reversed(marked)}


def is_of_burst(case: OpenCase, bursts: dict[int, datetime]) -> bool:
    """Whether it is marked, or came in the hour before the first one of its body that is: these were let through."""
    began = bursts.get(case.body)
    return began is not None and (bool(case.burst) or began - WITHIN <= case.received_at <= began)
