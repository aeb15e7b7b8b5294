"""Encrypt the key of each case with the first EVIDENCE_KEY. Afterwards the former key can be removed."""

from typing import Any

from django.core.management.base import BaseCommand

from incidents.services.evidence.files import rewrap_case_keys


class Command(BaseCommand):
    help = "Chiffre les clés des dossiers avec la première d’EVIDENCE_KEY ; l’ancienne peut ensuite être retirée."

    def handle(self, *args: Any, **options: Any) -> None:
        self.stdout.write(f"Clés chiffrées de nouveau : {rewrap_case_keys()}. L’ancienne clé peut être retirée.")
