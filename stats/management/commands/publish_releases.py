from typing import Any

from django.core.management.base import BaseCommand

from stats.services import publish_due_periods


class Command(BaseCommand):
    """Publish the periods that are due. Waits while another process publishes."""

    help = "Publie les périodes dues qui ne le sont pas encore. Attend son tour si on publie déjà."

    def handle(self, *args: Any, **options: Any) -> None:
        releases = publish_due_periods(waits=True)
        for release in releases:
            self.stdout.write(f"Publication no {release.number} : {release.period}.")
        if not releases:
            self.stdout.write("Rien de nouveau à publier.")
