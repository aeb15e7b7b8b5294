"""Reader of the npm package @etalab/decoupage-administratif: its folder, its `data` folder, or the
.tgz of `npm pack`.
"""

import json
import re
import tarfile
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from collectivities.enums import Kind
from collectivities.official.councils import add_paris_aliases, list_councils
from collectivities.official.rows import AliasRow, BodyRow, DepartementRow, OfficialList, RegionRow, UnreadableList
from core.french import starts_with_vowel

type Record = dict[str, Any]
type ReadJson = Callable[[str], Any]

KINDS = {"CC": Kind.CC, "CA": Kind.CA, "CU": Kind.CU, "METRO": Kind.METROPOLE, "MET69": Kind.METROPOLE_LYON}
KINDS["EPT"] = Kind.EPT
# Version 4 held the list of 2024, version 5 that of 2025, version 6 that of 2026.
MILLESIME_OF_VERSION_0 = 2020


def read_package(source: Path, millesime: int | None = None) -> OfficialList:
    """Return the official list of a package. `millesime` gives the year if the package does not state it.

    Raises `UnreadableList` if a file is missing or does not have the format of the package.
    """
    try:
        read_json = _open_reader(source)
        return _build_list(read_json, millesime or _read_millesime(read_json))
    except (OSError, KeyError, ValueError, TypeError, tarfile.TarError) as error:
        raise UnreadableList(f"Liste illisible dans {source} : {error}") from error


def _open_reader(source: Path) -> ReadJson:
    """Return a function that parses a JSON file of the package, given its path relative to `data`."""
    if source.is_dir():
        data = source / "data" if (source / "data").is_dir() else source
        return lambda name: json.loads((data / name).read_text("utf-8"))
    with tarfile.open(source) as archive:
        texts = {
            Path(member.name).name: stream.read()
            for member in archive
            if re.fullmatch(r"package/(data/\w+|package)\.json", member.name)
            and (stream := archive.extractfile(member))
        }
    return lambda name: json.loads(texts[name.removeprefix("../")])


def _read_millesime(read_json: ReadJson) -> int:
    """Return the year of the list, which follows from the version of the package."""
    try:
        return MILLESIME_OF_VERSION_0 + int(read_json("../package.json")["version"].partition(".")[0])
    except (OSError, KeyError) as error:
        raise UnreadableList("Le millésime n’est pas dit : ajoutez --millesime ANNÉE.") from error


def _build_list(read_json: ReadJson, millesime: int) -> OfficialList:
    regions = [RegionRow(row["code"], row["nom"], row["zone"]) for row in read_json("regions.json")]
    departements = [
        (DepartementRow(row["code"], row["nom"], row["zone"], row["region"]), row["typeLiaison"])
        for row in read_json("departements.json")
    ]
    groups = [*read_json("epci.json"), *read_json("ept.json")]
    communes = list(_list_communes(read_json("communes.json"), groups))
    bodies = [*communes, *_list_groupings(groups, communes), *list_councils(regions, departements, communes)]
    return OfficialList(millesime, regions, [departement for departement, _liaison in departements], bodies)


def _list_communes(records: list[Record], groups: list[Record]) -> Iterator[BodyRow]:
    groups_of = defaultdict(list)
    for group in groups:
        for member in group["membres"]:
            groups_of[member["code"]].append(group["code"])
    aliases_of = _list_aliases(records)
    for row in records:
        if row["type"] == "commune-actuelle":
            yield add_paris_aliases(
                BodyRow(
                    kind=Kind.COMMUNE,
                    code=row["code"],
                    name=row["nom"],
                    liaison=row.get("typeLiaison", int(starts_with_vowel(row["nom"]))),
                    siren=row.get("siren", ""),
                    region=row["region"],
                    departement=row["departement"],
                    population=row.get("population"),
                    postal_codes=tuple(row.get("codesPostaux", ())),
                    groups=tuple(groups_of[row["code"]]),
                    aliases=tuple(aliases_of[row["code"]]),
                )
            )


def _list_aliases(records: list[Record]) -> dict[str, list[AliasRow]]:
    """Return the aliases of each commune by its code.

    They are former communes that are now part of it, municipal arrondissements, and former codes.
    """
    aliases: dict[str, list[AliasRow]] = defaultdict(list)
    named_codes = set()
    for row in records:
        if present := row.get("chefLieu") or row.get("commune"):
            aliases[present].append(AliasRow("" if row["code"] == present else row["code"], row["nom"]))
            named_codes.add(row["code"])
    for row in records:
        bare = (code for code in row.get("anciensCodes", ()) if code not in named_codes)
        aliases[row["code"]].extend(AliasRow(code, "") for code in bare)
    return aliases


def _list_groupings(groups: list[Record], communes: list[BodyRow]) -> Iterator[BodyRow]:
    by_code = {commune.code: commune for commune in communes}
    for group in groups:
        members = [by_code[member["code"]] for member in group["membres"]]
        initials = re.findall(r"\(([^)]+)\)", group["nom"])
        yield BodyRow(
            kind=KINDS[group["type"]],
            code=group["code"],
            name=group["nom"],
            liaison=0,
            siren=group["code"],
            region=_find_majority_territory(members, "region"),
            departement=_find_majority_territory(members, "departement"),
            population=group["populationMunicipale"],
            aliases=tuple(AliasRow("", short) for short in initials),
        )


def _find_majority_territory(members: list[BodyRow], field: str) -> str:
    """Return the code of the territory whose members have the most inhabitants.

    Each member has the code of its territory in `field`. In a tie, return the lowest code.
    """
    inhabitants: Counter[str] = Counter()
    for member in members:
        inhabitants[getattr(member, field)] += member.population or 0
    return min(inhabitants, key=lambda code: (-inhabitants[code], code))
