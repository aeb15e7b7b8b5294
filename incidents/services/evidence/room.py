"""The room for files altogether: the free disk that is kept for text, what all files may occupy, and what one address
without account may send within an hour. `files.py` has the quota of one case.

A limit here refuses files only. A declaration, a message and an answer are text, and are accepted whatever it says.
"""

import math
from datetime import datetime
from http import HTTPStatus

import structlog
from django.conf import settings
from django.core.cache import cache
from django.core.exceptions import ValidationError
from django.db.models import Sum
from django.utils import timezone
from redis import RedisError

from incidents.files import vault
from incidents.models import Evidence, EvidenceUpload
from incidents.services.declaring.limits import digest_value, increment_counts, measure_wait

logger = structlog.get_logger(__name__)

KILOBYTE = 1000
# The cache holds what all files occupy, as the clock measured it. Without the clock it is forgotten after so long, and
# only the free disk counts.
TOTAL_KEY, TOTAL_LIFETIME_SECONDS = "evidence:total", 3600
# People without account share so many tenths of the room, so that strangers do not take that of those with one.
STRANGERS_TENTHS = 9
NO_ROOM = (
    "Nous ne prenons plus de fichiers pour le moment, car la place manque. Votre dossier, lui, est bien enregistré, "
    "et vous pouvez écrire un message. Gardez vos fichiers, et réessayez plus tard."
)
ADDRESS_FULL = (
    "Beaucoup de fichiers sont arrivés depuis votre connexion Internet en une heure. Gardez les autres, et réessayez "
    "dans une heure. Votre dossier est bien enregistré, et vous pouvez écrire un message."
)


class RoomProblem(ValidationError):
    """No file is accepted now. The message says what the person can do. `wait` is the number of seconds after which
    the address may send files again, or 0 if nobody knows.
    """

    def __init__(self, message: str, status: HTTPStatus, *, wait: int = 0) -> None:
        super().__init__(message)
        self.status = status
        self.wait = wait

    @property
    def headers(self) -> dict[str, str]:
        return {"Retry-After": str(self.wait)} if self.wait else {}


def check_room(source: str) -> None:
    """Raise RoomProblem if no file is accepted now.

    `source` is a digest of the sender's IP address, or "" for a person with an account.
    """
    if problem := find_room_problem(source):
        raise problem


def find_room_problem(source: str) -> RoomProblem | None:
    """Return why no file is accepted now, or None. Runs one query at most, on one row."""
    if is_disk_full() or read_stored_bytes() >= compute_most_bytes(is_stranger=bool(source)):
        return RoomProblem(NO_ROOM, HTTPStatus.INSUFFICIENT_STORAGE)
    most_kilobytes = math.ceil(settings.EVIDENCE_ADDRESS_BYTES / KILOBYTE)
    wait = measure_wait(derive_address_key(source), most_kilobytes, timezone.now()) if source else 0
    return RoomProblem(ADDRESS_FULL, HTTPStatus.TOO_MANY_REQUESTS, wait=wait) if wait else None


def compute_most_bytes(*, is_stranger: bool) -> int:
    """Return how many bytes all files may occupy when a person sends another one."""
    total: int = settings.EVIDENCE_TOTAL_BYTES
    return total * STRANGERS_TENTHS // 10 if is_stranger else total


def is_disk_full() -> bool:
    """Tell whether the free disk is below the floor. A disk that does not answer refuses no file here."""
    try:
        return is_below_floor(vault.measure_free_bytes())
    except OSError:  # which the clock logs, since many requests would log it again and again
        return False


def is_below_floor(free_bytes: int | None) -> bool:
    """Tell whether so many free bytes are too few. A bucket (None) has no floor, and a floor of 0 is none."""
    return free_bytes is not None and free_bytes < settings.EVIDENCE_FREE_DISK_BYTES


def count_sent_bytes(source: str, byte_count: int, *, now: datetime) -> None:
    """Count the bytes that an address has sent. A person with an account (`source` is "") is not counted."""
    if source:
        increment_counts([derive_address_key(source)], now, by=math.ceil(byte_count / KILOBYTE))


def derive_address_key(source: str) -> str:
    return digest_value("evidence", source)


def read_stored_bytes() -> int:
    """Return how many bytes all files and unfinished uploads occupied when the clock last measured them, or 0 if this
    is not known.
    """
    try:
        return int(cache.get(TOTAL_KEY, 0))
    except RedisError:
        return 0


def measure_stored_bytes() -> int:
    """Measure how many bytes all files and unfinished uploads occupy, and keep the total for `read_stored_bytes`. Log
    what is wrong with the room. Reads two tables whole, which takes longer with each stored file.
    """
    files = Evidence.objects.filter(taken_back_at=None, incident__erased_at=None)
    uploads = EvidenceUpload.objects.filter(evidence=None)
    total: int = files.aggregate(total=Sum("size", default=0))["total"]
    total += uploads.aggregate(total=Sum("received", default=0))["total"]
    log_lack_of_room(total)
    try:
        cache.set(TOTAL_KEY, total, timeout=TOTAL_LIFETIME_SECONDS)
    except RedisError:
        logger.warning("no total of evidence kept: the cache does not answer")
    return total


def log_lack_of_room(stored_bytes: int) -> None:
    """Log an error if no file is accepted now from people without account, and a warning if the free disk cannot be
    measured.
    """
    free = None
    try:
        free = vault.measure_free_bytes()
    except OSError as error:
        logger.warning("free disk not measured", error=type(error).__name__)
    if stored_bytes >= compute_most_bytes(is_stranger=True) or is_below_floor(free):
        logger.error("no room for evidence", stored=stored_bytes, free=free)
