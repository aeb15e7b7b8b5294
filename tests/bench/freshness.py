"""Measures how long a worker takes to count a declaration in the exact figures, from the page that shows its
reference.
"""

from time import monotonic

from tests.bench.databases import BenchDatabases
from tests.bench.declaring import BODIES, make_deployment
from tests.bench.figures import Figure, log_progress, report_value
from tests.faults.deployment import Deployment, wait_until
from tests.faults.visitors import Visitor

COUNTED = "SELECT coalesce(sum(value), 0) FROM stats_rollup WHERE measure = 'declared'"
DECLARATIONS = 10


def measure_freshness(databases: BenchDatabases, database: str) -> list[Figure]:
    deployment = make_deployment(databases, database)
    bodies = [uid for (uid,) in deployment.rows(BODIES)]
    deployment.start()
    try:
        visitor = Visitor(deployment.port)
        wait_until_counted(deployment, visitor, bodies[-1], DECLARATIONS)  # the worker may still be starting
        waits = [wait_until_counted(deployment, visitor, bodies[number], number) for number in range(DECLARATIONS)]
    finally:
        deployment.stop()
    log_progress("declarations followed to the figures")
    return [
        report_value("declare to exact figure, p50", waits, "s"),
        report_value(f"declare to exact figure, slowest of {DECLARATIONS}", max(waits), "s"),
    ]


def wait_until_counted(deployment: Deployment, visitor: Visitor, body: str, number: int) -> float:
    before = deployment.number(COUNTED)
    receipt = visitor.declare(body, number)
    wait_until(lambda: deployment.number(COUNTED) > before, what="never counted")
    return monotonic() - receipt.at
