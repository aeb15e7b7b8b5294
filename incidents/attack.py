"""The techniques of MITRE ATT&CK that are suggested here, by plain type and by type of RSIT (`data/attack.json`)."""

import json
from dataclasses import dataclass
from pathlib import Path

FILE = Path(__file__).parent / "data" / "attack.json"


@dataclass(frozen=True)
class Technique:
    """`name` is the official one, in English; `label` is our own French."""

    id: str
    name: str
    label: str
    types: tuple[str, ...]
    rsit: tuple[str, ...]

    @property
    def title(self) -> str:
        return f"{self.id} {self.label} ({self.name})"


def read_techniques() -> dict[str, Technique]:
    said = json.loads(FILE.read_text(encoding="utf-8"))["techniques"]
    return {
        one["id"]: Technique(one["id"], one["name"], one["label"], tuple(one["types"]), tuple(one["rsit"]))
        for one in said
    }


# In the order of the file, by identifier.
TECHNIQUES = read_techniques()


def suggested_for(incident_type: str, rsit_type: str) -> list[Technique]:
    """Those of the plain type first, then those of the type of RSIT."""
    by_type = [one for one in TECHNIQUES.values() if incident_type in one.types]
    return by_type + [one for one in TECHNIQUES.values() if rsit_type in one.rsit and one not in by_type]


def titles_of(ids: list[str]) -> list[str]:
    """One that the list no longer holds is shown by its identifier."""
    return [TECHNIQUES[one].title if one in TECHNIQUES else one for one in ids]
