"""The certificates of destruction: their digest, their text, and the check of their chain."""

import hashlib
import json
from datetime import UTC, datetime

import structlog
from django.db.models import Max
from django.utils import timezone

from core.french import format_number
from retention.enums import DataKind
from retention.models import Destruction

logger = structlog.get_logger(__name__)

# What a certificate names besides its rows, by the code in `Destruction.parts`.
PART_NAMES = {
    "files": "pièces rendues illisibles, leur clé étant détruite",
    "keys": "clés de chiffrement détruites",
}
FIRST_DIGEST = "0" * 64


def seal_destructions(kinds: list[DataKind]) -> int:
    """Turn the open destructions of these kinds into certificates, and return their number. The caller holds
    `Lock.PURGE`, so that no other process gives a number meanwhile.
    """
    open_rows = list(Destruction.objects.filter(number=None, kind__in=kinds).order_by("started_at", "id"))
    number = Destruction.objects.aggregate(last=Max("number"))["last"] or 0
    previous = Destruction.objects.filter(number=number).values_list("digest", flat=True).first() or FIRST_DIGEST
    for row in open_rows:
        number += 1
        row.number, row.sealed_at = number, timezone.now()
        row.digest = previous = compute_digest(row, previous)
        row.save(update_fields=["number", "sealed_at", "digest"])
        # The log goes to another machine, where nobody who changes the database can remove the last certificates.
        logger.info("certificate sealed", number=number, digest=row.digest, kind=row.kind, rows=row.count)
    return len(open_rows)


def compute_digest(row: Destruction, previous: str) -> str:
    """Return the SHA-256 of the certificate and of the digest of the previous one, in hexadecimal digits."""
    instants = (row.started_at, row.due_before, row.first_at, row.last_at, row.sealed_at)
    values = [previous, row.number, row.kind, row.count, row.parts, *map(write_instant, instants)]
    text = json.dumps(values, ensure_ascii=False, separators=(",", ":"), sort_keys=True)
    return hashlib.sha256(text.encode()).hexdigest()


def write_instant(moment: datetime | None) -> str:
    """Return an instant in UTC by ISO 8601, to the microsecond, or ""."""
    return moment.astimezone(UTC).isoformat(timespec="microseconds") if moment else ""


def find_broken_certificate() -> int | None:
    """Return the number of the first certificate that is missing or was changed, or None. Reads them one by one."""
    previous = FIRST_DIGEST
    rows = Destruction.objects.filter(number__isnull=False).order_by("number").iterator(1000)
    for expected, row in enumerate(rows, start=1):
        if row.number != expected or row.digest != compute_digest(row, previous):
            return expected
        previous = row.digest
    return None


def find_last_certificate() -> Destruction | None:
    """Return the certificate with the highest number. Compare it with the log, to see that none was removed after
    it.
    """
    return Destruction.objects.filter(number__isnull=False).order_by("-number").first()


def format_certificate(row: Destruction) -> str:
    """Return the text of a certificate. It holds numbers and instants, and nothing about anybody."""
    parts = [
        f"{PART_NAMES.get(code, code).capitalize()} : {format_number(number)}" for code, number in row.parts.items()
    ]
    lines = [
        f"ATTESTATION DE DESTRUCTION n° {row.number}",
        "",
        f"Données : {row.get_kind_display()}",
        f"Nombre de lignes : {format_number(row.count)}",
        *parts,
        f"Durée comptée depuis un instant entre {write_instant(row.first_at)}",
        f"et {write_instant(row.last_at)}",
        f"Échues : ce qui précède {write_instant(row.due_before)}",
        f"Destruction commencée le {write_instant(row.started_at)}",
        f"Attestation scellée le {write_instant(row.sealed_at)}",
        "",
        f"Empreinte (SHA-256) : {row.digest}",
        "L’empreinte couvre ces nombres, ces instants et l’empreinte de l’attestation précédente :",
        "manage.py purge --verify dit si l’une manque ou a changé.",
        "Cette attestation ne contient aucune donnée personnelle.",
    ]
    return "\n".join(lines) + "\n"
