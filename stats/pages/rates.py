"""The share of bodies of each stratum that declared an incident, as certain bounds and not as an estimate."""

from collections.abc import Iterable
from dataclasses import dataclass
from fractions import Fraction

from core.french import format_number
from stats.labels import bind_words, format_percent, round_percent_down, round_percent_up
from stats.pages.page import FiguresPage
from stats.releases.reading import PrintedCell


@dataclass(frozen=True)
class StratumRate:
    """The rate of one stratum in a year. `cell` is the printed number of bodies that declared an incident.

    `bodies` is the exact number of bodies that existed at the end of the year.
    """

    label: str
    cell: PrintedCell
    bodies: int

    @property
    def max_bodies(self) -> int:
        """The greatest possible number of bodies that declared: the most that `cell` allows, and at most `bodies`."""
        return min(self.cell.high, self.bodies)

    @property
    def has_share(self) -> bool:
        """True if the stratum has bodies and its cell has a number."""
        return self.cell.is_shown and self.bodies > 0

    @property
    def min_bodies(self) -> int:
        """The smallest possible number of bodies that declared."""
        return min(self.cell.low, self.bodies)

    @property
    def low(self) -> float:
        """The smallest possible share of bodies that declared, from 0 to 1. It is 0 if `has_share` is false."""
        return self.min_bodies / self.bodies if self.has_share else 0.0

    @property
    def high(self) -> float:
        """The greatest possible share of bodies that declared, from 0 to 1. It is 1 if `has_share` is false."""
        return self.max_bodies / self.bodies if self.has_share else 1.0

    @property
    def written_bounds(self) -> tuple[float, float]:
        """Both bounds of the share, rounded outwards as the page writes them. Use it only if `has_share` is true."""
        return (
            round_percent_down(Fraction(self.min_bodies, self.bodies)),
            round_percent_up(Fraction(self.max_bodies, self.bodies)),
        )

    @property
    def text(self) -> str:
        """The bounds of the number as text, such as « entre 6 et 14 sur 1 202 ». It is "" if `has_share` is false."""
        if not self.has_share:
            return ""
        low, high = format_number(self.min_bodies), format_number(self.max_bodies)
        return bind_words(f"entre {low} et {high} sur {format_number(self.bodies)}")

    @property
    def share_text(self) -> str:
        """The bounds of the share as text, such as « de 0,5 % à 1,3 % ». It is "" if `has_share` is false.

        The bounds are rounded outwards. Equal bounds are written once: « 100 % ».
        """
        if not self.has_share:
            return ""
        low, high = map(format_percent, self.written_bounds)
        return low if low == high else bind_words(f"de {low} à {high}")


def find_scale_end(rates: Iterable[StratumRate]) -> float:
    """Return the highest upper bound as the page writes it, or zero if no rate has a number."""
    return max((rate.written_bounds[1] for rate in rates if rate.has_share), default=0.0)


def list_stratum_rates(page: FiguresPage) -> list[StratumRate]:
    """Return the rate of each stratum of the nation. The list is empty for a région, or if the table is not open."""
    breakdown = page.find_breakdown("bodies_by_stratum")
    if breakdown is None:
        return []
    existing = page.printed.existing
    return [StratumRate(line.label, line.cell, existing.get(line.code, 0)) for line in breakdown.lines]
