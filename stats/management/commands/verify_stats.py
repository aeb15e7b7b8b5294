from typing import Any

from django.core.management.base import BaseCommand, CommandError

from stats.services import verify_figures


class Command(BaseCommand):
    """Recount all cases and fail if a figure differs."""

    help = "Recompte les cas et compare aux chiffres, à l’unité près, pendant que le service tourne."

    def handle(self, *args: Any, **options: Any) -> None:
        check = verify_figures()
        if check.mistakes:
            remaining = check.mistakes - len(check.differences)
            lines = [*check.differences, *([f"… et {remaining} autres."] if remaining else [])]
            raise CommandError("\n".join([*lines, "Pour corriger : manage.py rebuild_stats"]))
        self.stdout.write("Les chiffres sont justes.")
