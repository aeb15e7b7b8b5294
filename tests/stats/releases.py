"""The five releases of 2025, sealed and saved by the real code, with figures set by hand. At least one country fits
them.
"""

import hashlib
import json
from collections import Counter
from collections.abc import Iterator, Mapping
from datetime import datetime

from django.db import transaction
from nacl.signing import VerifyKey

from stats.disclosure.draw import DrawResult, format_table
from stats.disclosure.tables import TABLES, Period, Table, list_tables
from stats.enums import Stratum
from stats.models import Figure, Release
from stats.releases import seal
from stats.releases.publish import save_release
from tests.stats.cases import paris_time

# Table → cell → the printed number, None for a dash; a table without cells is closed.
type PrintedTables = Mapping[str, Mapping[str, int | None] | None]

WINTER = Period(2025, 1), paris_time(2025, 4, 30)
OTHER_QUARTERS = (
    (Period(2025, 2), paris_time(2025, 7, 30)),
    (Period(2025, 3), paris_time(2025, 10, 30)),
    (Period(2025, 4), paris_time(2026, 1, 30)),
)
YEAR = Period(2025), paris_time(2026, 4, 1)
BODIES = Counter(dict(zip(Stratum.values, (18_700, 9_800, 5_300, 1_050, 1_250, 120), strict=True)))

# A quarter whose totals are small prints nothing.
TABLES_OF_A_QUARTER: PrintedTables = {}
OF_THE_WINTER: PrintedTables = {
    "incidents": {"": 45},
    "incidents_by_month": {"01": 20, "02": None, "03": 25},
}
# Table → cell (« a b » for a crossing) → the printed number. The other cells of an open table are dashes.
OF_THE_YEAR: PrintedTables = {
    "incidents": {"": 135},
    "reports": {"": None},
    "interruptions": {"": 40},
    "leaks": {"": 40},
    "unfounded": {"": None},
    "late": {"": 5},
    "incidents_by_region": {"53": 115, "94": 20},
    "incidents_by_type": {"rancon": 115, "panne": 20},
    "incidents_by_cause": {"not_said": 135},
    "incidents_by_discovery": {"unknown": 135},
    "incidents_by_help": {"0-1h": 135},
    "incidents_by_closing": {"unknown": 135},
    "incidents_by_month": {"04": 30, "07": 30, "10": 30},
    "leaks_by_persons": {"6-50": 40},
    "leaks_by_status": {"confirmed": 40},
    "leaks_by_category": {"etat_civil": 40},
    "interruptions_by_hours": {"0-4h": 40},
    "interruptions_by_family": {"civil": 40},
    "bodies_by_stratum": {"commune/0-499": 135},
    "incidents_by_region_and_quarter": {"53 T1": 40, "53 T2": 25, "53 T3": 25, "53 T4": 25},
    "incidents_by_region_and_type": {"53 rancon": 115},
    "incidents_by_region_and_cause": {"53 not_said": 115},
}
CROSSINGS = [code for code, table in TABLES.items() if len(table.by) > 1]


def save_first_release() -> Release:
    return save(*WINTER, OF_THE_WINTER)


def save_year_of_releases(changed: PrintedTables | None = None) -> Release:
    """Save the releases of the four quarters, then that of the year, which is returned and has number 5. `changed` are
    tables of the year.
    """
    save_first_release()
    for period, at in OTHER_QUARTERS:
        save(period, at, TABLES_OF_A_QUARTER)
    return save(*YEAR, {**OF_THE_YEAR, **(changed or {})})


def save_next_release() -> Release:
    """Save the release of the first quarter of 2026, which has number 6."""
    return save(Period(2026, 1), paris_time(2026, 4, 30), TABLES_OF_A_QUARTER)


@transaction.atomic  # figures are saved by the transaction that made their release
def save(period: Period, at: datetime, figures: PrintedTables) -> Release:
    release = Release(
        number=Release.objects.count() + 1,
        year=period.year,
        quarter=period.quarter,
        published_at=at,
        rounding_key=seal.compute_fingerprint(seal.derive_rounding_key()),
    )
    tables = [format_table(table, dict(fill(table, period, figures))) for table in list_tables(period)]
    save_release(release, DrawResult(tables, 1, ()), Counter() if period.quarter else BODIES)
    return release


def fill(table: Table, period: Period, figures: PrintedTables) -> Iterator[tuple[tuple[str, ...], int | None]]:
    printed = figures.get(table.code) or {}
    for cell in table.list_cells() if printed else ():
        name = " ".join(cell)
        is_elsewhere = table.by == ("month",) and (
            cell[0] not in period.months or (cell[0] < "04" and not period.quarter)
        )
        if not is_elsewhere and (name in printed or table.code not in CROSSINGS):
            yield cell, printed.get(name)


def is_intact(release: Release) -> bool:
    """Tell whether the figures and the digest of a release are those that were signed. Raises BadSignatureError (nacl)
    if the signature is wrong.
    """
    form = bytes(release.printed)
    VerifyKey(bytes.fromhex(release.verify_key)).verify(form, bytes.fromhex(release.signature))
    printed = {
        (table["code"], *(*cell, "", "")[:2], value)
        for table in json.loads(form)["tables"]
        for cell, value in table["cells"]
    }
    rows = Figure.objects.filter(release=release).values_list("table", "first", "second", "value")
    return hashlib.sha256(form).hexdigest() == release.digest and printed == set(rows)
