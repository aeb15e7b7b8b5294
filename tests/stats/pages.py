"""Pages made of printed numbers in memory, without a database."""

from collections.abc import Collection, Mapping
from typing import Any

from collectivities.models import Region
from stats.disclosure.tables import CATEGORIES, TABLES
from stats.enums import Stratum
from stats.pages.page import FiguresPage
from stats.releases.reading import PrintedYear, Tables
from stats.releases.rows import Release
from tests.stats.printing import PUBLISHED_AT

BRETAGNE, CORSE = Region(code="53", name="Bretagne"), Region(code="94", name="Corse")
BODIES = dict(zip(Stratum.values, (18_700, 9_800, 5_300, 1_050, 1_250, 120), strict=True))
FULL = (1, 2, 3, 4)


def a_page(
    tables: Mapping[Any, Any],
    *,
    before: Mapping[Any, Any] | None = None,
    region: Region | None = None,
    quarters: Collection[int] = FULL,
    is_over: bool = True,
) -> FiguresPage:
    """Return the page of 2025, with the tables of 2024 as `before`.

    `tables` maps a code to a number, or to a mapping from category to number; None is a dash. The tables of a quarter
    are under its number.
    """
    return FiguresPage(
        regions=[BRETAGNE, CORSE],
        region=region,
        years={2025: is_over} | ({2024: True} if before else {}),
        printed=a_year(2025, tables, quarters, is_over=is_over),
        before=a_year(2024, before, FULL) if before else PrintedYear(2024),
    )


def a_year(year: int, tables: Mapping[Any, Any], quarters: Collection[int], *, is_over: bool = True) -> PrintedYear:
    own = {code: table for code, table in tables.items() if isinstance(code, str)}
    return PrintedYear(
        year=year,
        release=Release(number=5, year=year, published_at=PUBLISHED_AT) if is_over else None,
        quarters={number: Release(number=number, year=year, quarter=number) for number in quarters},
        tables={number: key_cells(tables.get(number, {})) for number in quarters}
        | ({0: key_cells(own)} if is_over else {}),
        existing=BODIES,
    )


def key_cells(tables: Mapping[str, Any]) -> Tables:
    return {
        code: {
            (*((cell,) if isinstance(cell, str) else cell), "", "")[:2]: value
            for cell, value in (table if isinstance(table, dict) else {"": table}).items()
        }
        for code, table in tables.items()
    }


def fill(table: str, *values: int | None, rest: int | None = None) -> dict[str, int | None]:
    """Return the cells of a table: the first categories have these values, and the others have `rest`."""
    codes = CATEGORIES[TABLES[table].by[-1]]
    return dict(zip(codes, [*values, *[rest] * (len(codes) - len(values))], strict=True))


def plain(words: str) -> str:
    """Return the words with ordinary spaces."""
    return words.replace("\u202f", " ").replace("\u00a0", " ")
