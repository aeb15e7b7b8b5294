"""The rows of the queue in the order of its page: lines of cases, and waves in the words of all their cases."""

import secrets
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from incidents.enums import Burst
from incidents.models import Incident
from incidents.triage.lines import Line, lines_of
from incidents.triage.queue import MEMBERS_SHOWN, OPENED, WITHIN, Asked, Page
from incidents.triage.waves import Wave, WaveKind


@dataclass(frozen=True)
class WaveLine:
    """A wave as its worst case stands for it. `link` opens or shuts it; `all` shows each of its cases, where it is
    open and holds more than are shown.
    """

    worst: Line
    kind: str
    name: str
    key: str
    link: str
    all: str
    is_open: bool
    number: int
    level_said: str
    bodies: str
    unverified: int
    free: int
    references: str
    offered: dict[str, Any]
    is_wave: bool = True

    @property
    def level(self) -> int:
        return self.worst.level


type Row = Line | WaveLine


def rows_on(page: Page, asked: Asked, incidents: Mapping[int, Incident], now: datetime) -> list[Row]:
    """A case that left the centre since the page began is not there. One query."""
    lines = {line.incident.pk: line for line in lines_of(incidents.values(), now)}
    return list(list_rows(page, asked, lines))


def list_rows(page: Page, asked: Asked, lines: Mapping[int, Line]) -> Iterator[Row]:
    for wave in page.waves:
        if wave.worst.pk not in lines:
            continue
        if wave.kind is None:
            yield lines[wave.worst.pk]
            continue
        members = page.members.get(wave.key)
        yield describe_wave(wave, asked, lines[wave.worst.pk], is_open=members is not None)
        for case in members or ():
            if case.pk in lines:
                yield replace(lines[case.pk], is_member=True)


def describe_wave(wave: Wave, asked: Asked, worst: Line, *, is_open: bool) -> WaveLine:
    kind, cases = WaveKind(wave.kind or ""), wave.cases
    return WaveLine(
        worst=worst,
        kind=str(kind.label),
        name=name_of(wave, worst),
        key=wave.key,
        link=asked.link_here() if is_open else asked.link_here(**{OPENED: wave.key}),
        all=asked.link(**{WITHIN: wave.key}) if is_open and len(cases) > MEMBERS_SHOWN else "",
        is_open=is_open,
        number=len(cases),
        level_said=say_level(wave),
        bodies=say_bodies(wave, worst),
        unverified=sum(not case.is_verified for case in cases),
        free=sum(case.is_free for case in cases),
        references=" ".join(case.reference for case in cases),
        offered=offer_group(wave, worst),
    )


def name_of(wave: Wave, worst: Line) -> str:
    """What its cases have in common: the title of their group, their supplier, or where they came from."""
    if wave.group and wave.kind == WaveKind.GROUP:
        return wave.group.group_title or ""
    if wave.kind == WaveKind.SUPPLIER:
        return worst.incident.story.supplier or wave.worst.supplier_key
    return str(Burst(Burst.BODY if wave.kind == WaveKind.BODY else wave.worst.burst).label)


def say_level(wave: Wave) -> str:
    """How many are as bad as the worst."""
    as_bad = sum(case.severity == wave.worst.severity for case in wave.cases)
    return _("%(as_bad)s sur %(number)s") % {"as_bad": as_bad, "number": len(wave.cases)}


def say_bodies(wave: Wave, worst: Line) -> str:
    """« 9 collectivités », or the one that declared them all."""
    number = len({case.body for case in wave.cases})
    several = ngettext("%(number)s collectivité", "%(number)s collectivités", number) % {"number": number}
    return several if number > 1 else worst.body


def offer_group(wave: Wave, worst: Line) -> dict[str, Any]:
    """What `parts/supplier.html` offers: the group, what it lacks, or to make one of a supplier."""
    if wave.kind not in {WaveKind.GROUP, WaveKind.SUPPLIER}:
        return {}
    group = wave.group if wave.kind == WaveKind.GROUP else None
    return {
        "supplier_key": wave.worst.supplier_key,
        "name": worst.incident.story.supplier or wave.worst.supplier_key,
        "outside": wave.outside(),
        "uid": group and group.group,
        "title": group and group.group_title,
        "key": secrets.token_urlsafe(),
    }
