"""Create an API token for a person and print it once."""

import secrets
from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.http import Http404

from accounts.enums import TokenScope
from accounts.models import User
from accounts.models.access import TOKEN_LIFE, TOKEN_LIVES
from accounts.services.tokens import MAX_LIVE_TOKENS, AccountChanged, TooManyTokens, UnusableScope, make_token

READ = [TokenScope.READ.value]


class Command(BaseCommand):
    help = "Crée un jeton d’API pour un compte et l’affiche une seule fois."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("email")
        parser.add_argument("--name", default="API", help="à quoi sert ce jeton")
        parser.add_argument("--scopes", nargs="+", choices=TokenScope.values, default=READ, help="read par défaut")
        parser.add_argument(
            "--days", type=int, choices=TOKEN_LIVES, default=TOKEN_LIFE.days, help="jours pendant lesquels il vaut"
        )

    def handle(self, *args: Any, email: str, name: str, scopes: list[str], days: int, **options: Any) -> None:
        user = User.objects.with_address(email).filter(is_active=True).first()
        if user is None:
            raise CommandError(f"Aucun compte actif pour {email}.")
        try:
            key = secrets.token_urlsafe(24)
            self.stdout.write(make_token(actor=user, name=name, key=key, scopes=scopes, days=days))
        except Http404:
            raise CommandError(
                f"{email} n’intervient dans aucun centre et n’est d’aucune collectivité\N{NO-BREAK SPACE}: l’API ne "
                "lui donnerait rien."
            ) from None
        except AccountChanged:
            raise CommandError("Ce compte vient de changer. Relancez la commande.") from None
        except UnusableScope as refusal:
            raise CommandError(
                f"Avec ses rôles d’aujourd’hui, {email} ne peut pas utiliser la portée «\N{NO-BREAK SPACE}{refusal}"
                "\N{NO-BREAK SPACE}»."
            ) from None
        except TooManyTokens:
            raise CommandError(
                f"{email} a déjà {MAX_LIVE_TOKENS} jetons\N{NO-BREAK SPACE}: que l’un soit d’abord révoqué, sur "
                "/compte/jetons/."
            ) from None
