"""Renew what former keys made, and print how much still needs one, so that the operator knows when to remove it."""

from argparse import ArgumentParser
from collections.abc import Collection, Iterable
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand
from django.utils.timezone import localtime

from accounts.services.rotation import describe_factors_at_rest, describe_mails_with_links, describe_sessions
from core.rotation import Rotation, StoredValues, rotate_values
from core.secrets import DERIVED, KeyUse
from incidents.services.declarant.rotation import list_stored_codes
from incidents.services.evidence.files import describe_case_keys

COOKIES = "les cookies des appareils ne sont pas comptés : ils durent 30 jours après le changement de clé"
RELEASES = "chaque publication garde ses nombres et la clé qui la vérifie : rien à renouveler"


class Command(BaseCommand):
    help = (
        "Refait avec la première clé de chaque usage ce que les anciennes ont fait, et dit ce qui en demande encore."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--dry-run", action="store_true", help="compte, et n’écrit rien dans la base")

    def handle(self, *args: Any, dry_run: bool, **options: Any) -> None:
        """Rotate each use. SECRET_KEY comes last, because former ones are also needed by the uses derived from it."""
        free = {
            KeyUse.FOLLOW_UP: self.rotate(KeyUse.FOLLOW_UP, list_stored_codes(), is_dry=dry_run),
            KeyUse.FACTOR: self.rotate(KeyUse.FACTOR, [describe_factors_at_rest()], is_dry=dry_run),
            KeyUse.TOKEN: self.rotate(KeyUse.TOKEN, [describe_mails_with_links()], is_dry=dry_run),
            KeyUse.RELEASE: self.rotate(KeyUse.RELEASE, [], is_dry=dry_run, note=RELEASES),
        }
        self.rotate("EVIDENCE_KEY", [describe_case_keys()], is_dry=dry_run)
        derived = [use for use, is_free in free.items() if not is_free and DERIVED in settings.KEYS_BY_USE[use]]
        self.rotate("SECRET_KEY", [describe_sessions()], is_dry=dry_run, note=COOKIES, derived=derived)

    def rotate(
        self, name: str, groups: Iterable[StoredValues], *, is_dry: bool, note: str = "", derived: Collection[str] = ()
    ) -> bool:
        """Rotate the values of one use, print what became of them, and return True if no former key is needed.

        `derived` are the uses that still need a former SECRET_KEY.
        """
        self.stdout.write(name)
        rotations = [(values.label, rotate_values(values, is_dry=is_dry)) for values in groups]
        for label, rotation in rotations:
            self.stdout.write(f"  {label} : {describe_rotation(rotation)}")
        if note:
            self.stdout.write(f"  {note}")
        is_free = not any(rotation.waiting or rotation.busy for _label, rotation in rotations)
        others = f", aussi pour {', '.join(derived)}" if derived else ""
        is_over = is_free and not derived
        advice = "les anciennes clés peuvent être retirées" if is_over else "gardez encore les anciennes clés"
        self.stdout.write(f"  → {advice}{others}")
        return is_free


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
