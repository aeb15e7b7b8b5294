"""Triggers that make PostgreSQL refuse every change to the rows of a table."""

import pgtrigger


def make_append_only_triggers(
    name: str, reason: str = "what was published is never changed"
) -> list[pgtrigger.Trigger]:
    """Return the triggers under which rows can only be inserted. A row trigger does not see TRUNCATE, so the second
    trigger refuses the statement itself.
    """
    return [
        pgtrigger.Protect(name=f"{name}_is_never_changed", operation=pgtrigger.Update | pgtrigger.Delete),
        pgtrigger.Trigger(
            name=f"{name}_table_is_never_changed",
            level=pgtrigger.Statement,
            when=pgtrigger.Before,
            operation=pgtrigger.Update | pgtrigger.Delete | pgtrigger.Truncate,
            func=f"RAISE EXCEPTION 'pgtrigger: {reason}';",
        ),
    ]
