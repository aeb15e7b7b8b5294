"""Create an API token for a person and print it once."""

import secrets
from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.http import Http404

from accounts.models import User
from accounts.services.tokens import MAX_LIVE_TOKENS, TooManyTokens, make_token


class Command(BaseCommand):
    help = "Crée un jeton d’API pour un compte et l’affiche une seule fois."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("email")
        parser.add_argument("--name", default="API", help="à quoi sert ce jeton")

    def handle(self, *args: Any, email: str, name: str, **options: Any) -> None:
        user = User.objects.with_address(email).filter(is_active=True).first()
        if user is None:
            raise CommandError(f"Aucun compte actif pour {email}.")
        try:
            self.stdout.write(make_token(actor=user, name=name, key=secrets.token_urlsafe(24)))
        except Http404:
            raise CommandError(
                f"{email} n’intervient dans aucun centre et n’est d’aucune collectivité\N{NO-BREAK SPACE}: l’API ne "
                "lui donnerait rien."
            ) from None
        except TooManyTokens:
            raise CommandError(
                f"{email} a déjà {MAX_LIVE_TOKENS} jetons\N{NO-BREAK SPACE}: que l’un soit d’abord révoqué, sur "
                "/compte/jetons/."
            ) from None
