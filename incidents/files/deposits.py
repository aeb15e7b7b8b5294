"""Storing of a file in the vault while it arrives. The file is hashed, inspected and encrypted chunk by chunk, and is
never complete in memory or stored in clear.
"""

import hashlib
from dataclasses import dataclass

from incidents.files import facts as file_facts
from incidents.files import vault

MAX_FILE_BYTES = 100 * 1000 * 1000
FILE_TOO_LARGE = f"C’est plus de {MAX_FILE_BYTES // 10**6} Mo. Coupez-le en plusieurs fichiers."


class TooLarge(Exception):
    """The file has more bytes than `MAX_FILE_BYTES`."""


@dataclass(frozen=True)
class StoredFile:
    """A file that is completely stored. No row of the database names it yet."""

    storage_name: str
    size: int
    sha256: str
    media_type: str
    position: dict[str, float] | None


class Deposit:
    """A writer that stores one file in the vault. Call `write` for each chunk, then `finish` or `discard`."""

    def __init__(self, key: bytes) -> None:
        self.writer = vault.ObjectWriter(vault.make_object_name(), key)
        self.digest = hashlib.sha256()
        self.head = bytearray()
        self.size = 0

    def write(self, chunk: bytes) -> None:
        """Add a chunk. Raises TooLarge if the file exceeds `MAX_FILE_BYTES`, and StoreRefused if the store fails."""
        self.size += len(chunk)
        if self.size > MAX_FILE_BYTES:
            raise TooLarge
        self.digest.update(chunk)
        self.head += chunk[: max(0, file_facts.INSPECTED_BYTES - len(self.head))]
        self.writer.write(chunk)

    def finish(self) -> StoredFile:
        """Complete the stored file and return its description. Raises StoreRefused if the store fails."""
        self.writer.finish()
        head = bytes(self.head)
        return StoredFile(
            storage_name=self.writer.name,
            size=self.size,
            sha256=self.digest.hexdigest(),
            media_type=file_facts.detect_media_type(head),
            position=file_facts.read_position(head),
        )

    def discard(self) -> None:
        """Remove what was stored of the file."""
        self.writer.discard()
