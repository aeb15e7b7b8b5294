from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from csirts.directory import SHIPPED_DIRECTORY, UnknownTerritory, import_directory


class Command(BaseCommand):
    help = "Charge l’annuaire livré des centres de réponse, sans toucher à ce qu’une personne a changé depuis."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--source", type=Path, default=SHIPPED_DIRECTORY, help="Un autre fichier de même forme.")

    def handle(self, *, source: Path, verbosity: int, **options: Any) -> None:
        try:
            reports = import_directory(source)
        except UnknownTerritory as error:
            message = "Territoire inconnu : %(code)s. Chargez d’abord la liste officielle : import_collectivities."
            raise CommandError(message % {"code": error}) from None
        for name, report in reports.items() if verbosity else ():
            self.stdout.write(f"{name} : {report}")
