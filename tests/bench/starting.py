"""`make run` from a fresh copy of the tree to its ready block: the first start builds all, the second finds it."""

import os
import shutil
import signal
import subprocess
from time import monotonic

from config.embedded import Servers, free_port
from tests.bench.figures import absolute, say
from tests.ground import ROOT

READY = "Tocsin est prêt"
NOT_INHERITED = {"DATABASE_URL", "REDIS_URL", "EMAIL_URL", "DJANGO_SETTINGS_MODULE", "VIRTUAL_ENV", "MAKEFLAGS"}
NOT_COPIED = shutil.ignore_patterns(".local", ".venv", ".git", "__pycache__", ".*_cache", "static_collected")


def measure_start(ground):
    copy = ground.home / "fresh copy"
    shutil.copytree(ROOT, copy, ignore=NOT_COPIED, symlinks=True)
    try:
        figures = [
            absolute("make run to its ready block, first start", time_start(copy), "s"),
            absolute("make run to its ready block, second start", time_start(copy), "s"),
        ]
    finally:
        Servers(copy / ".local").remove()
    say("make run started twice")
    return figures


def time_start(copy):
    environment = {name: value for name, value in os.environ.items() if name not in NOT_INHERITED}
    began = monotonic()
    process = subprocess.Popen(
        ["make", "run", f"PORT={free_port()}"],
        cwd=copy,
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        start_new_session=True,
    )
    said = []
    for line in process.stdout:
        said.append(line)
        if READY in line:
            took = monotonic() - began
            stop(process)
            return took
    raise SystemExit(f"make run did not start:\n{''.join(said[-20:])}")


def stop(process):
    """As Ctrl-C in its terminal does."""
    os.killpg(process.pid, signal.SIGINT)
    process.stdout.read()
    process.wait(timeout=60)
