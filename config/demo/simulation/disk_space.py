"""The free space on the database's disk: a full disk would stop the database for everybody."""

import shutil
from contextlib import suppress
from pathlib import Path

from django.db import connection

# The bytes of a case with its rows, indexes, counts and rows in releases, measured at 400 000 cases.
BYTES_A_CASE, BYTES_OF_FIGURES_ONLY = 6_000, 3_500
SPARE_BYTES = 1_000_000_000


def estimate_bytes(cases: int, *, figures_only: bool) -> int:
    """Return the bytes of disk that this many cases need, with a reserve."""
    return SPARE_BYTES + cases * (BYTES_OF_FIGURES_ONLY if figures_only else BYTES_A_CASE)


def count_free_bytes() -> int | None:
    """Return the free bytes on the disk of the database. Return None if the database is on another machine, or if the
    user of the database may not read the path of its folder.
    """
    with connection.cursor() as cursor:
        cursor.execute(
            """
            SELECT CASE WHEN pg_has_role('pg_read_all_settings', 'USAGE') THEN current_setting('data_directory') END,
                   coalesce(inet_server_addr() = inet_client_addr(), true)
            """
        )
        [(folder, is_here)] = cursor.fetchall()
    return count_free_bytes_near(Path(folder)) if folder and is_here else None


def count_free_bytes_near(folder: Path) -> int | None:
    """Return the free bytes on the disk of a folder, or None if the folder does not exist.

    If this account cannot read the folder, the nearest folder above is used, which is probably on the same disk.
    """
    for candidate in (folder, *folder.parents):
        with suppress(PermissionError):
            return shutil.disk_usage(candidate).free if candidate.exists() else None
    return None
