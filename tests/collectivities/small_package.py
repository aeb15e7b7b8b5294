"""A small package in the shape of @etalab/decoupage-administratif, to be changed from one millésime to the next."""

import json
import tarfile
from pathlib import Path
from typing import Any

SIREN = {"29901": "980000010", "29902": "980000028", "29903": "980000036", "56901": "980000044"}
EPCI = "980000051"


def make_commune(code: str, name: str, **changes: Any) -> dict[str, Any]:
    record = {
        "code": code,
        "nom": name,
        "typeLiaison": 0,
        "zone": "metro",
        "departement": code[:2],
        "region": "53",
        "type": "commune-actuelle",
        "siren": SIREN.get(code),
        "codesPostaux": [f"{code[:2]}990"],
        "population": 1_000,
    }
    return {key: value for key, value in (record | changes).items() if value is not None}


def make_first_list() -> dict[str, list[dict[str, Any]]]:
    communes = [
        make_commune("29901", "Plouexemple", population=1_500),
        make_commune("29902", "Tréexemple"),
        make_commune("29903", "Locexemple", typeLiaison=1),
        make_commune("56901", "Sainte-Exemple", population=4_000),
    ]
    return {
        "regions": [{"code": "53", "nom": "Bretagne", "zone": "metro"}],
        "departements": [
            {"code": "29", "nom": "Finistère", "region": "53", "zone": "metro", "typeLiaison": 2},
            {"code": "56", "nom": "Morbihan", "region": "53", "zone": "metro", "typeLiaison": 2},
        ],
        "communes": communes,
        "epci": [make_epci("CC de l'Exemple (CCEX)", "CC", ["29901", "29902", "56901"])],
        "ept": [],
    }


def make_epci(name: str, kind: str, members: list[str]) -> dict[str, Any]:
    return {
        "code": EPCI,
        "nom": name,
        "type": kind,
        "populationMunicipale": 6_500,
        "membres": [{"code": code} for code in members],
    }


def make_next_list() -> dict[str, list[dict[str, Any]]]:
    """Return the list a year later: Tréexemple merged into Plouexemple, Locexemple gone, one body renamed, one new."""
    later = make_first_list()
    later["communes"] = [
        make_commune("29901", "Plouexemple", population=2_500, anciensCodes=["29902"]),
        {"code": "29902", "nom": "Tréexemple", "type": "commune-deleguee", "chefLieu": "29901"},
        make_commune("56901", "Sainte-Exemple-sur-Mer", population=4_000),
        make_commune("56902", "Exempleneuf", siren="980000069"),
    ]
    later["epci"] = [make_epci("CA de l'Exemple (CCEX)", "CA", ["29901", "56901", "56902"])]
    return later


def write_package(folder: Path, lists: dict[str, list[dict[str, Any]]], version: str = "6.0.0") -> Path:
    data = folder / "data"
    data.mkdir(parents=True)
    (folder / "package.json").write_text(json.dumps({"version": version}))
    for name, records in lists.items():
        (data / f"{name}.json").write_text(json.dumps(records))
    return folder


def pack_archive(folder: Path, target: Path) -> Path:
    with tarfile.open(target, "w:gz") as archive:
        archive.add(folder, "package")
    return target
