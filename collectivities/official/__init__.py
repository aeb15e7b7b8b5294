from pathlib import Path

from collectivities.official.compact import read_compact_list, read_departements
from collectivities.official.package import read_package
from collectivities.official.rows import DepartementRow, OfficialList

SHIPPED_LIST = Path(__file__).parent.parent / "data" / "official-list.csv.xz"


def read_official_list(source: Path | None = None, millesime: int | None = None) -> OfficialList:
    """Return the official list at `source`, or by default the list shipped with this version.

    `source` is a compact file, the folder of a package or the .tgz file of a package. `millesime` gives the year for a
    package that does not state it. Raises `UnreadableList` if the list cannot be read.
    """
    path = source or SHIPPED_LIST
    return read_compact_list(path) if path.name.endswith(".csv.xz") else read_package(path, millesime)


def load_shipped_departements() -> list[DepartementRow]:
    return read_departements(SHIPPED_LIST)
