"""Measures the purge of all cases of two databases: its time, the memory of its process, and whether exact figures and
releases are the same to the unit afterwards.
"""

import os
import subprocess
import sys
from time import monotonic
from typing import NamedTuple

from tests.backend import ROOT
from tests.bench.databases import BenchDatabases
from tests.bench.figures import Figure, judge_at_most, log_progress, report_value
from tests.faults.deployment import connect

# Every case was closed long ago. What was counted of it is then counted again, before the purge.
CLOSE_ALL = """
    UPDATE incidents_incident SET status = 'closed', closed_at = now() - interval '6 years', due_for = 'nothing',
        closing_reason = COALESCE(NULLIF(closing_reason, ''), 'resolved'), declarant_wrote_at = NULL
"""
# The administrator has consented to the end of all of them, and the purge ran a moment ago.
CONSENT = """
    INSERT INTO retention_purgestate
        (id, begins_at, last_run_at, allowed_from, allowed_until, allowed_numbers, problems)
    VALUES (1, now() - interval '1 day', now(), now() - interval '1 day', now() + interval '1 day',
        '{"cases": 1000000, "unused_accounts": 1000000, "closed_accounts": 1000000}', '{}')
"""
COUNT_LEFT = "SELECT count(*) FROM incidents_story WHERE contact_name <> '' OR description <> ''"
# All that is counted and all that is published, as one digest of its rows.
TABLES_OF_FIGURES = ("casefact", "rollup", "presence", "release", "figure", "denominator", "countedcase")
DIGEST = " UNION ALL ".join(
    f"SELECT '{table}', count(*), md5(string_agg(line::text, ';' ORDER BY line::text)) FROM stats_{table} line"  # noqa: S608 (ours)
    for table in TABLES_OF_FIGURES
)
MOST_GROWTH = 1.3


class PurgeCost(NamedTuple):
    """What a purge costs: seconds, seconds of CPU of its process, and megabytes of its process at most."""

    seconds: float
    cpu: float
    megabytes: float


def measure_purging(databases: BenchDatabases, sizes: tuple[int, int]) -> list[Figure]:
    """Measure both sizes, and judge that neither the time of a case nor the memory grows."""
    measured = {size: measure_purge(databases, size) for size in sizes}
    small, large = (measured[size] for size in sizes)
    figures = [
        report_value(f"purge of {size} cases, {name}", value, unit)
        for size, values in measured.items()
        for name, value, unit in zip(("whole", "CPU", "peak memory"), values, ("s", "s", "MB"), strict=True)
    ]
    growth = (large.cpu / sizes[1]) / (small.cpu / sizes[0])
    return [
        *figures,
        judge_at_most("purge, growth of the CPU of a case", growth, MOST_GROWTH, ""),
        judge_at_most("purge, growth of the memory", large.megabytes / small.megabytes, MOST_GROWTH, ""),
    ]


def measure_purge(databases: BenchDatabases, size: int) -> PurgeCost:
    """Return what the purge of all cases of a copy of the database of this size costs.

    Stops if a figure or a release differs afterwards, or if a word is left.
    """
    name = f"bench_purging_{size}"
    databases.create(name, template=databases.get_filled(size))
    with connect(databases.url(name)) as connection:
        connection.execute(CLOSE_ALL)
        connection.execute(CONSENT)
        connection.execute("VACUUM (ANALYZE, PARALLEL 0)")
    databases.manage(name, "rebuild_stats")
    before = read_figures(databases, name)
    log_progress(f"{size} cases closed")
    began = monotonic()
    process = subprocess.Popen(
        [sys.executable, "manage.py", "purge"], cwd=ROOT, env=databases.environment(name), stdout=subprocess.DEVNULL
    )
    _pid, status, usage = os.wait4(process.pid, 0)
    took = monotonic() - began
    process.returncode = status
    with connect(databases.url(name)) as connection:
        left = connection.execute(COUNT_LEFT).fetchone()
    after = read_figures(databases, name)
    if status or left != (0,) or after != before:
        raise SystemExit(f"purge failed: {left} stories have words, other figures: {set(before) ^ set(after)}")
    databases.manage(name, "verify_stats")  # counts every case again, and fails if a figure differs
    log_progress(f"{size} cases purged, the same figures: {after}")
    megabytes = usage.ru_maxrss / (1024 if sys.platform == "linux" else 1024 * 1024)
    return PurgeCost(took, usage.ru_utime + usage.ru_stime, megabytes)


def read_figures(databases: BenchDatabases, name: str) -> list[tuple[str, int, str]]:
    """Return the number of rows and a digest of each table of figures and releases."""
    with connect(databases.url(name)) as connection:
        return sorted(connection.execute(DIGEST).fetchall())
