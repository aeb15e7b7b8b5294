"""Evidence files that a declarant hands over."""

import struct

from django.test import Client

from incidents.models import Evidence, Incident


def hand_over(client: Client, incident: Incident, content: bytes, name: str = "piece.bin", **fields: str) -> Evidence:
    url = f"/suivi/{incident.reference}/pieces/envoi/"
    begun = client.post(url, {"nom": name, "taille": len(content), **fields}).json()
    if content:
        client.post(f"{url}{begun['uid']}/?debut=0", content, "application/octet-stream")
    client.post(f"{url}{begun['uid']}/fin/")
    return Evidence.objects.get(number=Evidence.objects.count(), incident=incident)


def evidence_url(piece: Evidence) -> str:
    return f"/triage/{piece.incident.reference}/pieces/{piece.uid}/"


def make_photograph(
    latitude: tuple[int, int, int] = (48, 6, 30),
    longitude: tuple[int, int, int] = (4, 6, 0),
    west: bytes = b"W\0",
    *,
    is_below_sea: bool = False,
) -> bytes:
    """Return a JPEG whose metadata tell where it was taken: 48.108333, −4.1, 12 m above or below the sea."""
    gps = [(1, 2, 2, b"N\0\0\0"), (3, 2, 2, west + b"\0\0"), (2, 5, 3, None), (4, 5, 3, None), (6, 5, 1, None)]
    gps += [(5, 1, 1, b"\1\0\0\0")] if is_below_sea else []
    rationals = [*latitude, *longitude, 12]
    ifd = 8 + 2 + 12 + 4
    data = ifd + 2 + 12 * len(gps) + 4
    entries = b""
    for tag, kind, count, inline in gps:
        entries += struct.pack("<HHI", tag, kind, count) + (inline or struct.pack("<I", data))
        data += 8 * count if inline is None else 0
    tiff = b"II*\0" + struct.pack("<I", 8) + struct.pack("<HHHIII", 1, 0x8825, 4, 1, ifd, 0)
    tiff += struct.pack("<H", len(gps)) + entries + struct.pack("<I", 0)
    tiff += b"".join(struct.pack("<II", value, 1) for value in rationals)
    segment = b"Exif\0\0" + tiff
    return b"\xff\xd8\xff\xe1" + struct.pack(">H", len(segment) + 2) + segment + b"\xff\xd9"
