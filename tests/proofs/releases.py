"""Releases of invented countries, drawn by the current publication rule."""

from collections.abc import Iterable, Sequence
from typing import Any

from stats.disclosure.draw import DrawResult, draw_release
from stats.disclosure.tables import Period
from tests.proofs.countries import EXISTING, Case
from tests.proofs.knowledge import Edition
from tests.proofs.tally import tally_cases

RULE = {"threshold": 5, "base": 5}
QUARTERS = (1, 2, 3, 4)


def print_release(period: str, tables: list[dict[str, Any]], *, number: int = 1) -> dict[str, Any]:
    """Return the printed file of a release, without the parts that depend on no case."""
    existing = [[int(period[:4]), "", stratum, count] for stratum, count in EXISTING.items()]
    return {"number": number, "period": period, "rule": RULE, "tables": tables, "existing": existing}


def draw_edition(
    cases: Sequence[Case],
    key: bytes,
    period: Period,
    *,
    earlier: Iterable[Edition] = (),
    late: Sequence[Case] = (),
    number: int = 1,
) -> tuple[Edition, DrawResult]:
    counts = tally_cases(cases, year=period.year, quarter=period.quarter, late=late)
    drawn = draw_release(counts, period=period, earlier=[edition.printed for edition in earlier], key=key)
    return Edition(print_release(str(period), drawn.tables, number=number), cases, late), drawn


def draw_year(
    cases: Sequence[Case],
    key: bytes,
    *,
    year: int = 2025,
    is_quarterly: bool = False,
    quarters: Sequence[int] = QUARTERS,
    late: Sequence[Case] = (),
) -> list[tuple[Edition, DrawResult]]:
    """Return the release of a year, preceded by those of `quarters` if `is_quarterly`."""
    drawn = [
        draw_edition(cases, key, Period(year, quarter), number=number)
        for number, quarter in enumerate(quarters if is_quarterly else (), start=1)
    ]
    earlier = [edition for edition, _drawn in drawn]
    of_year = draw_edition(cases, key, Period(year), earlier=earlier, late=late, number=1 + len(drawn))
    return [*drawn, of_year]
