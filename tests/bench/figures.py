"""Measured figures with their aims, as a table for people and a list for machines."""

import json
import random
import sys
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from statistics import median, quantiles
from time import monotonic, sleep

STARTED = monotonic()
ROUNDS_WITH_A_SPREAD = 4
STALLED_SECONDS = 60
RESAMPLES = 200


@dataclass(frozen=True)
class Figure:
    """One measured figure. `ok` is None for an absolute time, which depends on the machine and is shown but not
    judged. `spread` is the middle half of the rounds of a median, or of the resamples of a p95; if it is wide, the
    machine had other work.
    """

    name: str
    value: float
    unit: str
    aim: str = ""
    ok: bool | None = None
    spread: str = ""


def judge_at_most(name: str, value: float | Sequence[float], most: float, unit: str) -> Figure:
    """Judge a value, or the median of the values of several rounds, which must be at most `most`."""
    middle, spread = summarise(value)
    return Figure(name, round(middle, 2), unit, f"≤ {most:g}", middle <= most, spread)


def judge_at_least(name: str, value: float | Sequence[float], least: float, unit: str) -> Figure:
    """Judge a value, or the median of the values of several rounds, which must be at least `least`."""
    middle, spread = summarise(value)
    return Figure(name, round(middle, 2), unit, f"≥ {least:g}", middle >= least, spread)


def report_value(name: str, value: float | Sequence[float], unit: str) -> Figure:
    """Return a figure that is not judged."""
    middle, spread = summarise(value)
    return Figure(name, round(middle, 2), unit, spread=spread)


def summarise(value: float | Sequence[float]) -> tuple[float, str]:
    """Return the median, and the middle half if there are enough rounds for it."""
    if not isinstance(value, Sequence):
        return value, ""
    if len(value) < ROUNDS_WITH_A_SPREAD:
        return median(value), ""
    low, middle, high = quantiles(value, n=4)
    return middle, f"{low:.3g}–{high:.3g}"


def resample_p95(values: Sequence[float]) -> list[float]:
    """Return the p95 of each of RESAMPLES random resamples of the values (bootstrap).

    The median of these p95s is near the p95 of the values, and their middle half is its spread.
    """
    chance = random.Random(hash(tuple(values)))  # not the same resamples for two series of one length
    return [quantiles(chance.choices(values, k=len(values)), n=20)[-1] for _ in range(RESAMPLES)]


def divide_in_turn(values: Sequence[float], others: Sequence[float]) -> list[float]:
    """Return each value divided by the other value of the same round."""
    return [value / other for value, other in zip(values, others, strict=True)]


def wait_while_growing(count: Callable[[], int], target: int, *, what: str) -> None:
    """Return once `count` reaches `target`, however slow the machine is. Raise SystemExit if it stops growing."""
    most, grown_at = count(), monotonic()
    while most < target:
        sleep(0.1)
        now = count()
        if now > most:
            most, grown_at = now, monotonic()
        elif monotonic() > grown_at + STALLED_SECONDS:
            raise SystemExit(f"{what}: {most} of {target}, and no more for {STALLED_SECONDS} seconds")


def log_progress(words: str) -> None:
    sys.stderr.write(f"[{monotonic() - STARTED:5.0f} s] {words}\n")
    sys.stderr.flush()


def format_table(figures: list[Figure]) -> str:
    verdicts = {True: "ok", False: "MISSED", None: ""}
    rows = [
        (figure.name, f"{figure.value:g}", figure.unit, figure.spread, figure.aim, verdicts[figure.ok])
        for figure in figures
    ]
    widths = [max(len(row[column]) for row in rows) for column in range(6)]
    lines = []
    for name, value, *words in rows:
        cells = [f"{name:<{widths[0]}}", f"{value:>{widths[1]}}"]
        cells += [f"{cell:<{width}}" for cell, width in zip(words, widths[2:], strict=True)]
        lines.append("  ".join(cells).rstrip())
    return "\n".join(lines)


def write_figures(figures: list[Figure], path: Path) -> None:
    path.parent.mkdir(exist_ok=True)
    path.write_text(json.dumps([asdict(figure) for figure in figures], ensure_ascii=False, indent=1) + "\n")


def print_figures(figures: list[Figure]) -> None:
    """Print the figures of a child process, for its parent to read."""
    sys.stdout.write(json.dumps([asdict(figure) for figure in figures]))


def parse_figures(text: str) -> list[Figure]:
    return [Figure(**values) for values in json.loads(text)]
