"""Renew what former keys made, and print how much still needs one, so that the operator knows when to remove it."""

from argparse import ArgumentParser
from collections.abc import Collection, Iterable
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError
from django.utils.timezone import localtime

from accounts.enums import SecurityEventKind
from accounts.security.record import record_security_event
from accounts.services.rotation import describe_factors_at_rest, describe_mails_with_links, describe_sessions
from core.rotation import Rotation, StoredValues, rotate_values
from core.secrets import DERIVED, KeyUse
from incidents.services.declarant.rotation import list_stored_codes
from incidents.services.evidence.files import describe_case_keys

COOKIES = "les cookies des appareils ne sont pas comptés : ils durent 30 jours après le changement de clé"
NOTES = {
    KeyUse.RELEASE: "chaque publication garde ses nombres et la clé qui la vérifie : rien à renouveler",
    KeyUse.EVENT: "sans l’ancienne clé, les événements d’avant ne disent plus de quel compte ils parlent",
}


class Command(BaseCommand):
    help = (
        "Refait avec la première clé de chaque usage ce que les anciennes ont fait, et dit ce qui en demande encore."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--dry-run", action="store_true", help="compte, et n’écrit rien dans la base")

    def handle(self, *args: Any, dry_run: bool, **options: Any) -> None:
        """Rotate each use. SECRET_KEY comes last, because former ones are also needed by the uses derived from it."""
        if settings.WITHHELD_SECRETS:
            raise CommandError("Ce processus n’a pas toutes les clés : docker compose run --rm manage rotate_keys")
        values_by_use: dict[KeyUse, list[StoredValues]] = {
            KeyUse.FOLLOW_UP: list_stored_codes(),
            KeyUse.FACTOR: [describe_factors_at_rest()],
            KeyUse.TOKEN: [describe_mails_with_links()],
            KeyUse.RELEASE: [],
            KeyUse.EVENT: [],
        }
        waiting, lost = [], []
        for use, groups in values_by_use.items():
            total = self.rotate(use, groups, is_dry=dry_run, note=NOTES.get(use, ""))
            self.advise(total, names_events=use is KeyUse.EVENT)
            if (total.waiting or total.busy) and DERIVED in settings.KEYS_BY_USE[use]:
                waiting.append(use)
            # The key that opens them may be a former SECRET_KEY, even if `derived` left the list since.
            if total.lost:
                lost.append(use)
        self.advise(self.rotate("EVIDENCE_KEY", [describe_case_keys()], is_dry=dry_run))
        total = self.rotate("SECRET_KEY", [describe_sessions()], is_dry=dry_run, note=COOKIES)
        names_events = DERIVED in settings.KEYS_BY_USE[KeyUse.EVENT]
        self.advise(total, waiting=waiting, lost=lost, names_events=names_events)
        if not dry_run:
            record_security_event(SecurityEventKind.KEYS_ROTATED)

    def rotate(self, name: str, groups: Iterable[StoredValues], *, is_dry: bool, note: str = "") -> Rotation:
        """Rotate the values of one use, print what became of them, and return their numbers together."""
        self.stdout.write(name)
        rotations = [(values.label, rotate_values(values, is_dry=is_dry)) for values in groups]
        for label, rotation in rotations:
            self.stdout.write(f"  {label} : {describe_rotation(rotation)}")
        if note:
            self.stdout.write(f"  {note}")
        return Rotation(
            waiting=sum(rotation.waiting for _label, rotation in rotations),
            busy=sum(rotation.busy for _label, rotation in rotations),
            lost=sum(rotation.lost for _label, rotation in rotations),
        )

    def advise(
        self,
        total: Rotation,
        *,
        waiting: Collection[str] = (),
        lost: Collection[str] = (),
        names_events: bool = False,
    ) -> None:
        """Print whether the former keys of one use may be removed.

        `waiting` are other uses that still need these keys. `lost` are those that may need a key removed too early.
        `names_events` is True if former security events name their accounts with these keys. They are not rewritten.
        """
        if total.lost or lost:
            others = f", pour {', '.join(lost)}" if lost else ""
            advice = f"ne retirez rien : des valeurs ne s’ouvrent avec aucune clé{others}"
        elif total.waiting or total.busy or waiting:
            others = f", aussi pour {', '.join(waiting)}" if waiting else ""
            advice = f"gardez encore les anciennes clés{others}"
        elif names_events:
            advice = "gardez les anciennes clés aussi longtemps que durent les événements de sécurité, un an"
        else:
            advice = "les anciennes clés peuvent être retirées"
        self.stdout.write(f"  → {advice}")


def describe_rotation(rotation: Rotation) -> str:
    """Return a line about the values of one kind."""
    parts = [f"{rotation.renewed} renouvelés", f"{rotation.waiting} demandent encore une ancienne clé"]
    if rotation.until:
        parts[-1] += f", la dernière jusqu’au {localtime(rotation.until):%d/%m/%Y}"
    if rotation.busy:
        parts.append(f"{rotation.busy} étaient occupés : relancez la commande")
    if rotation.lost:
        parts.append(f"{rotation.lost} ne s’ouvrent avec aucune clé : remettez celle qui a été retirée")
    return " ; ".join(parts)
