"""Measures `make run` from a fresh copy of the tree to its ready block. The first start builds everything, the second
finds it built.
"""

import os
import shutil
import signal
import subprocess
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from time import monotonic, sleep

import psutil

from config.devserver.embedded import Servers, find_free_port
from tests.backend import ROOT
from tests.bench.databases import BenchDatabases
from tests.bench.figures import Figure, judge_at_most, log_progress, report_value

MAX_MB = 500
STEADY_SECONDS, LONGEST_SECONDS = 10, 120
SERVERS = ("postgres", "valkey")
READY = "Tocsin est prêt"
OF_OTHERS = {"DATABASE_URL", "DATABASE_OWNER_URL", "REDIS_URL", "EMAIL_URL"}
NOT_INHERITED = OF_OTHERS | {"DJANGO_SETTINGS_MODULE", "VIRTUAL_ENV", "MAKEFLAGS"}
NOT_COPIED = shutil.ignore_patterns(".local", ".venv", ".git", "__pycache__", ".*_cache", "static_collected")


def measure_start(databases: BenchDatabases) -> list[Figure]:
    copy = databases.home / "fresh copy"
    shutil.copytree(ROOT, copy, ignore=NOT_COPIED, symlinks=True)
    try:
        # The first start also comes to rest: the second would else make its yearly reports, which take a gigabyte.
        (first, _memory), (second, memory) = (run_until_ready(copy) for _start in range(2))
    finally:
        Servers(copy / ".local").remove()
    log_progress("make run started twice")
    return [
        report_value("make run to its ready block, first start", first, "s"),
        report_value("make run to its ready block, second start", second, "s"),
        *judge_memory(memory),
    ]


def judge_memory(kinds: dict[str, float]) -> Iterator[Figure]:
    """Yield the memory of our own processes at rest. On Linux, shared memory is divided between the processes that
    share it.
    """
    if kinds["pss"]:
        yield judge_at_most("memory of make run at rest, without PostgreSQL and Valkey", kinds["pss"], MAX_MB, "MB")
    yield report_value("the same, shared pages counted in each process", kinds["rss"], "MB")


def run_until_ready(copy: Path) -> tuple[float, dict[str, float]]:
    """Return the seconds to the ready block, and the megabytes of the processes once they are at rest."""
    environment = {name: value for name, value in os.environ.items() if name not in NOT_INHERITED}
    began = monotonic()
    process = subprocess.Popen(
        ["make", "run", f"PORT={find_free_port()}"],
        cwd=copy,
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        start_new_session=True,
    )
    lines = []
    for line in process.stdout:
        lines.append(line)
        if READY in line:
            took = monotonic() - began
            kinds = measure_memory_at_rest(process.pid)
            stop(process)
            return took, kinds
    raise SystemExit(f"make run did not start:\n{''.join(lines[-20:])}")


def measure_memory_at_rest(pid: int) -> dict[str, float]:
    """Return the memory once it has not grown for some seconds, because the first tasks load their modules."""
    most, began = measure_memory(pid), monotonic()
    grown_at = began
    while monotonic() < min(grown_at + STEADY_SECONDS, began + LONGEST_SECONDS):
        sleep(0.5)
        now = measure_memory(pid)
        if now["rss"] > 1.01 * most["rss"]:
            most, grown_at = now, monotonic()
    return most


def measure_memory(pid: int) -> dict[str, float]:
    infos = []
    for process in psutil.Process(pid).children(recursive=True):
        with suppress(psutil.NoSuchProcess):  # ended meanwhile
            if not process.name().startswith(SERVERS):
                infos.append(process.memory_full_info())
    return {kind: sum(getattr(info, kind, 0) for info in infos) / 1e6 for kind in ("pss", "rss")}


def stop(process: subprocess.Popen[str]) -> None:
    """Stop the process as Ctrl-C in its terminal does."""
    os.killpg(process.pid, signal.SIGINT)
    process.stdout.read()
    process.wait(timeout=60)
