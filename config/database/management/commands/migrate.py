"""`manage.py migrate` of Django, as the owner of the tables. It then protects the rows from the other roles."""

from typing import Any

from django.core.management import CommandError
from django.core.management.commands import migrate

from config.database.grants import find_creating_role, find_unowned_object, protect_rows
from config.database.owner import connect_as_owner

NO_OWNER = (
    "%s n’est pas au rôle qui migre\N{NO-BREAK SPACE}: donnez DATABASE_OWNER_URL à cette commande ou, si vous avez "
    "restauré une sauvegarde, faites d’abord lancer deploy/create_roles.sql par le superutilisateur de PostgreSQL."
)
STILL_OPEN = (
    "Les migrations sont faites, mais le rôle %s peut encore créer des schémas, ou des objets dans le schéma "
    "public\N{NO-BREAK SPACE}: faites lancer deploy/create_roles.sql par le superutilisateur de PostgreSQL."
)


class Command(migrate.Command):
    def handle(self, *args: Any, **options: Any) -> None:
        """Apply or undo migrations, then give the roles their privileges, even if a migration failed. With --plan or
        --check, change nothing.
        """
        if options["plan"] or options["check_unapplied"]:
            with connect_as_owner():
                super().handle(*args, **options)
            return
        with connect_as_owner():
            if name := find_unowned_object():
                raise CommandError(NO_OWNER % name)
            try:
                super().handle(*args, **options)
            finally:  # the migrations before it have opened `pgtrigger.ignore` and created tables
                protect_rows()
            if role := find_creating_role():
                raise CommandError(STILL_OPEN % role)
