"""France in equal tiles: of each territory three letters, and its place on a grid of half tiles (as `charts.css`)."""

from typing import NamedTuple


class Tile(NamedTuple):
    """`column`: of ten half tiles, from 1; a tile is two wide. `row` from 1; the sea is row 7."""

    letters: str
    column: int
    row: int


TILES = {
    "32": Tile("HDF", 5, 1),
    "28": Tile("NOR", 3, 2),
    "11": Tile("IDF", 5, 2),
    "44": Tile("GES", 7, 2),
    "53": Tile("BRE", 1, 3),
    "52": Tile("PDL", 3, 3),
    "24": Tile("CVL", 5, 3),
    "27": Tile("BFC", 7, 3),
    "75": Tile("NAQ", 4, 4),
    "84": Tile("ARA", 6, 4),
    "76": Tile("OCC", 5, 5),
    "93": Tile("PAC", 7, 5),
    "94": Tile("COR", 9, 6),
    "01": Tile("GUA", 1, 8),
    "02": Tile("MTQ", 3, 8),
    "03": Tile("GUF", 5, 8),
    "04": Tile("REU", 7, 8),
    "06": Tile("MAY", 9, 8),
}
# Collectivities overseas: half as wide, in one row below.
SMALL = {"975": "PM", "977": "BL", "978": "MF", "987": "PF", "986": "WF", "988": "NC"}
