"""Files at rest: each encrypted with the key of its case, which is itself encrypted with the installation's.

A stored object is one secretstream of libsodium (XChaCha20-Poly1305): a header, then frames of 64 kB of which the
last is marked. Each frame is bound to the name of the object. So what was altered, shortened, or put in the place
of another object does not open. A wrapped key begins with eight bytes that say which key of the installation opens
it (`EVIDENCE_KEYS`: the first encrypts, all decrypt), so that this one can be replaced.
"""

import hashlib
import os
import re
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from uuid import UUID, uuid4

import structlog
from botocore.exceptions import BotoCoreError, ClientError  # type: ignore[import-untyped]
from django.conf import settings
from django.core.files.base import File
from django.core.files.storage import FileSystemStorage, Storage, storages
from nacl import bindings, secret
from nacl.exceptions import CryptoError

logger = structlog.get_logger(__name__)

FRAME = 64 * 1024
KEY_ID_BYTES = 8
HEADER_BYTES = bindings.crypto_secretstream_xchacha20poly1305_HEADERBYTES
EXTRA_BYTES = bindings.crypto_secretstream_xchacha20poly1305_ABYTES
MORE = bindings.crypto_secretstream_xchacha20poly1305_TAG_MESSAGE
LAST = bindings.crypto_secretstream_xchacha20poly1305_TAG_FINAL
FOLDER = re.compile(r"[0-9a-f]{2}")
OURS = re.compile(r"[0-9a-f]{32}(\.[0-9]{10})?")
UNREACHABLE = (OSError, BotoCoreError, ClientError)


class StoreRefused(Exception):
    """The store did not take it: a full disk, a bucket that does not answer. Nothing was kept."""


class NotReadable(Exception):
    """What is stored does not open: it is gone, it was altered, or its key is not ours."""


def store() -> Storage:
    return storages["evidence"]


def new_name() -> str:
    """Random, and short folders: nothing of it comes from a client."""
    name = uuid4().hex
    return f"{name[:2]}/{name}"


def slice_name(upload: UUID, offset: int) -> str:
    """Where the slice of an upload that begins at `offset` is kept until the file is whole."""
    return f"{upload.hex[:2]}/{upload.hex}.{offset:010}"


def remove(name: str) -> bool:
    """Remove an object and tell whether it is gone. `services/evidence/sweep.py` tries again later."""
    try:
        store().delete(name)
    except UNREACHABLE as error:
        logger.warning("stored object not removed", object=name, error=type(error).__name__)
        return False
    return True


def folders() -> list[str]:
    """Those that hold objects, two hundred and fifty-six at most. Raises one of UNREACHABLE."""
    return [name for name in listed("")[0] if FOLDER.fullmatch(name)]


def names_in(folder: str) -> list[str]:
    """The objects of one folder that are ours by their name. Raises one of UNREACHABLE."""
    return [f"{folder}/{name}" for name in listed(folder)[1] if name.startswith(folder) and OURS.fullmatch(name)]


def listed(path: str) -> tuple[list[str], list[str]]:
    """The folders and the files in it; a folder that is not there is empty, as in a bucket."""
    try:
        return store().listdir(path)
    except FileNotFoundError:
        return [], []


# Keys


def new_key() -> bytes:
    return bindings.crypto_secretstream_xchacha20poly1305_keygen()


def key_id(installation_key: bytes) -> bytes:
    return hashlib.blake2b(installation_key, digest_size=KEY_ID_BYTES, person=b"tocsin.evidence").digest()


def wrap(key: bytes) -> bytes:
    """The key of a case as the database keeps it."""
    first = settings.EVIDENCE_KEYS[0]
    return key_id(first) + secret.SecretBox(first).encrypt(key)


def unwrap(wrapped: bytes) -> bytes:
    """Raises NotReadable when no key of this installation opens it."""
    wanted, sealed = wrapped[:KEY_ID_BYTES], wrapped[KEY_ID_BYTES:]
    for installation_key in settings.EVIDENCE_KEYS:
        if key_id(installation_key) == wanted:
            with suppress(CryptoError):
                return secret.SecretBox(installation_key).decrypt(sealed)
    raise NotReadable


def is_wrapped_with_the_first(wrapped: bytes) -> bool:
    return wrapped[:KEY_ID_BYTES] == key_id(settings.EVIDENCE_KEYS[0])


# Streams


class Writer:
    """Encrypts what it is given into the object `name`, a frame at a time. Then `finish` or `discard`."""

    def __init__(self, name: str, key: bytes) -> None:
        self.name = name
        self.waiting = bytearray()
        self.state = bindings.crypto_secretstream_xchacha20poly1305_state()
        header = bindings.crypto_secretstream_xchacha20poly1305_init_push(self.state, key)
        with raising_refusals():
            self.file = store().open(name, "wb")
            self.file.write(header)

    def write(self, chunk: bytes) -> None:
        """Raises StoreRefused."""
        self.waiting += chunk
        while len(self.waiting) > FRAME:
            self.push(bytes(self.waiting[:FRAME]), MORE)
            del self.waiting[:FRAME]

    def finish(self) -> None:
        """From here on it is whole and kept. Raises StoreRefused."""
        self.push(bytes(self.waiting), LAST)
        with raising_refusals():
            self.file.close()

    def push(self, frame: bytes, tag: int) -> None:
        sealed = bindings.crypto_secretstream_xchacha20poly1305_push(self.state, frame, self.name.encode(), tag)
        with raising_refusals():
            self.file.write(sealed)

    def discard(self) -> None:
        """As if nothing had been written."""
        with suppress(StoreRefused), raising_refusals():
            self.file.close()
        remove(self.name)


@contextmanager
def raising_refusals() -> Iterator[None]:
    try:
        yield
    except UNREACHABLE as error:
        logger.error("evidence not stored", error=type(error).__name__, code=getattr(error, "errno", None))  # noqa: TRY400
        raise StoreRefused from error


def write(name: str, key: bytes, content: bytes) -> None:
    """A short object in one go. Raises StoreRefused."""
    writer = Writer(name, key)
    try:
        writer.write(content)
        writer.finish()
    except StoreRefused:
        writer.discard()
        raise


def read(name: str, key: bytes) -> Iterator[bytes]:
    """The clear bytes, a frame at a time. Raises NotReadable, before the first frame or at the one that is wrong."""
    try:
        with store().open(name, "rb") as file:
            yield from frames(file, name, key)
    except (*UNREACHABLE, CryptoError, ValueError) as error:
        raise NotReadable from error


def frames(file: "File[bytes]", name: str, key: bytes) -> Iterator[bytes]:
    state = bindings.crypto_secretstream_xchacha20poly1305_state()
    bindings.crypto_secretstream_xchacha20poly1305_init_pull(state, file.read(HEADER_BYTES), key)
    tag = MORE
    while tag != LAST:
        sealed = file.read(FRAME + EXTRA_BYTES)
        frame, tag = bindings.crypto_secretstream_xchacha20poly1305_pull(state, sealed, name.encode())
        yield frame
    if file.read(1):
        raise NotReadable


# On this machine's disk


class Folder(FileSystemStorage):
    """Files that this user alone may read, on the disk for good once they are closed."""

    def open(self, name: str, mode: str = "rb") -> "File[bytes]":
        if "w" not in mode:
            return super().open(name, mode)
        path = Path(self.path(name))
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        return Kept(os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb"))


class Kept(File):  # type: ignore[type-arg]  # generic in its stubs only
    def close(self) -> None:
        """Raises OSError when the disk refuses the last bytes; the file is closed all the same."""
        try:
            if not self.closed:
                self.flush()
                os.fsync(self.fileno())
        finally:
            super().close()
