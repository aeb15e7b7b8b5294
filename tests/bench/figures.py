"""What was measured, beside its aim: a table for people, a list for machines."""

import json
import sys
from dataclasses import asdict, dataclass
from pathlib import Path
from time import monotonic

STARTED = monotonic()


@dataclass(frozen=True)
class Figure:
    """`ok` is None for an absolute time of the machine's own: it is told and never judged."""

    name: str
    value: float
    unit: str
    aim: str = ""
    ok: bool | None = None


def at_most(name: str, value: float, most: float, unit: str) -> Figure:
    return Figure(name, round(value, 2), unit, f"≤ {most:g}", value <= most)


def at_least(name: str, value: float, least: float, unit: str) -> Figure:
    return Figure(name, round(value, 2), unit, f"≥ {least:g}", value >= least)


def absolute(name: str, value: float, unit: str) -> Figure:
    return Figure(name, round(value, 2), unit)


def say(words: str) -> None:
    sys.stderr.write(f"[{monotonic() - STARTED:5.0f} s] {words}\n")
    sys.stderr.flush()


def table(figures: list[Figure]) -> str:
    verdicts = {True: "ok", False: "MISSED", None: ""}
    rows = [(one.name, f"{one.value:g}", one.unit, one.aim, verdicts[one.ok]) for one in figures]
    widths = [max(len(row[column]) for row in rows) for column in range(5)]
    return "\n".join(
        f"{name:<{widths[0]}}  {value:>{widths[1]}} {unit:<{widths[2]}}  {aim:<{widths[3]}}  {verdict}"
        for name, value, unit, aim, verdict in rows
    )


def write(figures: list[Figure], path: Path) -> None:
    path.parent.mkdir(exist_ok=True)
    path.write_text(json.dumps([asdict(figure) for figure in figures], ensure_ascii=False, indent=1) + "\n")


def hand_over(figures: list[Figure]) -> None:
    """From a child process to the one that called it."""
    sys.stdout.write(json.dumps([asdict(figure) for figure in figures]))


def taken_over(text: str) -> list[Figure]:
    return [Figure(**values) for values in json.loads(text)]
