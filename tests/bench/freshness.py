"""How long after a declaration the exact figures hold it, with a worker: from the page that shows the reference."""

from time import monotonic

from tests.bench.declaring import BODIES, stage_of
from tests.bench.figures import Figure, absolute, say
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
        wait_for(stage, visitor, bodies[-1], DECLARATIONS)  # the worker may still be starting
        waits = [wait_for(stage, visitor, bodies[number], number) for number in range(DECLARATIONS)]
    finally:
        stage.stop()
    say("declarations followed to the figures")
    return [
        absolute("declare to exact figure, p50", waits, "s"),
        absolute("declare to exact figure, slowest of 20", max(waits), "s"),
    ]


def wait_for(stage: Stage, visitor: Visitor, body: str, number: int) -> float:
    before = stage.number(COUNTED)
    seen = visitor.declare(body, number)
    until(lambda: stage.number(COUNTED) > before, what="never counted")
    return monotonic() - seen.at
