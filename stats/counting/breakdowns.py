"""How one measure of a year spreads over its bands, beside the same months of the year before."""

from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from incidents.enums import TYPE_TERMS, Cause, DataCategory, IncidentType, LeakStatus, PersonsBand, PublicService
from stats.categories import DATA_CATEGORIES, PERSONS
from stats.counting.delays import Halves
from stats.counting.sums import ByBand
from stats.enums import ALL_BANDS, LEAK_STATUSES, NOT_SAID, DelayBand, HoursBand, Measure, type_band
from stats.pages.charts import Bar, with_shares
from stats.pages.labels import upper_first

MOST_BARS = 12

type Counted = list[tuple[str, int]]
type Bands = tuple[ByBand, ByBand]


@dataclass(frozen=True)
class Line:
    """One band. `before`: the same of the year before, 0 where there is no such year. `is_rest`: drawn in grey."""

    label: str
    value: int
    before: int
    is_rest: bool = False


@dataclass(frozen=True)
class Breakdown:
    """One table of the page. `code` is its anchor, `sheet` its name in a spreadsheet, `none` what an empty one says.

    Of delays: the bands that hold the middle and nine in ten of the known ones, and the exact times of few cases.
    """

    code: str
    sheet: str
    title: str
    heading: str
    lines: list[Line]
    none: str = ""
    halves: Halves | None = None
    half_in: str = ""
    nine_in_ten_in: str = ""

    @property
    def bars(self) -> list[Bar]:
        """The first lines, then what is drawn in grey. Those that come after are in the table alone."""
        named = [line for line in self.lines if not line.is_rest]
        drawn = [*named[: len(named) - self.only_in_table], *(line for line in self.lines if line.is_rest)]
        shares = with_shares([line.value for line in drawn])
        return [
            Bar(line.label, line.value, share, is_rest=line.is_rest) for line, share in zip(drawn, shares, strict=True)
        ]

    @property
    def only_in_table(self) -> int:
        """How many lines are not drawn; never one alone, whose sentence would be as long as its bar."""
        beyond = sum(not line.is_rest for line in self.lines) - MOST_BARS
        return beyond if beyond > 1 else 0

    @property
    def is_empty(self) -> bool:
        return not any(line.value for line in self.lines)


@dataclass(frozen=True)
class Breakdowns:
    """Every breakdown of the page. `columns`: those that stand under each other, in three columns."""

    types: Breakdown
    statuses: Breakdown
    columns: tuple[tuple[Breakdown, ...], ...]
    delays: tuple[Breakdown, ...]

    def __iter__(self) -> Iterator[Breakdown]:
        yield self.types
        yield self.statuses
        for column in self.columns:
            yield from column
        yield from self.delays


def make_breakdowns(before: ByBand, now: ByBand, halves: dict[str, Halves]) -> Breakdowns:
    bands = before, now
    return Breakdowns(
        types=break_by_type(bands),
        statuses=break_by_status(bands),
        columns=(
            (break_by_cause(bands),),
            (break_by_service(bands), break_by_time(bands, Measure.INTERRUPTIONS, halves)),
            (break_by_category(bands), break_by_persons(bands)),
        ),
        delays=tuple(
            break_by_time(bands, measure, halves) for measure in (Measure.DISCOVERY, Measure.HELP, Measure.CLOSING)
        ),
    )


def break_by_type(bands: Bands) -> Breakdown:
    unknown = type_band(IncidentType.UNKNOWN)
    choices = ((type_band(kind), TYPE_TERMS[kind]) for kind in TYPE_TERMS)
    lines = list_lines(bands, Measure.INCIDENTS, choices, rest=unknown)
    return Breakdown("types", _("Types"), _("Incidents par type"), _("Type"), sort_lines(lines))


def break_by_cause(bands: Bands) -> Breakdown:
    choices = [*Cause.choices, (NOT_SAID, _("pas encore dite"))]
    lines = list_lines(bands, Measure.CAUSES, choices, rest=NOT_SAID)
    return Breakdown("causes", _("Causes"), _("Incidents par cause"), _("Cause"), sort_lines(lines))


def break_by_service(bands: Bands) -> Breakdown:
    return Breakdown(
        "services",
        _("Services"),
        _("Interruptions par service public"),
        _("Service"),
        sort_lines(list_lines(bands, Measure.SERVICES, PublicService.choices)),
        none=_("Aucune interruption de service."),
    )


# Anchor, name of the sheet, title, bands.
TIMES: dict[str, tuple[str, Any, Any, Any]] = {
    Measure.INTERRUPTIONS: ("durees", gettext_lazy("Durées"), gettext_lazy("Durée des interruptions"), HoursBand),
    Measure.DISCOVERY: ("decouverte", gettext_lazy("Découverte"), Measure.DISCOVERY.label, DelayBand),
    Measure.HELP: ("prise-en-charge", gettext_lazy("Prise en charge"), Measure.HELP.label, DelayBand),
    Measure.CLOSING: ("cloture", gettext_lazy("Clôture"), Measure.CLOSING.label, DelayBand),
}


def break_by_time(bands: Bands, measure: Measure, halves: dict[str, Halves]) -> Breakdown:
    """Break a measure by how long it took, shortest first; the band of what is not known comes last."""
    code, sheet, title, band = TIMES[measure]
    lines = list_lines(bands, measure, band.choices, rest=band.UNKNOWN)
    known = [(line.label, line.value) for line in lines if not line.is_rest]
    return Breakdown(
        code,
        str(sheet),
        upper_first(str(title)),
        _("Durée") if measure == Measure.INTERRUPTIONS else _("Délai"),
        lines,
        none=_("Aucune interruption de service.") if measure == Measure.INTERRUPTIONS else _("Aucun incident."),
        halves=halves.get(measure),
        half_in=find_band(known, 50),
        nine_in_ten_in=find_band(known, 90),
    )


def break_by_status(bands: Bands) -> Breakdown:
    """Break leaks by what is known of them; those found to be none are counted apart, in grey."""
    lines = list_leak_lines(bands, 1, [(one.value, one.label) for one in LEAK_STATUSES])
    lines += list_lines(bands, Measure.UNFOUNDED, [(ALL_BANDS, LeakStatus.UNFOUNDED.label)], rest=ALL_BANDS)
    none = _("Aucune fuite de données.")
    return Breakdown("etats", _("États des fuites"), _("État des fuites"), _("État"), lines, none=none)


def break_by_persons(bands: Bands) -> Breakdown:
    lines = list_leak_lines(bands, 0, PERSONS.items(), rest=PersonsBand.UNKNOWN)
    none = _("Aucune fuite de données.")
    return Breakdown("personnes", _("Personnes"), _("Personnes par fuite"), _("Personnes"), lines, none=none)


def break_by_category(bands: Bands) -> Breakdown:
    return Breakdown(
        "categories",
        _("Catégories"),
        _("Fuites par catégorie de données"),
        _("Catégorie"),
        sort_lines(list_lines(bands, Measure.CATEGORIES, DATA_CATEGORIES.items(), rest=DataCategory.UNKNOWN)),
        none=_("Aucune catégorie n’est dite."),
    )


# Lines


def list_lines(
    bands: Bands, measure: Measure, choices: Iterable[tuple[str, Any]], *, rest: str | None = None
) -> list[Line]:
    """Return a line for each band of the measure. `rest`: the band that is drawn in grey."""
    before, now = bands
    return [
        Line(str(label), now[measure, value], before[measure, value], is_rest=value == rest)
        for value, label in choices
    ]


def list_leak_lines(
    bands: Bands, part: int, choices: Iterable[tuple[str, Any]], *, rest: str | None = None
) -> list[Line]:
    """Return the lines of leaks, whose bands have two parts: how many persons, then what is known of the leak."""
    before, now = (sum_leaks_by(part, by_band) for by_band in bands)
    return [Line(str(label), now[value], before[value], is_rest=value == rest) for value, label in choices]


def sum_leaks_by(part: int, by_band: ByBand) -> Counter[str]:
    found: Counter[str] = Counter()
    for (measure, band), value in by_band.items():
        if measure == Measure.LEAKS:
            found[band.split("/")[part]] += value
    return found


def sort_lines(lines: Iterable[Line]) -> list[Line]:
    """Return the highest first, what is not known last, without those that are empty in both years."""
    there = [line for line in lines if line.value or line.before]
    return sorted(there, key=lambda line: (line.is_rest, -line.value, -line.before))


def find_band(known: Counted, percent: int) -> str:
    """Return the band in which that share of the known ones is reached; "" when none is known."""
    total, reached = sum(value for _label, value in known), 0
    for label, value in known:
        reached += value
        if value and reached * 100 >= percent * total:
            return label
    return ""
