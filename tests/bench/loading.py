"""Measures the import of the official list into an empty database: the time, and the peak memory of its process."""

import os
import subprocess
import sys
from time import monotonic

from tests.bench.figures import Figure, absolute, log_progress
from tests.bench.ground import BenchGround
from tests.ground import ROOT


def measure_import(ground: BenchGround) -> list[Figure]:
    ground.create("bench_import")
    ground.manage("bench_import", "migrate", "--verbosity=0")
    began = monotonic()
    process = subprocess.Popen(
        [sys.executable, "manage.py", "import_collectivities"],
        cwd=ROOT,
        env=ground.environment("bench_import"),
        stdout=subprocess.DEVNULL,
    )
    _pid, status, usage = os.wait4(process.pid, 0)
    took = monotonic() - began
    process.returncode = status
    if status:
        raise SystemExit("import_collectivities failed")
    log_progress("the official list imported")
    peak = usage.ru_maxrss / (1024 if sys.platform == "linux" else 1024 * 1024)
    return [absolute("import_collectivities", took, "s"), absolute("import_collectivities, peak memory", peak, "MB")]
