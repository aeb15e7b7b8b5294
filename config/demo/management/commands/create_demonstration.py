"""Create the accounts of a demonstration database, which have a published password."""

from typing import Any

from django.core.exceptions import ImproperlyConfigured
from django.core.management.base import BaseCommand, CommandError

from config.demo.accounts import PASSWORD, create_demonstration


class Command(BaseCommand):
    help = "Crée les comptes de démonstration (base de démonstration seulement)."

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            accounts = create_demonstration()
        except ImproperlyConfigured as refusal:
            raise CommandError(str(refusal)) from None
        self.stdout.write("\n".join([*accounts, f"mot de passe : {PASSWORD}"]))
