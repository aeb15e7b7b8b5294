"""The layout of the page in two columns that end at about the same height.

The second column continues the reading order of the first, if possible. Columns made by CSS would balance themselves,
but would also move a block to the other column when a reader opens its table.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import compress

from stats.pages.sections import FiguresSection

# Heights in pixels in the layout with two columns, precise enough to choose where the first column ends.
BEFORE_SECTIONS = {
    "months": ("stats/months.html", 475),
    "quarters": ("stats/quarters.html", 350),
    "map": ("stats/map.html", 1050),
}
AFTER_SECTIONS = {
    "strata": ("stats/strata.html", 670),
    "missing": ("stats/missing.html", 220),
    "method": ("stats/method.html", 605),
}
HEAD_HEIGHT, BAR_HEIGHT, NOTE_HEIGHT = 225, 54, 45
BLOCK_GAP = 24
# The greatest difference of heights that no reader notices, and how much a part out of order must reduce it.
UNNOTICED_DIFFERENCE = 150
OUT_OF_ORDER_COST = 60


@dataclass(frozen=True)
class Block:
    """A part of the page, drawn by its `template`. `section` is its content if it shows a breakdown, otherwise
    None.
    """

    template: str
    height: int
    section: FiguresSection | None = None


type Columns = tuple[list[Block], list[Block]]


@dataclass(frozen=True)
class Layout:
    """The arrangement of the blocks: one or two `columns`, and the blocks `below` them."""

    columns: list[list[Block]]
    below: list[Block]


def lay_out_blocks(parts: Mapping[str, object], sections: Sequence[FiguresSection]) -> Layout:
    """Return the layout with the smallest difference of heights, in reading order if possible.

    `parts` are the contents of the other blocks by name, and an empty one has no block. The last block, which explains
    the methodology, comes below both columns if this makes their heights differ less.
    """
    blocks = [
        *list_blocks(BEFORE_SECTIONS, parts),
        *map(make_section_block, sections),
        *list_blocks(AFTER_SECTIONS, parts),
    ]
    _cost, columns, below = min(
        (
            (max(UNNOTICED_DIFFERENCE, measure_height_difference(columns)) + moved * OUT_OF_ORDER_COST, columns, below)
            for inside, below in ((blocks, []), (blocks[:-1], blocks[-1:]))
            for moved, columns in list_column_splits(inside)
        ),
        key=lambda choice: choice[0],
    )
    return Layout([column for column in columns if column], below)


def list_blocks(templates: Mapping[str, tuple[str, int]], parts: Mapping[str, object]) -> list[Block]:
    """Return the blocks of `templates` whose part is not empty. The values of `templates` are (template, height)."""
    return [Block(template, height) for name, (template, height) in templates.items() if parts[name]]


def make_section_block(section: FiguresSection) -> Block:
    """Return the block of a section, with a height computed from its number of bars."""
    note = NOTE_HEIGHT if section.note or section.undrawn_count else 0
    return Block("stats/section.html", HEAD_HEIGHT + BAR_HEIGHT * len(section.bars) + note, section)


def list_column_splits(blocks: list[Block]) -> Iterator[tuple[int, Columns]]:
    """Yield (blocks out of order, columns) for each division of the list into two columns.

    At most one block is out of reading order. The first block begins its column, and the last block ends its column.
    """
    numbers = range(len(blocks))
    for cut in numbers:
        for moved in (None, *(numbers[1:-1] if cut < numbers[-1] else ())):
            is_left = [(number <= cut) != (number == moved) for number in numbers]
            columns = list(compress(blocks, is_left)), [*compress(blocks, (not flag for flag in is_left))]
            yield int(moved is not None), columns


def measure_height_difference(columns: Columns) -> int:
    """Return the difference between the heights of the two columns, in pixels."""
    left_height, right_height = (sum(block.height + BLOCK_GAP for block in column) for column in columns)
    return abs(left_height - right_height)
