"""Triggers that make PostgreSQL refuse every change to the rows of a table."""

import pgtrigger


def make_append_only_triggers(row_trigger: str, table_trigger: str, *, reason: str) -> list[pgtrigger.Trigger]:
    """Return two triggers, with the given names, that let rows be inserted but never changed or deleted.

    A row trigger does not see TRUNCATE. Therefore the second trigger refuses whole statements, with the message
    `reason`.
    """
    return [
        pgtrigger.Protect(name=row_trigger, operation=pgtrigger.Update | pgtrigger.Delete),
        pgtrigger.Trigger(
            name=table_trigger,
            level=pgtrigger.Statement,
            when=pgtrigger.Before,
            operation=pgtrigger.Update | pgtrigger.Delete | pgtrigger.Truncate,
            func=f"RAISE EXCEPTION 'pgtrigger: {reason}';",
        ),
    ]
