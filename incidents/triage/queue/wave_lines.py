"""The rows of the queue in the order of its page: lines of cases, and waves with what their cases have in common."""

import secrets
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from core.french import choose_plural
from incidents.enums import Burst, Severity
from incidents.models import Incident
from incidents.triage.queue.lines import TO_CALL_BACK, CaseLine, build_lines
from incidents.triage.queue.order import QueueCase
from incidents.triage.queue.pages import MAX_MEMBERS_SHOWN, OPENED, WITHIN, QueueFilters, QueuePage
from incidents.triage.queue.waves import Wave, WaveKind

# Which connection or mailbox a marked case came from is not stored, so two marked cases may come from different ones.
BURST_NAMES = {
    Burst.ADDRESS: "marqués pour leur connexion à Internet",
    Burst.MAILBOX: "marqués pour leur adresse mail à rappeler",
    Burst.BODY: "marqués pour leur collectivité",
}
OUTSIDE_GROUP = "hors du groupe"


@dataclass(frozen=True)
class WaveLine:
    """A wave as a row of the queue. It has the level of its worst case and shows its leading case (`Wave.leading`).

    `link` opens or closes the wave. `all` is the link to all its cases. It is "" if the wave is closed, or if all its
    cases are shown. `marks` are the marks of the leading case and the number of cases to call back. `outside` counts
    the cases that are not in the group of the wave. `to_take` and `late` are texts that count the cases of the group
    and the cases outside it separately.
    """

    worst: CaseLine
    leading: CaseLine
    kind: str
    name: str
    key: str
    link: str
    all: str
    is_open: bool
    number: int
    level_text: str
    bodies: str
    marks: list[str]
    late: str
    outside: str
    unverified: int
    to_take: str
    references: str
    offered: dict[str, Any]
    is_chance: bool
    is_wave: bool = True

    @property
    def level_class(self) -> str:
        """Return the CSS class of the row, which shows the severity of the worst case of the wave."""
        return self.worst.level_class

    @property
    def leading_text(self) -> str:
        """Return the label « le plus pressant », or « le plus pressant du groupe » if another case is worse."""
        return "le plus pressant" if self.is_worst_leading else "le plus pressant du groupe"

    @property
    def short_leading_text(self) -> str:
        """Return `leading_text` in fewer words, for a narrow column."""
        return "en tête" if self.is_worst_leading else "en tête du groupe"

    @property
    def is_worst_leading(self) -> bool:
        """Tell whether the leading case is also the worst case of the wave."""
        return self.leading.incident.pk == self.worst.incident.pk

    @property
    def is_urgent(self) -> bool:
        """Tell whether the leading case is critical and must be taken. It can then be taken from this row."""
        return self.leading.must_be_taken and self.leading.level == Severity.CRITICAL


type QueueRow = CaseLine | WaveLine


def build_rows(page: QueuePage, incidents: Mapping[int, Incident], now: datetime) -> list[QueueRow]:
    """Return the rows of the page: the lines of single cases and of waves. Runs one query.

    Cases that have left the centre since the page was read are left out.
    """
    lines = {line.incident.pk: line for line in build_lines(incidents.values(), now)}
    return list(iterate_rows(page, lines, now))


def iterate_rows(page: QueuePage, lines: Mapping[int, CaseLine], now: datetime) -> Iterator[QueueRow]:
    """Yield the rows of the page. The cases of an open wave follow its row. `lines` maps primary keys to lines."""
    for wave in page.waves:
        # If the worst case has left the centre since the page was read, show the worst of those that remain here.
        worst = next((lines[case.pk] for case in (wave.worst, wave.leading, *wave.cases) if case.pk in lines), None)
        if worst is None:
            continue
        if wave.kind is None:
            yield worst
            continue
        members = page.members.get(wave.key)
        leading = lines.get(wave.leading.pk, worst)
        yield build_wave_line(wave, page.filters, worst, leading, now, is_open=members is not None)
        for case in members or ():
            if case.pk in lines:
                yield make_member_line(wave, case, lines[case.pk])


def make_member_line(wave: Wave, case: QueueCase, line: CaseLine) -> CaseLine:
    """Return the line of a case below its open wave. A mark says if the case is not in the group of the wave."""
    marks = [OUTSIDE_GROUP, *line.marks] if is_outside_group(wave, case) else line.marks
    return replace(line, is_member=True, marks=marks)


def is_outside_group(wave: Wave, case: QueueCase) -> bool:
    """Tell whether the wave is that of a group to which the case does not belong."""
    return wave.kind == WaveKind.GROUP and case.group is None


def build_wave_line(
    wave: Wave, filters: QueueFilters, worst: CaseLine, leading: CaseLine, now: datetime, *, is_open: bool
) -> WaveLine:
    """Return the row of a wave. `worst` and `leading` are the lines of its worst case and of its leading case."""
    kind, cases = WaveKind(wave.kind or ""), wave.cases
    inside = [case for case in cases if not is_outside_group(wave, case)]
    outside = [case for case in cases if is_outside_group(wave, case)]
    return WaveLine(
        worst=worst,
        leading=leading,
        kind=str(kind.label),
        name=format_wave_name(wave, worst),
        key=wave.key,
        link=filters.make_page_link() if is_open else filters.make_page_link(**{OPENED: wave.key}),
        all=filters.make_link(**{WITHIN: wave.key}) if is_open and len(cases) > MAX_MEMBERS_SHOWN else "",
        is_open=is_open,
        number=len(cases),
        level_text=format_worst_count(wave),
        bodies=format_bodies(wave, worst),
        marks=list(list_wave_marks(wave, leading)),
        outside=format_outside_count(outside, worst),
        late=join_outside_count(format_late_count(inside, now), format_late_count(outside, now)),
        unverified=sum(not case.is_verified for case in cases),
        to_take=join_outside_count(format_untaken_count(inside), format_untaken_count(outside)),
        references=" ".join(case.reference for case in cases),
        offered=describe_group_offer(wave, worst),
        is_chance=kind == WaveKind.BURST,
    )


def format_wave_name(wave: Wave, worst: CaseLine) -> str:
    """Return what the cases of the wave have in common.

    It is the title of their group, their supplier, or the connection, mailbox or body from which too many cases came.
    """
    if wave.group:
        return wave.group.group_title or ""
    if wave.kind == WaveKind.SUPPLIER:
        return worst.incident.story.supplier or wave.supplier_key
    return str(Burst.BODY.label if wave.kind == WaveKind.BODY else BURST_NAMES[Burst(wave.worst.burst)])


def format_worst_count(wave: Wave) -> str:
    """Return how many cases are as severe as the worst, such as « pour 2 sur 18 »."""
    as_bad = sum(case.severity == wave.worst.severity for case in wave.cases)
    return f"pour {as_bad} sur {len(wave.cases)}"


def format_bodies(wave: Wave, worst: CaseLine) -> str:
    """Return how many bodies declared the cases, such as « 9 collectivités », or the name of the only one."""
    number = len({case.body for case in wave.cases})
    several = choose_plural("%(number)s collectivité", "%(number)s collectivités", number) % {"number": number}
    return several if number > 1 else worst.body


def format_late_count(cases: list[QueueCase], now: datetime) -> str:
    """Return how many cases are late, such as « 3 en retard, dont 1 réponse », or "" if none is.

    A case whose answer is late is itself late.
    """
    late = sum(case.is_late(now) for case in cases)
    answers = sum(case.is_answer_late(now) for case in cases)
    late_text = f"{late} en retard" if late else ""
    of_answers = choose_plural(", dont %(number)s réponse", ", dont %(number)s réponses", answers) % {
        "number": answers
    }
    return late_text + (of_answers if answers else "")


def format_untaken_count(cases: list[QueueCase]) -> str:
    """Return how many cases must be taken, such as « 10 à prendre », or "" if there are none."""
    number = sum(case.must_be_taken for case in cases)
    return f"{number} à prendre" if number else ""


def join_outside_count(inside: str, outside: str) -> str:
    """Return one text for two counts: « 10 à prendre (+ 2) », « hors du groupe : 2 à prendre », or "".

    `inside` is the text that counts the cases of the group; `outside` counts the other cases of the wave.
    """
    if inside and outside:
        return f"{inside} (+\N{NO-BREAK SPACE}{outside.split()[0]})"
    return inside or (outside and f"{OUTSIDE_GROUP}\N{NO-BREAK SPACE}: {outside}")


def format_outside_count(outside: list[QueueCase], worst: CaseLine) -> str:
    """Return how many cases are outside the group, such as « 2 hors du groupe », or "" if there are none.

    The text also says if the worst case of the wave is one of them, since that case gives the row its level.
    """
    if not outside:
        return ""
    number = f"{len(outside)} {OUTSIDE_GROUP}"
    if outside[0].pk != worst.incident.pk:
        return number
    return f"{number}, dont le plus pressant ({worst.clock})"


def list_wave_marks(wave: Wave, leading: CaseLine) -> Iterator[str]:
    """Yield the marks of the row of a wave.

    The first one says if the leading case has news. The second one says how many cases must be called back. The other
    marks of the leading case follow.
    """
    if leading.has_news:
        yield "nouveau"
    if number := sum(case.is_to_call_back for case in wave.cases):
        yield f"{number} à rappeler"
    yield from (mark for mark in leading.marks if mark != TO_CALL_BACK)


def describe_group_offer(wave: Wave, worst: CaseLine) -> dict[str, Any]:
    """Return the context of `parts/supplier.html`, or {} for a wave that has no group and no supplier.

    The template links to the group of the wave, and offers to add the missing cases to it or to create a group for the
    supplier. `hidden_count` is the number of missing cases that the filters of the page hide.
    """
    if wave.kind not in {WaveKind.GROUP, WaveKind.SUPPLIER}:
        return {}
    group = wave.group
    return {
        "supplier_key": wave.supplier_key,
        "name": worst.incident.story.supplier or wave.supplier_key,
        "lacking": wave.lacking,
        "hidden_count": wave.lacking - wave.count_ungrouped(),
        "uid": group and group.group,
        "title": group and group.group_title,
        "key": secrets.token_urlsafe(),
    }
