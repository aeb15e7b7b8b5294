from typing import Any

from django.core.management.base import BaseCommand, CommandParser

from notifications.dispatch import replay_deliveries
from notifications.enums import DeliveryStatus

STUCK = [DeliveryStatus.DEAD, DeliveryStatus.REFUSED, DeliveryStatus.NO_CHANNEL]


class Command(BaseCommand):
    help = "Remet à envoyer ce qui a été abandonné, une fois la cause réparée. Sans option : les envois abandonnés."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument(
            "--status", choices=STUCK, default=DeliveryStatus.DEAD, help="dead (abandonné), refused, no_channel"
        )
        parser.add_argument("--csirt", metavar="SLUG", default="", help="seulement pour ce centre")

    def handle(self, *args: Any, status: str, csirt: str, **options: Any) -> None:
        self.stdout.write(f"{replay_deliveries(status=status, csirt=csirt)} envois remis à envoyer")
