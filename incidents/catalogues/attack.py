"""The techniques of MITRE ATT&CK Enterprise: the whole matrix, and the techniques to suggest for a type of incident or
an RSIT type.

`data/attack-enterprise.json` is one release of the matrix, which `build_attack_data` writes. `data/attack.json`
contains our French labels and the suggestions, and names their sources.
"""

import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any, NamedTuple

from core.text import fold_text

MATRIX_FILE = Path(__file__).parent.parent / "data" / "attack-enterprise.json"
NOTES_FILE = Path(__file__).parent.parent / "data" / "attack.json"


@dataclass(frozen=True)
class Technique:
    """A technique or sub-technique of ATT&CK. `name` is its official English name. In the name of a sub-technique, the
    name of its technique comes first. `label` is our French name, or "".
    """

    id: str
    name: str
    tactics: tuple[str, ...]
    label: str = ""
    types: tuple[str, ...] = ()
    rsit: tuple[str, ...] = ()

    @property
    def title(self) -> str:
        """Return the identifier with the French name, if there is one, and the English name."""
        return f"{self.id} {self.label} ({self.name})" if self.label else f"{self.id} {self.name}"

    @cached_property
    def search_text(self) -> str:
        """Return the folded text that a search reads: the identifier, names and tactics of the technique."""
        return fold_text(f"{self.title} {' '.join(self.tactics)}")


def read_json_file(file: Path) -> dict[str, Any]:
    content: dict[str, Any] = json.loads(file.read_text(encoding="utf-8"))
    return content


def read_techniques() -> dict[str, Technique]:
    """Return the techniques of the matrix by identifier, with our French labels and suggestions."""
    matrix, notes = (
        read_json_file(MATRIX_FILE),
        {technique["id"]: technique for technique in read_json_file(NOTES_FILE)["techniques"]},
    )
    return {technique.id: technique for technique in build_techniques(matrix, notes)}


def build_techniques(matrix: dict[str, Any], notes: dict[str, Any]) -> Iterator[Technique]:
    """Yield the techniques in the order of the matrix. `notes` maps an identifier to its French label and to the types
    for which the technique is suggested.
    """
    for identifier, name, tactics in matrix["techniques"]:
        names = tuple(matrix["tactics"][code] for code in tactics)
        note = notes.get(identifier, {"label": "", "types": (), "rsit": ()})
        yield Technique(identifier, name, names, note["label"], tuple(note["types"]), tuple(note["rsit"]))


class MatrixRelease(NamedTuple):
    """The release of ATT&CK that this software includes. `size` is its number of techniques."""

    version: str
    date: str
    licence: str
    size: int


def read_matrix_release() -> MatrixRelease:
    """Return the version, the date, the licence and the size of the matrix in MATRIX_FILE."""
    matrix = read_json_file(MATRIX_FILE)
    return MatrixRelease(matrix["version"], matrix["date"], matrix["licence"], len(matrix["techniques"]))


# Identifier → technique, sorted by identifier as in the file.
TECHNIQUES = read_techniques()
MATRIX_RELEASE = read_matrix_release()


def suggest_techniques(incident_type: str, rsit_type: str) -> list[Technique]:
    """Return the techniques that are suggested for the type of incident, then those that are suggested only for the
    RSIT type.
    """
    by_type = [technique for technique in TECHNIQUES.values() if incident_type in technique.types]
    return by_type + [
        technique for technique in TECHNIQUES.values() if rsit_type in technique.rsit and technique not in by_type
    ]


def search_techniques(query: str) -> list[Technique]:
    """Return the techniques whose identifier, names or tactics contain every word of the query. A technique whose
    identifier is the query comes first.
    """
    words = fold_text(query).split()
    if not words:
        return []
    matches = [technique for technique in TECHNIQUES.values() if all(word in technique.search_text for word in words)]
    return sorted(matches, key=lambda technique: fold_text(technique.id) != " ".join(words))


def list_technique_titles(ids: Iterable[str]) -> list[str]:
    """Return the titles of the techniques. A technique that is no longer in the list has its identifier as title."""
    return [TECHNIQUES[identifier].title if identifier in TECHNIQUES else identifier for identifier in ids]
