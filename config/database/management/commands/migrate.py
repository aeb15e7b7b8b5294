"""`manage.py migrate` of Django, as the owner of the tables. It then protects the rows from the other roles."""

from typing import Any

from django.core.management import CommandError
from django.core.management.commands import migrate

from config.database.grants import find_foreign_table, protect_rows
from config.database.owner import connect_as_owner

NO_OWNER = "La table %s n’est pas au rôle qui migre\N{NO-BREAK SPACE}: donnez DATABASE_OWNER_URL à cette commande."


class Command(migrate.Command):
    def handle(self, *args: Any, **options: Any) -> None:
        """Apply or undo migrations, then give the roles their privileges. With --plan or --check, change nothing."""
        changes = not (options["plan"] or options["check_unapplied"])
        with connect_as_owner():
            if changes and (table := find_foreign_table()):
                raise CommandError(NO_OWNER % table)
            super().handle(*args, **options)
            if changes:
                protect_rows()
