"""The printed document of a release, with its SHA-256 and its signature. Anybody can check a copy with them.

The printed document (`canonical.json`) is one JSON object in UTF-8 without spaces and with sorted keys. The audit
(`stats/disclosure/audit.py`) reads nothing else. The signature is Ed25519 (RFC 8032). The release stores the key that
verifies it and every number that was drawn, so that a new RELEASE_KEY changes no earlier release. Former keys are
therefore never tried.
"""

import hashlib
import hmac
import json
from collections.abc import Iterable
from typing import Any, NamedTuple

from django.utils.encoding import force_bytes
from django.utils.timezone import localtime
from nacl.signing import SigningKey

from core.secrets import KeyUse, get_first_key
from stats.disclosure.figures import BASE, THRESHOLD
from stats.disclosure.tables import Period
from stats.periods import PARIS
from stats.releases.rows import Denominator, Release

type Printed = dict[str, Any]


class Seal(NamedTuple):
    """The digest and the signature of a document, and the key that verifies the signature. All three are
    hexadecimal.
    """

    digest: str
    signature: str
    verify_key: str


def sign_document(document: bytes) -> Seal:
    """Return the seal of a document."""
    key = derive_signing_key()
    return Seal(hashlib.sha256(document).hexdigest(), key.sign(document).signature.hex(), bytes(key.verify_key).hex())


def encode_document(printed: Printed) -> bytes:
    """Return the bytes of a printed document, which are always the same for the same content."""
    return json.dumps(printed, ensure_ascii=False, sort_keys=True, separators=(",", ":")).encode()


def make_signed_document(
    release: Release, tables: list[Printed], bodies: Iterable[Denominator], earlier: Iterable[Release]
) -> Printed:
    """Return the printed document of a new release, to be signed. `tables` are the drawn tables.

    `earlier` are the quarterly releases of the same year.
    """
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
    """Return the printed document of a stored release, as it was signed."""
    printed: Printed = json.loads(bytes(release.printed))
    return printed


def list_quarterly_releases(period: Period) -> list[Release]:
    """Return the quarterly releases of a year, in order. The list is empty for a quarter."""
    if period.quarter:
        return []
    return list(Release.objects.filter(year=period.year, quarter__gt=0).order_by("quarter"))


# Keys. Each is derived from RELEASE_KEY, for one use only.


def derive_signing_key() -> SigningKey:
    """Return the key that signs new releases."""
    key = force_bytes(get_first_key(KeyUse.RELEASE))
    return SigningKey(hashlib.sha256(b"tocsin.stats.release\0" + key).digest())


def derive_rounding_key() -> bytes:
    """Return the secret of the random rounding. A new RELEASE_KEY changes the next releases only: what a quarter
    printed is held fast when its year is drawn (`draw_release`).
    """
    return hmac.digest(force_bytes(get_first_key(KeyUse.RELEASE)), b"tocsin.stats.rounding", hashlib.sha256)


def compute_fingerprint(key: bytes) -> str:
    """Return sixteen hexadecimal digits that identify a key without revealing it."""
    return hashlib.sha256(b"tocsin.stats.rounding.fingerprint\0" + key).hexdigest()[:16]
