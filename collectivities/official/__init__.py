from pathlib import Path

from collectivities.official.compact import read_compact, read_departements
from collectivities.official.package import read_package
from collectivities.official.rows import DepartementRow, OfficialList

SHIPPED_LIST = Path(__file__).parent.parent / "data" / "official-list.csv.xz"


def read_official_list(source: Path | None = None, millesime: int | None = None) -> OfficialList:
    """Return the list shipped with this version, or the list at `source`: a compact file, the folder of a package or
    its .tgz. Raises `UnreadableList` if it cannot be read.
    """
    path = source or SHIPPED_LIST
    return read_compact(path) if path.name.endswith(".csv.xz") else read_package(path, millesime)


def load_shipped_departements() -> list[DepartementRow]:
    return read_departements(SHIPPED_LIST)
