"""Give a person the rights of a responder in a centre for one hour, and tell the leads of the centre."""

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.utils import timezone

from accounts.services.break_glass import RefusedAccess, open_break_glass
from core.french import format_day


class Command(BaseCommand):
    help = (
        "Donne à une personne, pour une heure, les droits d’un intervenant dans un centre. Les responsables du centre "
        "reçoivent aussitôt un mail, et lisent la raison sur la page de leur équipe."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--csirt", required=True, help="le nom du centre dans ses adresses, comme breizh-cyber")
        parser.add_argument(
            "--person", required=True, help="l’adresse mail d’un compte ouvert, avec un second facteur"
        )
        parser.add_argument("--reason", required=True, help="ce que les responsables du centre liront")

    def handle(self, *args: Any, csirt: str, person: str, reason: str, **options: Any) -> None:
        try:
            access = open_break_glass(slug=csirt, address=person, reason=reason)
        except RefusedAccess as refusal:
            raise CommandError(str(refusal)) from None
        end = timezone.localtime(access.ends_at)
        self.stdout.write(
            f"{access.user} a les droits d’un intervenant dans le centre «\N{NO-BREAK SPACE}{access.csirt}"
            f"\N{NO-BREAK SPACE}» jusqu’au {format_day(end.date())} à {end:%H:%M:%S} ({end.tzinfo}). "
            "Ses responsables sont prévenus."
        )
