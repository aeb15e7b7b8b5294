"""Rebuild the search documents of every case from its rows, while the service runs."""

import time
from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand

from incidents.services.search.index import BATCH, rebuild_documents


class Command(BaseCommand):
    help = "Refait ce que la recherche lit de chaque dossier, par paquets. Le service peut rester ouvert."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--batch", type=int, default=BATCH, help=f"dossiers d’un paquet ({BATCH})")

    def handle(self, *args: Any, batch: int, **options: Any) -> None:
        began, last, batches = time.monotonic(), 0, 0
        while (reached := rebuild_documents(after=last, count=batch)) is not None:
            last, batches = reached, batches + 1
        self.stdout.write(f"{batches} paquets de {batch} dossiers refaits en {time.monotonic() - began:.0f} s.")
