from typing import Any

from django.core.management.base import BaseCommand, CommandError

from stats.services import verify_figures


class Command(BaseCommand):
    help = "Recompte les cas et compare aux chiffres, à l’unité près, pendant que le service tourne."

    def handle(self, *args: Any, **options: Any) -> None:
        check = verify_figures()
        if check.mistakes:
            more = check.mistakes - len(check.found)
            others = [f"… et {more} autres. Pour corriger : manage.py rebuild_stats"] if more else []
            raise CommandError("\n".join([*check.found, *others]))
        self.stdout.write("Les chiffres sont justes.")
