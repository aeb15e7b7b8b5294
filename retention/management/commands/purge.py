from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from core.french import format_number
from retention.certificates import find_broken_certificate, find_last_certificate
from retention.durations import format_term, load_chosen_months
from retention.erasures import replay_erasures
from retention.guard import pause_after_restore
from retention.overview import describe_purge
from retention.services import PurgeEnd, count_due_rows, purge
from retention.table import KINDS


class Command(BaseCommand):
    """Destroy what is due, as the nightly task does, or say what would be destroyed."""

    help = "Détruit ce qui est arrivé à son terme, comme chaque nuit, et en fait les attestations."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--dry-run", action="store_true", help="compte seulement ce qui serait détruit")
        parser.add_argument("--verify", action="store_true", help="vérifie la chaîne des attestations")
        parser.add_argument(
            "--replay-erasures",
            type=Path,
            metavar="JOURNAL",
            help="après la remise d’une sauvegarde, efface de nouveau ce que ce journal dit effacé",
        )

    def handle(self, *args: Any, **options: Any) -> None:
        if options["verify"]:
            self.verify_certificates()
        elif options["dry_run"]:
            self.list_due_rows()
        elif options["replay_erasures"]:
            self.replay(options["replay_erasures"])
        elif purge(KINDS, seals=True) is PurgeEnd.BUSY:
            raise CommandError("Une autre purge est en cours : rien n’a été fait.")
        else:
            self.report_problems()

    def replay(self, path: Path) -> None:
        pause_after_restore()
        with path.open(encoding="utf-8", errors="replace") as log:
            replayed = replay_erasures(log)
        cases, accounts = format_number(replayed.cases), format_number(replayed.accounts)
        self.stdout.write(f"Effacés de nouveau\N{NO-BREAK SPACE}: {cases} dossiers, {accounts} comptes.")
        if replayed.frozen:
            raise CommandError(f"Gelés, donc pas effacés\N{NO-BREAK SPACE}: {', '.join(replayed.frozen)}.")

    def list_due_rows(self) -> None:
        chosen = load_chosen_months()
        for kind, number in count_due_rows():
            self.stdout.write(f"{format_number(number)} {kind.code.label} ({format_term(kind, chosen)})")

    def report_problems(self) -> None:
        """Say what waits and what failed. Raises CommandError if something could not be destroyed."""
        overview = describe_purge()
        self.stdout.write(overview.sentence)
        problems = [f"{line.name} : {line.number}, {line.obstacle}" for line in overview.lines if line.obstacle]
        if problems:
            raise CommandError("\n".join(problems))

    def verify_certificates(self) -> None:
        if broken := find_broken_certificate():
            raise CommandError(f"L’attestation n° {broken} manque ou a changé.")
        last = find_last_certificate()
        head = f"La dernière est la n° {last.number}, d’empreinte {last.digest}." if last else "Il n’y en a aucune."
        self.stdout.write(f"Les attestations se suivent et sont entières. {head}")
