"""Measures how long a worker takes to count a declaration in the exact figures, from the page that shows its
reference.
"""

from time import monotonic

from tests.bench.declaring import BODIES, stage_of
from tests.bench.figures import Figure, absolute, log_progress
from tests.bench.ground import BenchGround
from tests.faults.stage import Stage, until
from tests.faults.visitors import Visitor

COUNTED = "SELECT coalesce(sum(value), 0) FROM stats_rollup WHERE measure = 'declared'"
DECLARATIONS = 20


def measure_freshness(ground: BenchGround, database: str) -> list[Figure]:
    stage = stage_of(ground, database)
    bodies = [uid for (uid,) in stage.rows(BODIES)]
    stage.start()
    try:
        visitor = Visitor(stage.port)
        wait_until_counted(stage, visitor, bodies[-1], DECLARATIONS)  # the worker may still be starting
        waits = [wait_until_counted(stage, visitor, bodies[number], number) for number in range(DECLARATIONS)]
    finally:
        stage.stop()
    log_progress("declarations followed to the figures")
    return [
        absolute("declare to exact figure, p50", waits, "s"),
        absolute("declare to exact figure, slowest of 20", max(waits), "s"),
    ]


def wait_until_counted(stage: Stage, visitor: Visitor, body: str, number: int) -> float:
    before = stage.number(COUNTED)
    receipt = visitor.declare(body, number)
    until(lambda: stage.number(COUNTED) > before, what="never counted")
    return monotonic() - receipt.at
