from typing import Any

from django.core.management.base import BaseCommand, CommandError

from stats.services import verify_figures


class Command(BaseCommand):
    help = "Recompte les cas et compare aux chiffres, à l’unité près, pendant que le service tourne."

    def handle(self, *args: Any, **options: Any) -> None:
        check = verify_figures()
        if check.mistakes:
            more = check.mistakes - len(check.found)
            said = [*check.found, *([f"… et {more} autres."] if more else [])]
            raise CommandError("\n".join([*said, "Pour corriger : manage.py rebuild_stats"]))
        self.stdout.write("Les chiffres sont justes.")
