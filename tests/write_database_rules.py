"""Writes the list of the rules that the database enforces: constraints and keys, unique indexes, triggers.

python -m tests.write_database_rules    # on a migrated database (DATABASE_URL, or the one of an earlier make run)
"""

import os
from pathlib import Path

LIST = Path(__file__).with_name("database_rules.txt")
OURS = "^(accounts|collectivities|csirts|incidents|notifications|retention|stats)_"
# NOT NULL is left out, because PostgreSQL lists it only from version 18 on, and the models state it.
STATEMENT = f"""
    SELECT conrelid::regclass || ': ' || conname || ' ' || pg_get_constraintdef(oid) FROM pg_constraint
    WHERE conrelid::regclass::text ~ '{OURS}' AND contype IN ('c', 'f', 'p', 'u', 'x')
    UNION ALL
    SELECT indrelid::regclass || ': ' || indexrelid::regclass || ' ' || pg_get_indexdef(indexrelid) FROM pg_index
    WHERE indrelid::regclass::text ~ '{OURS}' AND indisunique AND NOT indisprimary
        AND NOT EXISTS (SELECT FROM pg_constraint WHERE conindid = indexrelid AND contype = 'u')
    UNION ALL
    SELECT tgrelid::regclass || ': ' || pg_get_triggerdef(pg_trigger.oid) || ' ' || md5(prosrc)
    FROM pg_trigger JOIN pg_proc ON pg_proc.oid = tgfoid
    WHERE tgrelid::regclass::text ~ '{OURS}|^django_admin_log$' AND NOT tgisinternal
    ORDER BY 1
"""  # noqa: S608 (ours)


def list_rules() -> list[str]:
    from django.db import connection  # noqa: PLC0415 (after django.setup)

    with connection.cursor() as cursor:
        cursor.execute(STATEMENT)
        return [" ".join(rule.split()) for (rule,) in cursor.fetchall()]


def main() -> None:
    import django  # noqa: PLC0415

    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings.dev")
    django.setup()
    LIST.write_text("".join(f"{rule}\n" for rule in list_rules()))


if __name__ == "__main__":
    main()
