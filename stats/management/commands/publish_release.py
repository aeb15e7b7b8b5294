from typing import Any

from django.core.management.base import BaseCommand, CommandError

from stats.models import Attempt
from stats.services import publish_release


class Command(BaseCommand):
    help = "Publie les périodes closes depuis la dernière publication, s’il y en a. Attend son tour si on publie déjà."

    def handle(self, *args: Any, **options: Any) -> None:
        last = Attempt.objects.order_by("pk").last()
        release = publish_release(waits=True)
        if release:
            self.stdout.write(f"Publication no {release.number}, jusqu’au {release.covers_until:%d/%m/%Y}.")
            return
        failed = Attempt.objects.filter(pk__gt=last.pk if last else 0, release=None).order_by("pk").last()
        if failed:
            raise CommandError(f"Pas de publication : {failed.get_outcome_display()}.")
        self.stdout.write("Rien de nouveau à publier.")
