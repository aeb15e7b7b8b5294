"""Lighthouse and its dependencies, in the versions that package-lock.json fixes, in a folder that Git ignores."""

import shutil
import subprocess
from pathlib import Path

from tests.backend import ROOT
from tests.bench.browsing import measure_in_browser
from tests.bench.databases import BenchDatabases
from tests.bench.figures import Figure, log_progress

HERE = Path(__file__).parent
INSTALLED = ROOT / ".local" / "lighthouse"
LOCK = "package-lock.json"


def measure_lighthouse(databases: BenchDatabases, database: str) -> list[Figure]:
    if not (shutil.which("node") and shutil.which("npm")):
        raise SystemExit("node or npm is missing, and Lighthouse is a program for Node.js")
    install()
    return measure_in_browser(databases, "tests.bench.lighthouse", database)


def install() -> None:
    """Install Lighthouse again if the lock file has changed. Copy the script too, which needs its modules
    beside it.
    """
    INSTALLED.mkdir(parents=True, exist_ok=True)
    lock, stamp = (HERE / LOCK).read_bytes(), INSTALLED / "made-of"
    for name in ["package.json", LOCK, "audit.mjs"]:
        shutil.copy(HERE / name, INSTALLED)
    if stamp.exists() and stamp.read_bytes() == lock:
        return
    done = subprocess.run(
        ["npm", "ci", "--ignore-scripts", "--no-audit", "--no-fund"], cwd=INSTALLED, capture_output=True, check=False
    )
    if done.returncode:
        raise SystemExit(f"npm ci: {done.stderr.decode()[:150]}")
    stamp.write_bytes(lock)
    log_progress("Lighthouse installed")
