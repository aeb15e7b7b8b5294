"""The lines of a table of one dimension: bands, regions, strata. Each figure is a sum of whole blocks."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace

from django.utils.translation import gettext as _

from stats.published.numbers import SEVERAL, Cell, Number, Place, State, cell, of_region, summed, within

MOST_BARS = 12
UNKNOWN = "unknown"  # the last band of hours, delays and persons


@dataclass(frozen=True)
class Line:
    """`code` is its band's, "" for a remainder. `share` is the length of its bar, in percent of the longest."""

    code: str
    label: str
    cell: Cell
    is_rest: bool = False
    share: int = 0

    @property
    def value(self) -> int | None:
        return self.cell.value

    @property
    def is_shown(self) -> bool:
        return self.cell.state is State.SHOWN


@dataclass(frozen=True)
class Spread:
    """How one measure spreads over its bands. `total`: what is to be spread, some of it « non ventilé ». `may_be`:
    what numbers of several regions hold, of this one perhaps.
    """

    lines: tuple[Line, ...]
    total: int
    in_order: bool  # the bands have an order of their own: hours, persons
    may_be: int = 0

    @property
    def rest(self) -> int:
        return sum(line.value or 0 for line in self.lines if line.is_rest)

    @property
    def named(self) -> int:
        return sum(line.value or 0 for line in self.lines if not line.is_rest)

    @property
    def says_something(self) -> bool:
        """At least half of the cases are told apart."""
        return self.named > 0 and self.named * 2 >= self.total

    @property
    def shown(self) -> list[Line]:
        """Longest first where the bands have no order."""
        lines = [line for line in self.lines if line.is_shown and not line.is_rest]
        return lines if self.in_order else sorted(lines, key=lambda line: -(line.value or 0))

    @property
    def bars(self) -> list[Line]:
        """The remainder last. What has no figure is said in words, what comes after the longest ones in the table."""
        return [*self.shown[: len(self.shown) - self.only_in_table], *(line for line in self.lines if line.is_rest)]

    @property
    def only_in_table(self) -> int:
        """How many bars are not drawn; never one alone, whose sentence would be as long as its bar."""
        beyond = len(self.shown) - MOST_BARS
        return beyond if beyond > 1 else 0

    @property
    def grouped(self) -> list[str]:
        """The labels that have no figure of their own, because they are counted in a wider one."""
        return [line.label for line in self.lines if line.cell.is_withheld]

    @property
    def first(self) -> Line | None:
        """The line that comes first whatever the remainder holds; None if none surely does."""
        ranked = sorted((line for line in self.lines if not line.is_rest), key=lambda line: -(line.value or 0))
        hidden = self.total + self.may_be - self.named
        if len(ranked) < 2 or not ranked[0].value or ranked[0].value <= (ranked[1].value or 0) + hidden:
            return None
        return ranked[0]

    @property
    def half_within(self) -> str:
        """The code of the first band by which at least half of all cases have come, whatever the others are."""
        reached = 0
        for line in self.lines:
            if line.is_rest or line.code == UNKNOWN:
                continue
            reached += line.value or 0
            if reached * 2 >= self.total + self.may_be > 0:
                return line.code
        return ""


def spread(
    numbers: Sequence[Number],
    place: Place,
    bands: Iterable[tuple[str, str]],
    *,
    total: int | None = None,
    in_order: bool = False,
    bands_first: bool = False,
) -> Spread | None:
    """`numbers` of one measure; `bands`: code and label; `total` if another table counts the same. None: nothing.

    `bands_first`: regions are put together band by band.
    """
    said = summed(within(of_region(numbers, place.region), place.period))
    if said is None:
        return None
    is_all = said >= (total or 0)  # else nobody can say that a band is zero
    lines = [Line(band, label, known(cell(numbers, place, band), is_all=is_all)) for band, label in bands]
    rest = said - sum(line.value or 0 for line in lines)
    if rest > 0:
        lines.append(Line("", _("Non ventilé"), Cell(rest, State.SHOWN), is_rest=True))
    may_be = 0 if total is not None else sum(one.value for one in elsewhere(numbers, place, bands_first=bands_first))
    return Spread(tuple(with_bars(lines)), max(said, total or 0), in_order, may_be)


def elsewhere(numbers: Sequence[Number], place: Place, *, bands_first: bool) -> Iterator[Number]:
    """Those of several regions that may hold some of this one: it has no number of its own beside them."""
    if place.region is None:
        return
    own = {(one.since, one.band if bands_first else "") for one in of_region(numbers, place.region)}
    for one in of_region(numbers, SEVERAL):
        if place.period.meets(one) and (one.since, one.band if bands_first else "") not in own:
            yield one


def known(one: Cell, *, is_all: bool) -> Cell:
    return one if is_all or one.state is not State.ZERO else Cell(None, State.WITHHELD)


def with_bars(lines: list[Line]) -> list[Line]:
    longest = max((line.value or 0 for line in lines), default=0)
    return [replace(line, share=round(100 * (line.value or 0) / longest) if longest else 0) for line in lines]
