"""Facts that the beginning of a file reveals: its type, which is never trusted, and where a photograph was taken.

Every file may be hostile. Nothing is unpacked, and only the given bytes are read.
"""

import math
from codecs import getincrementaldecoder
from email.parser import BytesHeaderParser
from io import BytesIO
from typing import Any

from core.libraries import load_library

# The number of bytes that are inspected. The position of a photograph is near its beginning.
INSPECTED_BYTES = 1024 * 1024
# The number of bytes that decide whether a file is a text or a mail.
TEXT_SAMPLE_BYTES = 64 * 1024
# The most reads of a photograph, and the most bytes read, the same bytes several times included.
MAX_READS, MAX_READ_BYTES = 20_000, 8 * INSPECTED_BYTES
MAIL_HEADERS = {"from", "to", "date", "subject", "message-id", "received", "return-path", "mime-version"}
# First bytes → type. An office document is reported as a zip, because finding its kind would require unpacking it.
TYPE_SIGNATURES = {b"PK\x03\x04": "application/zip", b"MZ": "application/vnd.microsoft.portable-executable"}
PHOTOGRAPH_SIGNATURES = (b"\xff\xd8", b"II*\0", b"MM\0*")
BELOW_SEA_LEVEL = 1  # EXIF 2.3, GPSAltitudeRef: the altitude itself has no sign


class TooManyReads(Exception):
    """The parser has read the file more than MAX_READS times or more than MAX_READ_BYTES, and might never end."""


class BoundedReader(BytesIO):
    """A stream of bytes that raises TooManyReads after `MAX_READS` reads or `MAX_READ_BYTES`. It stops a parser that
    follows the offsets of a file in a circle, or reads the whole file at each of them.
    """

    reads = 0
    read_bytes = 0

    def read(self, size: int | None = -1, /) -> bytes:
        content = super().read(size)
        self.reads += 1
        self.read_bytes += len(content)
        if self.reads > MAX_READS or self.read_bytes > MAX_READ_BYTES:
            raise TooManyReads
        return content


def detect_media_type(head: bytes) -> str:
    """Return a media type such as « image/jpeg », or "" if no type is recognised. A mail with its headers is
    « message/rfc822 ».
    """
    if not head:
        return ""
    if is_text(head[:TEXT_SAMPLE_BYTES]):
        return "message/rfc822" if is_mail(head[:TEXT_SAMPLE_BYTES]) else "text/plain"
    for signature, kind in TYPE_SIGNATURES.items():
        if head.startswith(signature):
            return kind
    puremagic = load_library("puremagic")
    try:
        types = puremagic.magic_string(head)
    except (puremagic.PureError, ValueError):
        return ""
    return next((candidate.mime_type[:100] for candidate in types if candidate.mime_type), "")


def is_text(head: bytes) -> bool:
    """Tell whether the bytes are text in UTF-8, or a mail in any encoding. A sample of `TEXT_SAMPLE_BYTES` may end
    inside a letter.
    """
    if b"\0" in head:
        return False
    try:
        getincrementaldecoder("utf-8")().decode(head, final=len(head) < TEXT_SAMPLE_BYTES)
    except UnicodeDecodeError:
        return is_mail(head)
    return True


def is_mail(head: bytes) -> bool:
    """Tell whether the bytes begin with the headers of a mail. From and two other usual headers are required."""
    names = {name.lower() for name in BytesHeaderParser().parsebytes(head)}
    return "from" in names and len(names & MAIL_HEADERS) >= 3


def read_position(head: bytes) -> dict[str, float] | None:
    """Return where a photograph was taken: its latitude and longitude in degrees and, if known, its altitude in
    metres.

    Return None if the photograph records no position, or an impossible one.
    """
    if not is_photograph(head):
        return None
    try:
        tags = load_library("exifread").process_file(BoundedReader(head), details=False, extract_thumbnail=False)
        return read_coordinates(tags)
    except Exception:  # noqa: BLE001 (whatever a hostile image does to its reader, it stays evidence)
        return None


def is_photograph(head: bytes) -> bool:
    """Tell whether the file begins as a JPEG, a TIFF or a HEIF image does."""
    return head.startswith(PHOTOGRAPH_SIGNATURES) or head[4:8] == b"ftyp"


def read_coordinates(tags: dict[str, Any]) -> dict[str, float] | None:
    """Return the latitude, the longitude and, if known, the altitude from EXIF tags. Return None if the latitude or
    the longitude is missing or impossible.
    """
    coordinates = load_library("exifread").utils.get_gps_coords(tags)
    if not coordinates or not all(math.isfinite(number) for number in coordinates):
        return None
    latitude, longitude = (round(number, 6) for number in coordinates)
    if abs(latitude) > 90 or abs(longitude) > 180:
        return None
    return {"latitude": latitude, "longitude": longitude} | read_altitude(tags)


def read_altitude(tags: dict[str, Any]) -> dict[str, float]:
    """Return a dict with the altitude in metres from EXIF tags. The dict is empty if the altitude is missing or
    impossible.
    """
    if "GPS GPSAltitude" not in tags:
        return {}
    metres = tags["GPS GPSAltitude"].values[0].decimal()
    if "GPS GPSAltitudeRef" in tags and tags["GPS GPSAltitudeRef"].values[0] == BELOW_SEA_LEVEL:
        metres = -metres
    return {"altitude": round(metres, 1)} if math.isfinite(metres) and abs(metres) < 100_000 else {}
