"""The national playbooks: what a responder does on a case of each type, in order, with the reasons and sources.

They are data (`data/playbooks.json`), written from the public sources that each step names. A step that several types
share is in the file once, under one code, so that a case whose type changes does not get it twice. The versions of a
centre are rows (`services/library/playbooks.py`). The deadlines in hours are the project's own advice, not legal ones.
"""

import json
from collections.abc import Iterable, Mapping
from datetime import date
from pathlib import Path
from typing import Any, NamedTuple

from incidents.enums import IncidentType

FILE = Path(__file__).parent.parent / "data" / "playbooks.json"


class Step(NamedTuple):
    """A step of a playbook. `within_hours` counts from the moment when the step is added to a case, and None means
    that the step has no due date.
    """

    step: str
    title: str
    why: str
    source: str
    within_hours: int | None


def read_steps(content: Iterable[Mapping[str, Any]]) -> tuple[Step, ...]:
    """Build the steps from JSON, which has the same shape in the file and in the rows."""
    return tuple(Step(**step) for step in content)


def dump_steps(steps: Iterable[Step]) -> list[dict[str, Any]]:
    """Return the steps in the JSON shape that `read_steps` reads."""
    return [step._asdict() for step in steps]


def read_national_steps(kind: str, content: Mapping[str, Any]) -> tuple[Step, ...]:
    """Return the national steps of a type. The file either writes a step out or refers to a shared step by its
    code.
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
