"""Measures the import of the official list into an empty database: the time, and the peak memory of its process."""

import os
import subprocess
import sys
from time import monotonic

from tests.backend import ROOT
from tests.bench.databases import BenchDatabases
from tests.bench.figures import Figure, log_progress, report_value


def measure_import(databases: BenchDatabases) -> list[Figure]:
    databases.create("bench_import")
    databases.manage("bench_import", "migrate", "--verbosity=0")
    began = monotonic()
    process = subprocess.Popen(
        [sys.executable, "manage.py", "import_collectivities"],
        cwd=ROOT,
        env=databases.environment("bench_import"),
        stdout=subprocess.DEVNULL,
    )
    _pid, status, usage = os.wait4(process.pid, 0)
    took = monotonic() - began
    process.returncode = status
    if status:
        raise SystemExit("import_collectivities failed")
    log_progress("the official list imported")
    peak = usage.ru_maxrss / (1024 if sys.platform == "linux" else 1024 * 1024)
    return [
        report_value("import_collectivities", took, "s"),
        report_value("import_collectivities, CPU", usage.ru_utime + usage.ru_stime, "s"),
        report_value("import_collectivities, peak memory", peak, "MB"),
    ]
