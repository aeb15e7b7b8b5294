"""The rows of the queue in the order of its page: lines of cases, and waves in the words of all their cases."""

import secrets
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from core.french import choose_plural
from incidents.enums import Burst, Severity
from incidents.models import Incident
from incidents.triage.queue.lines import TO_CALL_BACK, Line, lines_of
from incidents.triage.queue.order import OpenCase
from incidents.triage.queue.pages import MEMBERS_SHOWN, OPENED, WITHIN, Asked, Page
from incidents.triage.queue.waves import Wave, WaveKind

# Nothing is kept of the connection or of the mailbox: two such cases may share neither.
NAMES = {
    Burst.ADDRESS: "marqués pour leur connexion à Internet",
    Burst.MAILBOX: "marqués pour leur adresse mail à rappeler",
    Burst.BODY: "marqués pour leur collectivité",
}


@dataclass(frozen=True)
class WaveLine:
    """A wave as its worst case stands for it. `link` opens or shuts it; `all` shows each of its cases, where it is
    open and holds more than are shown. `marks` are what the line of a case would say first: how many of them.
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
    marks: list[str]
    late: str
    unverified: int
    free: int
    references: str
    offered: dict[str, Any]
    is_chance: bool
    is_wave: bool = True

    @property
    def level(self) -> int:
        return self.worst.level

    @property
    def is_urgent(self) -> bool:
        """Tell whether the worst of its cases is critical and there to be taken: it is, without opening the wave."""
        return self.worst.is_free and self.level == Severity.CRITICAL


type Row = Line | WaveLine


def rows_on(page: Page, incidents: Mapping[int, Incident], now: datetime) -> list[Row]:
    """A case that left the centre since the page began is not there. One query."""
    lines = {line.incident.pk: line for line in lines_of(incidents.values(), now)}
    return list(list_rows(page, lines, now))


def list_rows(page: Page, lines: Mapping[int, Line], now: datetime) -> Iterator[Row]:
    for wave in page.waves:
        if wave.worst.pk not in lines:
            continue
        if wave.kind is None:
            yield lines[wave.worst.pk]
            continue
        members = page.members.get(wave.key)
        yield describe_wave(wave, page.asked, lines[wave.worst.pk], now, is_open=members is not None)
        for case in members or ():
            if case.pk in lines:
                yield replace(lines[case.pk], is_member=True)


def describe_wave(wave: Wave, asked: Asked, worst: Line, now: datetime, *, is_open: bool) -> WaveLine:
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
        marks=list(list_marks(wave, worst)),
        late=say_late(cases, now),
        unverified=sum(not case.is_verified for case in cases),
        free=sum(case.is_free for case in cases),
        references=" ".join(case.reference for case in cases),
        offered=offer_group(wave, worst),
        is_chance=kind == WaveKind.BURST,
    )


def name_of(wave: Wave, worst: Line) -> str:
    """What its cases have in common: the title of their group, their supplier, or why they were marked."""
    if wave.group:
        return wave.group.group_title or ""
    if wave.kind == WaveKind.SUPPLIER:
        return worst.incident.story.supplier or wave.supplier_key
    return str(Burst.BODY.label if wave.kind == WaveKind.BODY else NAMES[Burst(wave.worst.burst)])


def say_level(wave: Wave) -> str:
    """« Élevée, pour 2 sur 18 »: how many are as bad as the worst."""
    as_bad = sum(case.severity == wave.worst.severity for case in wave.cases)
    return f"pour {as_bad} sur {len(wave.cases)}"


def say_bodies(wave: Wave, worst: Line) -> str:
    """« 9 collectivités », or the one that declared them all."""
    number = len({case.body for case in wave.cases})
    several = choose_plural("%(number)s collectivité", "%(number)s collectivités", number) % {"number": number}
    return several if number > 1 else worst.body


def say_late(cases: list[OpenCase], now: datetime) -> str:
    """« 3 en retard, dont 1 réponse », or nothing. Whoever waits too long for an answer makes a case late."""
    late = sum(case.is_late(now) for case in cases)
    answers = sum(case.is_answer_late(now) for case in cases)
    said = f"{late} en retard" if late else ""
    of_answers = choose_plural(", dont %(number)s réponse", ", dont %(number)s réponses", answers) % {
        "number": answers
    }
    return said + (of_answers if answers else "")


def list_marks(wave: Wave, worst: Line) -> Iterator[str]:
    """Whether the worst one is new, how many wait for a call, then what else the worst one is marked with."""
    if worst.has_news:
        yield "nouveau"
    if number := sum(case.is_to_call_back for case in wave.cases):
        yield f"{number} à rappeler"
    yield from (mark for mark in worst.marks if mark != TO_CALL_BACK)


def offer_group(wave: Wave, worst: Line) -> dict[str, Any]:
    """What `parts/supplier.html` offers: the group, what it lacks, or to make one of a supplier."""
    if wave.kind not in {WaveKind.GROUP, WaveKind.SUPPLIER}:
        return {}
    group = wave.group
    return {
        "supplier_key": wave.supplier_key,
        "name": worst.incident.story.supplier or wave.supplier_key,
        "lacking": wave.lacking,
        "outside": wave.outside(),
        "uid": group and group.group,
        "title": group and group.group_title,
        "key": secrets.token_urlsafe(),
    }
