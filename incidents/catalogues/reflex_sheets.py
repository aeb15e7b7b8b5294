"""The national reflex sheets: what to do in the first hour and on the first day of an incident of each type.

They are data (`data/reflexes.json`), written from the public sources that each sheet lists. Pages with room for three
acts display the first three acts of the first hour. `words` is the text of the bar with the telephone number of the
centre (`callbar.html`). This module needs no login, mail, network or database. A CSIRT's own sheets are rows
(`services/library/reflexes.py`).
"""

import json
from collections.abc import Mapping, Sequence
from datetime import date
from pathlib import Path
from typing import Any, NamedTuple

from incidents.enums import IncidentType

FILE = Path(__file__).parent.parent / "data" / "reflexes.json"


class Act(NamedTuple):
    """One thing that a body does in an incident, and how to do it."""

    title: str
    how: str


class Reflexes(NamedTuple):
    """A reflex sheet: what a body does in the first hour and on the first day of an incident. `words` is the text
    beside the centre's telephone number.
    """

    words: str
    title: str
    hour: tuple[Act, ...]
    day: tuple[Act, ...]
    sources: tuple[str, ...]

    @property
    def first_acts(self) -> tuple[Act, ...]:
        """Return the first three acts of the first hour."""
        return self.hour[:3]

    @property
    def source(self) -> str:
        """Return the sources as one line of text."""
        return " ; ".join(self.sources)


def read_sheet(content: Mapping[str, Any]) -> Reflexes:
    """Build the sheet from JSON. The file of national sheets and the rows of centres have the same JSON shape."""
    return Reflexes(
        words=content["words"],
        title=content["title"],
        hour=read_acts(content["hour"]),
        day=read_acts(content["day"]),
        sources=tuple(content["sources"]),
    )


def read_acts(content: Sequence[Mapping[str, str]]) -> tuple[Act, ...]:
    """Build the acts of one list of a sheet from JSON."""
    return tuple(Act(act["title"], act["how"]) for act in content)


_FILE_CONTENT = json.loads(FILE.read_text(encoding="utf-8"))

VERSION: int = _FILE_CONTENT["version"]
PUBLISHED_ON = date.fromisoformat(_FILE_CONTENT["published_on"])
REFLEXES: dict[str, Reflexes] = {kind: read_sheet(_FILE_CONTENT["sheets"][kind]) for kind in IncidentType.values}
ICONS: dict[str, str] = {kind: _FILE_CONTENT["sheets"][kind]["icon"] for kind in IncidentType.values}
