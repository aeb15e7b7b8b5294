from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from collectivities.official import read_official_list
from collectivities.official.rows import UnreadableList
from collectivities.services import ImportReport, import_official_list

SUMMARY = """\
Liste officielle, millésime {0.millesime}
  créées      {0.created:>6}
  modifiées   {0.changed:>6}
  fusionnées  {0.merged:>6}
  disparues   {0.vanished:>6}
  inchangées  {0.unchanged:>6}
  appartenances ajoutées {0.memberships_added}, retirées {0.memberships_removed}"""


class Command(BaseCommand):
    help = "Load the official list of local authorities. Run again at each new millésime; nothing is ever deleted."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument(
            "--source",
            type=Path,
            help="a newer list: folder or .tgz of @etalab/decoupage-administratif, or .csv.xz (default: the shipped)",
        )
        parser.add_argument("--millesime", type=int, help="year of the list, when the source does not say it")

    def handle(self, *args: Any, **options: Any) -> None:
        write_progress = self.stdout.write if options["verbosity"] else self._ignore_message
        try:
            official = read_official_list(options["source"], options["millesime"])
            report: ImportReport = import_official_list(official=official, write_progress=write_progress)
        except UnreadableList as problem:
            raise CommandError(str(problem)) from problem
        write_progress(SUMMARY.format(report))

    def _ignore_message(self, _message: str) -> None:
        return
