"""Printed numbers, read from the rows."""

from stats.models import Figure, Release


def read_table(table: str, *, year: int = 2025, quarter: int = 0) -> dict[str, int | None]:
    """Return category (« a/b » for a crossing, "" for a total) → the printed number, or None for a dash."""
    rows = Figure.objects.filter(release__year=year, release__quarter=quarter, table=table)
    return {
        "/".join(filter(None, (first, second))): value
        for first, second, value in rows.values_list("first", "second", "value")
    }


def read_printed_numbers(table: str, **period: int) -> dict[str, int]:
    return {cell: value for cell, value in read_table(table, **period).items() if value is not None}


def list_periods() -> list[str]:
    return [str(release.period) for release in Release.objects.order_by("number")]
