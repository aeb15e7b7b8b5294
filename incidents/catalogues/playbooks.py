"""The national playbooks: what a responder does on a case of each type, in which order, why, and after whom.

They are data (`data/playbooks.json`), written from the public sources that each step names. Steps that several types
share stand once in the file, under one code, so that a case whose type changes gets none of them twice. A centre's
own versions are rows (`services/library/playbooks.py`). The hours are this house's advice, no legal delay.
"""

import json
from collections.abc import Iterable, Mapping
from datetime import date
from pathlib import Path
from typing import Any, NamedTuple

from incidents.enums import IncidentType

FILE = Path(__file__).parent.parent / "data" / "playbooks.json"


class Step(NamedTuple):
    """`within_hours` counts from the moment when the step is added to a case; None: no date."""

    step: str
    title: str
    why: str
    source: str
    within_hours: int | None


def read_steps(content: Iterable[Mapping[str, Any]]) -> tuple[Step, ...]:
    """In the shape of the file and of a row."""
    return tuple(Step(**one) for one in content)


def steps_content(steps: Iterable[Step]) -> list[dict[str, Any]]:
    """The contrary of `read_steps`."""
    return [step._asdict() for step in steps]


def national(kind: str, content: Mapping[str, Any]) -> tuple[Step, ...]:
    """A step of a guide is written out, or names a shared one by its code."""
    shared = content["shared"]
    return tuple(
        Step(step=one, **shared[one]) if isinstance(one, str) else Step(**one) for one in content["playbooks"][kind]
    )


_NATIONAL = json.loads(FILE.read_text(encoding="utf-8"))

VERSION: int = _NATIONAL["version"]
PUBLISHED_ON = date.fromisoformat(_NATIONAL["published_on"])
PLAYBOOKS: dict[str, tuple[Step, ...]] = {kind: national(kind, _NATIONAL) for kind in IncidentType.values}
