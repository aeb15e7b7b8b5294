"""How many bodies of each kind declared an incident, out of those that exist: certain bounds, no estimate."""

from dataclasses import dataclass

from django.utils.translation import gettext as _

from stats.pages.labels import bind, format_number, format_percent
from stats.pages.page import Page
from stats.releases.reading import Cell


@dataclass(frozen=True)
class StratumRate:
    """`bodies`: how many existed at the end of the year. `cell`: those that declared an incident."""

    label: str
    cell: Cell
    bodies: int

    @property
    def most(self) -> int:
        """The most that the true number can be: the rounding may go beyond all that exist."""
        return min(self.cell.high, self.bodies)

    @property
    def has_share(self) -> bool:
        return self.cell.is_shown and self.bodies > 0

    @property
    def low(self) -> float:
        """The least that the true share can be."""
        return min(self.cell.low, self.bodies) / self.bodies if self.has_share else 0.0

    @property
    def high(self) -> float:
        """The most that the true share can be: all of them where there is no number."""
        return self.most / self.bodies if self.has_share else 1.0

    @property
    def text(self) -> str:
        """« entre 6 et 14 sur 1 202 »; empty where there is no number."""
        if not self.has_share:
            return ""
        low, high = format_number(min(self.cell.low, self.bodies)), format_number(self.most)
        return bind(
            _("entre %(low)s et %(high)s sur %(bodies)s")
            % {"low": low, "high": high, "bodies": format_number(self.bodies)}
        )

    @property
    def share_text(self) -> str:
        """« de 0,5 % à 1,2 % », « 11 % » where both are written alike; empty where there is no number."""
        if not self.has_share:
            return ""
        low, high = format_percent(self.low), format_percent(self.high)
        return low if low == high else bind(_("de %(low)s à %(high)s") % {"low": low, "high": high})


def list_rates(page: Page) -> list[StratumRate]:
    """Return the strata of the nation; none if the table did not open, or of a région."""
    breakdown = page.breakdown("bodies_by_stratum")
    if breakdown is None:
        return []
    existing = page.printed.existing
    return [StratumRate(line.label, line.cell, existing.get(line.code, 0)) for line in breakdown.lines]
