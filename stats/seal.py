"""The canonical form of a release, its SHA-256 and its signature: anybody can check that a copy is what was published.

The canonical form is one JSON object in UTF-8 without spaces, keys in order, rows in order:

    {"blocks":[[measure,region,first day,last day,band,value],…],"covers_until":…,"denominators":[…],"number":…}

Signed with Ed25519 (RFC 8032). The key that checks it stands in the release, so that a new secret breaks no old one.
"""

import hashlib
import json
from collections.abc import Iterable
from datetime import date
from typing import NamedTuple

from django.conf import settings
from nacl.signing import SigningKey, VerifyKey

from collectivities.models import Region
from stats.models import Block, Denominator, Release

# measure, region, first day, last day, band, value
type BlockRow = tuple[str, str, str, str, str, int]
# year, region, stratum, bodies
type BodiesRow = tuple[int, str, str, int]


class Seal(NamedTuple):
    """All three in hexadecimal."""

    digest: str
    signature: str
    verify_key: str


def seal_of(release: Release, blocks: Iterable[Block], denominators: Iterable[Denominator]) -> Seal:
    said = canonical(release, blocks, denominators)
    key = signing_key()
    return Seal(hashlib.sha256(said).hexdigest(), key.sign(said).signature.hex(), bytes(key.verify_key).hex())


def canonical(release: Release, blocks: Iterable[Block], denominators: Iterable[Denominator]) -> bytes:
    """`region` is its code, "" for several together."""
    codes: dict[int | None, str] = {None: "", **dict(Region.objects.values_list("pk", "code"))}
    return in_bytes(
        release.number,
        release.covers_until,
        (
            (b.measure, codes[b.region_id], b.starts_on.isoformat(), b.ends_on.isoformat(), b.band, b.value)
            for b in blocks
        ),
        ((d.year, codes[d.region_id], d.stratum, d.bodies) for d in denominators),
    )


def in_bytes(number: int, covers_until: date, blocks: Iterable[BlockRow], denominators: Iterable[BodiesRow]) -> bytes:
    """The same, of rows whose regions are codes and whose days are as ISO 8601 writes them."""
    said = {
        "number": number,
        "covers_until": covers_until.isoformat(),
        "blocks": sorted(blocks),
        "denominators": sorted(denominators),
    }
    return json.dumps(said, ensure_ascii=False, sort_keys=True, separators=(",", ":")).encode()


def is_intact(release: Release) -> bool:
    """Whether what the database holds of a release is what was signed. Raises nacl.exceptions.BadSignatureError."""
    said = canonical(release, release.blocks.all(), release.denominators.all())
    VerifyKey(bytes.fromhex(release.verify_key)).verify(said, bytes.fromhex(release.signature))
    return hashlib.sha256(said).hexdigest() == release.digest


def signing_key() -> SigningKey:
    """From the secret of the installation, and good for this use alone."""
    return SigningKey(hashlib.sha256(b"tocsin.stats.release\0" + settings.SECRET_KEY.encode()).digest())
