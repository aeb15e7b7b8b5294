"""The map of France in equal tiles. Each territory has three letters and a position on a grid of half tiles
(`charts.css`).
"""

from dataclasses import dataclass
from typing import NamedTuple

from core.french import format_number
from stats.pages.charts import choose_scale
from stats.pages.page import CategoryLine, FiguresPage
from stats.releases.reading import CellState


class TilePlace(NamedTuple):
    """The position of a territory on the grid. A tile is two half tiles wide.

    `column` is the half tile, from 1 to 9, at which the tile begins. `row` starts at 1. No tile is in row 7, which is
    the sea.
    """

    letters: str
    column: int
    row: int


TILES = {
    "32": TilePlace("HDF", 5, 1),
    "28": TilePlace("NOR", 3, 2),
    "11": TilePlace("IDF", 5, 2),
    "44": TilePlace("GES", 7, 2),
    "53": TilePlace("BRE", 1, 3),
    "52": TilePlace("PDL", 3, 3),
    "24": TilePlace("CVL", 5, 3),
    "27": TilePlace("BFC", 7, 3),
    "75": TilePlace("NAQ", 4, 4),
    "84": TilePlace("ARA", 6, 4),
    "76": TilePlace("OCC", 5, 5),
    "93": TilePlace("PAC", 7, 5),
    "94": TilePlace("COR", 9, 6),
    "01": TilePlace("GUA", 1, 8),
    "02": TilePlace("MTQ", 3, 8),
    "03": TilePlace("GUF", 5, 8),
    "04": TilePlace("REU", 7, 8),
    "06": TilePlace("MAY", 9, 8),
}
# The overseas collectivities, whose tiles are in one row below.
SMALL = {"987": "PF", "988": "NC"}


@dataclass(frozen=True)
class MapTile:
    """The tile of one territory. `level` is its colour from 1 to 5, or 0 if the territory has no number."""

    line: CategoryLine
    letters: str
    level: int
    is_small: bool
    is_chosen: bool


@dataclass(frozen=True)
class RegionMap:
    """The map of incidents by région. `unplaced` is the line of other and unknown territories, which have no tile.

    `steps` are the (level, range of numbers) of the levels that the map uses.
    """

    tiles: list[MapTile]
    unplaced: CategoryLine
    steps: list[tuple[int, str]]

    @property
    def has_dash(self) -> bool:
        """True if a tile has a dash instead of a number."""
        return any(tile.line.cell.state is CellState.BELOW for tile in self.tiles)


def draw_map(page: FiguresPage) -> RegionMap | None:
    """Return the map of incidents by région in the year of the page, or None if its table is not open.

    The map shows the whole nation on the page of a région too, and marks the tile of that région.
    """
    if not page.printed.is_open("incidents_by_region"):
        return None
    lines = page.get_region_breakdown().lines
    scale = choose_scale(line.cell.value for line in lines if line.cell.value is not None and line.code)
    tiles = [
        MapTile(
            line=line,
            letters=TILES[line.code].letters if line.code in TILES else SMALL[line.code],
            level=scale.find_level(line.cell.value) if line.cell.value is not None else 0,
            is_small=line.code in SMALL,
            is_chosen=page.region is not None and page.region.code == line.code,
        )
        for line in lines
        if line.code
    ]
    steps = [
        (level, format_step(first, last))
        for level, first, last in scale.list_steps(tile.level for tile in tiles if tile.level)
    ]
    return RegionMap(tiles, next(line for line in lines if not line.code), steps)


def format_step(first: int, last: int | None) -> str:
    """Return the range of numbers of a level: « 25 à 40 », « 5 », or « 85 et plus » if `last` is None."""
    if last is None:
        return f"{format_number(first)} et plus"
    return format_number(first) if first == last else f"{format_number(first)} à {format_number(last)}"
