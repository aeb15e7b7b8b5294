"""Create the first account of an installation, which is the administrator of the platform and creates the other
accounts.
"""

import getpass
from argparse import ArgumentParser
from typing import Any

from django.contrib.auth.password_validation import validate_password
from django.core.exceptions import ValidationError
from django.core.management.base import BaseCommand, CommandError
from django.db import transaction

from accounts.enums import Role, SecurityEventKind
from accounts.models import Membership, User
from accounts.security.record import record_security_event
from core.text import normalise_address


class Command(BaseCommand):
    help = "Crée un compte d’administration de la plateforme (demande le mot de passe)."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("email")
        parser.add_argument("--name", default="Administration")

    @transaction.atomic
    def handle(self, *args: Any, email: str, name: str, **options: Any) -> None:
        email = self.clean_address(email)
        if User.objects.with_address(email).exists():
            raise CommandError(f"Un compte existe déjà pour {email}.")
        user = User.objects.create_user(email, self.ask_password(), display_name=name)
        Membership.objects.create(user=user, role=Role.ADMINISTRATOR)
        record_security_event(SecurityEventKind.ROLE_GIVEN, person=user, detail=Role.ADMINISTRATOR)
        self.stdout.write(f"Compte créé : {email}.")

    def clean_address(self, text: str) -> str:
        """Return the address in the form in which it is stored. Raises CommandError if the text is not an address."""
        address = normalise_address(text)
        try:
            User(email=address).clean_fields(exclude={"password", "display_name"})
        except ValidationError as error:
            raise CommandError(f"{address}\N{NO-BREAK SPACE}: {' '.join(error.messages)}") from None
        return address

    def ask_password(self) -> str:
        """Ask for a password in the terminal. Raises CommandError if it is too weak."""
        password = getpass.getpass("Mot de passe : ")
        try:
            validate_password(password)
        except ValidationError as error:
            raise CommandError(" ".join(error.messages)) from None
        return password
