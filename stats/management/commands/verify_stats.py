from typing import Any

from django.core.management.base import BaseCommand, CommandError

from stats.rollups import mistakes


class Command(BaseCommand):
    help = "Recompte les cas et compare aux chiffres, à l’unité près."

    def handle(self, *args: Any, **options: Any) -> None:
        found = mistakes()
        if found:
            raise CommandError("\n".join(found))
        self.stdout.write("Les chiffres sont justes.")
