"""Rows that PostgreSQL refuses to change."""

import pgtrigger


def never_changed(name: str, why: str = "what was published is never changed") -> list[pgtrigger.Trigger]:
    """Rows that are appended only. A row trigger lets TRUNCATE pass; the second refuses the statement itself."""
    return [
        pgtrigger.Protect(name=f"{name}_is_never_changed", operation=pgtrigger.Update | pgtrigger.Delete),
        pgtrigger.Trigger(
            name=f"{name}_table_is_never_changed",
            level=pgtrigger.Statement,
            when=pgtrigger.Before,
            operation=pgtrigger.Update | pgtrigger.Delete | pgtrigger.Truncate,
            func=f"RAISE EXCEPTION 'pgtrigger: {why}';",
        ),
    ]
