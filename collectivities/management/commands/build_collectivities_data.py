from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from collectivities.official import SHIPPED_LIST, read_official_list
from collectivities.official.compact import write_compact_list
from collectivities.official.rows import UnreadableList


class Command(BaseCommand):
    help = "Rebuild the shipped official list from the npm package @etalab/decoupage-administratif."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("package", type=Path, help="folder of the package, or the .tgz of npm pack")
        parser.add_argument("--output", type=Path, default=SHIPPED_LIST)
        parser.add_argument("--millesime", type=int, help="year of the list, when the package does not say it")

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            official = read_official_list(options["package"], options["millesime"])
        except UnreadableList as problem:
            raise CommandError(str(problem)) from problem
        write_compact_list(official, options["output"])
        self.stdout.write(
            f"{options['output']} : millésime {official.millesime}, {len(official.bodies)} collectivités"
        )
