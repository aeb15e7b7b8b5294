"""The national playbooks: what a responder does on a case of each type, in order, with the reasons and sources.

They are data (`data/playbooks.json`), written from the public sources that each step names. The file contains a step
that several types share only once, under one code. A case whose type changes therefore does not get this step twice.
The versions of a centre are rows (`services/library/playbooks.py`). The deadlines in hours are the project's own
advice, not legal ones.
"""

import json
from collections.abc import Iterable, Mapping
from datetime import date
from pathlib import Path
from typing import Any, NamedTuple

from incidents.enums import IncidentType

FILE = Path(__file__).parent.parent / "data" / "playbooks.json"


class Step(NamedTuple):
    """A step of a playbook. `step` is the code of the step. `within_hours` counts from the moment when the step is
    added to a case. If it is None, the step has no due date.
    """

    step: str
    title: str
    why: str
    source: str
    within_hours: int | None


def read_steps(content: Iterable[Mapping[str, Any]]) -> tuple[Step, ...]:
    """Build the steps from JSON. The file of national playbooks and the rows of centres have the same JSON shape."""
    return tuple(Step(**step) for step in content)


def dump_steps(steps: Iterable[Step]) -> list[dict[str, Any]]:
    """Return the steps in the JSON shape that `read_steps` reads."""
    return [step._asdict() for step in steps]


def read_national_steps(kind: str, content: Mapping[str, Any]) -> tuple[Step, ...]:
    """Return the national steps of one type of incident. `content` is the whole file, which contains each step either
    in full or as the code of a shared step.
    """
    shared = content["shared"]
    return tuple(
        Step(step=step, **shared[step]) if isinstance(step, str) else Step(**step)
        for step in content["playbooks"][kind]
    )


_FILE_CONTENT = json.loads(FILE.read_text(encoding="utf-8"))

VERSION: int = _FILE_CONTENT["version"]
PUBLISHED_ON = date.fromisoformat(_FILE_CONTENT["published_on"])
PLAYBOOKS: dict[str, tuple[Step, ...]] = {
    kind: read_national_steps(kind, _FILE_CONTENT) for kind in IncidentType.values
}
