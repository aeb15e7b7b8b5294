"""The shipped form of the official list: a CSV compressed with xz, with one line for each body, in a stable order.

The first field of a line is its type: `list` (with the millésime), `region`, `departement` or `body`.
"""

import csv
import lzma
from collections.abc import Iterator
from io import TextIOWrapper
from itertools import takewhile
from pathlib import Path

from collectivities.enums import Kind
from collectivities.official.rows import AliasRow, BodyRow, DepartementRow, OfficialList, RegionRow, UnreadableList

type CompactLine = list[str]


def write_compact_list(official: OfficialList, path: Path) -> None:
    with lzma.open(path, "wb", preset=9 | lzma.PRESET_EXTREME) as packed, TextIOWrapper(packed, "utf-8") as text:
        csv.writer(text, lineterminator="\n").writerows(_format_lines(official))


def read_compact_list(path: Path) -> OfficialList:
    """Return the official list of a compact file. Raises `UnreadableList` if the file is truncated, altered or of
    another format.
    """
    try:
        with lzma.open(path, "rt", encoding="utf-8", newline="") as text:
            return _parse_lines(csv.reader(text))
    except (OSError, EOFError, ValueError, TypeError, IndexError, lzma.LZMAError, csv.Error) as error:
        raise UnreadableList(f"Liste illisible dans {path} : {error}") from error


def read_departements(path: Path) -> list[DepartementRow]:
    """Return the départements, reading only the head of the file."""
    with lzma.open(path, "rt", encoding="utf-8", newline="") as text:
        head = takewhile(lambda line: line[0] != "body", csv.reader(text))
        return [DepartementRow(*values) for kind, *values in head if kind == "departement"]


def _format_lines(official: OfficialList) -> Iterator[CompactLine]:
    yield ["list", str(official.millesime)]
    for region in sorted(official.regions, key=lambda row: row.code):
        yield ["region", region.code, region.name, region.zone]
    for territory in sorted(official.departements, key=lambda row: row.code):
        yield ["departement", territory.code, territory.name, territory.zone, territory.region]
    for body in sorted(official.bodies, key=lambda row: (row.kind, row.code)):
        yield ["body", body.kind, body.code, body.name, str(body.liaison), body.siren, body.region, body.departement,
               "" if body.population is None else str(body.population), " ".join(body.postal_codes),
               " ".join(body.groups), "|".join(f"{alias.code}:{alias.name}" for alias in body.aliases)]  # fmt: skip


def _parse_lines(lines: Iterator[CompactLine]) -> OfficialList:
    _list, millesime = next(lines, ["", ""])
    official = OfficialList(int(millesime))
    for kind, *values in lines:
        if kind == "region":
            official.regions.append(RegionRow(*values))
        elif kind == "departement":
            official.departements.append(DepartementRow(*values))
        else:
            official.bodies.append(_parse_body(values))
    return official


def _parse_body(values: CompactLine) -> BodyRow:
    kind, code, name, liaison, siren, region, departement, population, postal_codes, groups, aliases = values
    return BodyRow(
        kind=Kind(kind),
        code=code,
        name=name,
        liaison=int(liaison),
        siren=siren,
        region=region,
        departement=departement,
        population=int(population) if population else None,
        postal_codes=tuple(postal_codes.split()),
        groups=tuple(groups.split()),
        aliases=tuple(AliasRow(*alias.split(":", 1)) for alias in aliases.split("|") if alias),
    )
