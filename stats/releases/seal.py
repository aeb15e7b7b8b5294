"""The printed document of a release, its SHA-256 and its signature, with which anybody can check a copy.

The printed document (`canonical.json`) is one JSON object in UTF-8 without spaces and with sorted keys. The audit
(`stats/disclosure/audit.py`) reads nothing else. The signature is Ed25519 (RFC 8032). The release stores the key
that verifies it, so that a new secret does not invalidate earlier releases.
"""

import hashlib
import hmac
import json
from collections.abc import Iterable
from typing import Any, NamedTuple

from django.conf import settings
from django.utils.timezone import localtime
from nacl.signing import SigningKey, VerifyKey

from stats.counting.periods import PARIS
from stats.disclosure.figures import BASE, THRESHOLD
from stats.disclosure.tables import Period
from stats.releases.rows import Denominator, Figure, Release

type Printed = dict[str, Any]


class Seal(NamedTuple):
    """The digest, the signature and the key, all in hexadecimal."""

    digest: str
    signature: str
    verify_key: str


def sign_document(document: bytes) -> Seal:
    key = derive_signing_key()
    return Seal(hashlib.sha256(document).hexdigest(), key.sign(document).signature.hex(), bytes(key.verify_key).hex())


def encode_document(printed: Printed) -> bytes:
    return json.dumps(printed, ensure_ascii=False, sort_keys=True, separators=(",", ":")).encode()


def make_signed_document(
    release: Release, tables: list[Printed], bodies: Iterable[Denominator], earlier: Iterable[Release]
) -> Printed:
    """Return the printed document. `tables` are those of the draw, `earlier` the quarterly releases of the year."""
    return {
        "number": release.number,
        "period": str(release.period),
        "published_on": localtime(release.published_at, PARIS).date().isoformat(),
        "rounding_key": release.rounding_key,
        "rule": {"threshold": THRESHOLD, "base": BASE},
        "earlier": {str(quarter.number): quarter.digest for quarter in earlier},
        "tables": tables,
        "existing": sorted([release.year, denominator.stratum, denominator.bodies] for denominator in bodies),
    }


def load_printed(release: Release) -> Printed:
    """Return the printed document of a stored release, as it was sealed."""
    printed: Printed = json.loads(bytes(release.printed))
    return printed


def list_quarterly_releases(period: Period) -> list[Release]:
    """Return the quarterly releases of a year, in order. Return [] for a quarter, which is audited alone."""
    if period.quarter:
        return []
    return list(Release.objects.filter(year=period.year, quarter__gt=0).order_by("quarter"))


def is_intact(release: Release) -> bool:
    """Tell whether the figures and the digest of a release are those that were signed. Raises BadSignatureError (nacl)
    if the signature is wrong.
    """
    document = bytes(release.printed)
    VerifyKey(bytes.fromhex(release.verify_key)).verify(document, bytes.fromhex(release.signature))
    printed = {
        (table["code"], *(*cell, "", "")[:2], value)
        for table in json.loads(document)["tables"]
        for cell, value in table["cells"]
    }
    rows = Figure.objects.filter(release=release).values_list("table", "first", "second", "value")
    return hashlib.sha256(document).hexdigest() == release.digest and printed == set(rows)


# Keys. Each is derived from the secret of the installation, for one use only.


def derive_signing_key() -> SigningKey:
    return SigningKey(hashlib.sha256(b"tocsin.stats.release\0" + settings.SECRET_KEY.encode()).digest())


def derive_rounding_key() -> bytes:
    """Return the secret of the random rounding. A new SECRET_KEY changes it from the next release on."""
    return hmac.digest(settings.SECRET_KEY.encode(), b"tocsin.stats.rounding", hashlib.sha256)


def compute_fingerprint(key: bytes) -> str:
    """Return sixteen hexadecimal digits that identify a key without revealing it."""
    return hashlib.sha256(b"tocsin.stats.rounding.fingerprint\0" + key).hexdigest()[:16]
