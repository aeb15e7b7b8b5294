"""A file on its way to the vault: hashed, looked at and encrypted as it comes; never whole in memory, nor in clear."""

import hashlib
from dataclasses import dataclass

from incidents.files import facts as file_facts
from incidents.files import vault

LARGEST = 100 * 1000 * 1000


class TooLarge(Exception):
    """More bytes than one file may have."""


@dataclass(frozen=True)
class Deposited:
    """A file that is stored whole, and that no row names yet."""

    storage_name: str
    size: int
    sha256: str
    media_type: str
    position: dict[str, float] | None


class Deposit:
    """Write chunks, then `finish` or `discard`."""

    def __init__(self, key: bytes) -> None:
        self.writer = vault.Writer(vault.new_name(), key)
        self.digest = hashlib.sha256()
        self.head = bytearray()
        self.size = 0

    def write(self, chunk: bytes) -> None:
        """Raises TooLarge, StoreRefused."""
        self.size += len(chunk)
        if self.size > LARGEST:
            raise TooLarge
        self.digest.update(chunk)
        self.head += chunk[: max(0, file_facts.HEAD - len(self.head))]
        self.writer.write(chunk)

    def finish(self) -> Deposited:
        """Raises StoreRefused."""
        self.writer.finish()
        head = bytes(self.head)
        return Deposited(
            storage_name=self.writer.name,
            size=self.size,
            sha256=self.digest.hexdigest(),
            media_type=file_facts.media_type(head),
            position=file_facts.position(head),
        )

    def discard(self) -> None:
        self.writer.discard()
