from typing import Any

from django.core.management.base import BaseCommand

from stats.services import publish_release


class Command(BaseCommand):
    help = "Publie les périodes closes depuis la dernière publication, s’il y en a."

    def handle(self, *args: Any, **options: Any) -> None:
        release = publish_release()
        if release is None:
            self.stdout.write("Rien de nouveau à publier.")
            return
        self.stdout.write(f"Publication no {release.number}, jusqu’au {release.covers_until:%d/%m/%Y}.")
