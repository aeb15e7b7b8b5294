"""Encrypted storage of files. Each file is encrypted with the key of its case, and that key is encrypted with the
installation's key.

A stored object is one secretstream of libsodium (XChaCha20-Poly1305): a header, then frames of 64 kB. The last frame
carries the final tag. Each frame is bound to the name of the object, so that an object that was altered, shortened or
exchanged for another object cannot be decrypted.

The key of a case is wrapped by AES-256 (RFC 3394), with a key that HKDF (RFC 5869) derives from the installation's key
for this case alone. The eight bytes before it identify the installation's key (`EVIDENCE_KEYS`: the first key wraps,
all keys unwrap) and the method, so that both can be replaced. Earlier versions wrapped by XSalsa20-Poly1305, and
`manage.py rotate_keys` wraps such keys anew.
"""

import hashlib
import os
import re
import shutil
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from uuid import UUID, uuid4

import structlog
from botocore.exceptions import BotoCoreError, ClientError  # type: ignore[import-untyped]
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from cryptography.hazmat.primitives.keywrap import InvalidUnwrap, aes_key_unwrap, aes_key_wrap
from django.conf import settings
from django.core.files.base import File
from django.core.files.storage import FileSystemStorage, Storage, storages
from nacl import bindings, secret
from nacl.exceptions import CryptoError

logger = structlog.get_logger(__name__)

FRAME_BYTES = 64 * 1024
KEY_ID_BYTES = 8
# The methods by which keys of cases are wrapped. A name never changes, because the identifiers of keys are made of it.
AES_KEY_WRAP = b"tocsin.case.aes"
SECRET_BOX = b"tocsin.evidence"
HEADER_BYTES = bindings.crypto_secretstream_xchacha20poly1305_HEADERBYTES
FRAME_OVERHEAD_BYTES = bindings.crypto_secretstream_xchacha20poly1305_ABYTES
MESSAGE_TAG = bindings.crypto_secretstream_xchacha20poly1305_TAG_MESSAGE
FINAL_TAG = bindings.crypto_secretstream_xchacha20poly1305_TAG_FINAL
FOLDER_NAME = re.compile(r"[0-9a-f]{2}")
OBJECT_NAME = re.compile(r"[0-9a-f]{32}(\.[0-9]{10})?")
STORE_ERRORS = (OSError, BotoCoreError, ClientError)


class StoreRefused(Exception):
    """The store did not accept the object, because the disk is full or the bucket does not respond. A part of the
    object may have been stored, and must be discarded.
    """


class NotReadable(Exception):
    """The stored object cannot be decrypted, because it is missing, was altered, or was encrypted with a key that this
    installation does not have.
    """


def get_store() -> Storage:
    return storages["evidence"]


def make_object_name() -> str:
    """Return a random object name in one of 256 folders. The name contains nothing that a client chose."""
    name = uuid4().hex
    return f"{name[:2]}/{name}"


def make_slice_name(upload: UUID, offset: int) -> str:
    """Return the name of the stored object for one slice of an upload that is not finished. `offset` is the first byte
    of the slice.
    """
    return f"{upload.hex[:2]}/{upload.hex}.{offset:010}"


def remove_object(name: str) -> bool:
    """Remove an object and return whether it is gone. If the store fails, `services/evidence/sweep.py` tries again
    later.
    """
    try:
        get_store().delete(name)
    except STORE_ERRORS as error:
        logger.warning("stored object not removed", object=name, error=type(error).__name__)
        return False
    return True


def measure_free_bytes() -> int | None:
    """Return how many bytes are free on the disk of the store, or None if the store is a bucket. May raise OSError."""
    store = get_store()
    if not isinstance(store, FolderStorage):
        return None
    folder = Path(store.location)
    return shutil.disk_usage(next(path for path in (folder, *folder.parents) if path.exists())).free


def list_folders() -> list[str]:
    """Return the folders that contain objects, 256 at most. May raise one of STORE_ERRORS."""
    return [name for name in list_path_content("")[0] if FOLDER_NAME.fullmatch(name)]


def list_object_names(folder: str) -> list[str]:
    """Return the names of the objects in one folder. Names that this module cannot have given are left out. May raise
    one of STORE_ERRORS.
    """
    return [
        f"{folder}/{name}"
        for name in list_path_content(folder)[1]
        if name.startswith(folder) and OBJECT_NAME.fullmatch(name)
    ]


def list_path_content(path: str) -> tuple[list[str], list[str]]:
    """Return the folders and the files in `path`. A missing folder counts as empty, as it does in a bucket."""
    try:
        return get_store().listdir(path)
    except FileNotFoundError:
        return [], []


# Encryption keys of cases


def make_case_key() -> bytes:
    """Return a new random key that encrypts the files of one case."""
    return bindings.crypto_secretstream_xchacha20poly1305_keygen()


def derive_key_id(installation_key: bytes, method: bytes) -> bytes:
    """Return the eight bytes that identify an installation key and the method by which it wraps."""
    return hashlib.blake2b(installation_key, digest_size=KEY_ID_BYTES, person=method).digest()


def derive_wrapping_key(installation_key: bytes, case_id: int) -> bytes:
    """Return the key that wraps the key of this case: copied to another case, a wrapped key opens nothing."""
    info = AES_KEY_WRAP + case_id.to_bytes(8)
    return HKDF(algorithm=SHA256(), length=32, salt=None, info=info).derive(installation_key)


def wrap_key(key: bytes, *, case_id: int) -> bytes:
    """Return the key of a case as the database stores it: wrapped with the first installation key."""
    first = settings.EVIDENCE_KEYS[0]
    return derive_key_id(first, AES_KEY_WRAP) + aes_key_wrap(derive_wrapping_key(first, case_id), key)


def unwrap_key(wrapped: bytes, *, case_id: int) -> bytes:
    """Return the key of a case. `wrapped` is the key as the database stores it. Raises NotReadable if no key of this
    installation unwraps it for this case.
    """
    wanted_id, sealed = wrapped[:KEY_ID_BYTES], wrapped[KEY_ID_BYTES:]
    for installation_key in settings.EVIDENCE_KEYS:
        with suppress(CryptoError, InvalidUnwrap):
            if wanted_id == derive_key_id(installation_key, AES_KEY_WRAP):
                return aes_key_unwrap(derive_wrapping_key(installation_key, case_id), sealed)
            if wanted_id == derive_key_id(installation_key, SECRET_BOX):
                return secret.SecretBox(installation_key).decrypt(sealed)
    raise NotReadable


def is_wrapped_with_current_key(wrapped: bytes) -> bool:
    """Tell whether the key of a case is wrapped as `wrap_key` does it: with the first installation key, by AES."""
    return wrapped[:KEY_ID_BYTES] == derive_key_id(settings.EVIDENCE_KEYS[0], AES_KEY_WRAP)


# Encrypted streams


class ObjectWriter:
    """A writer that encrypts the object `name` frame by frame. Call `finish` or `discard` at the end."""

    def __init__(self, name: str, key: bytes) -> None:
        self.name = name
        self.buffer = bytearray()
        self.state = bindings.crypto_secretstream_xchacha20poly1305_state()
        header = bindings.crypto_secretstream_xchacha20poly1305_init_push(self.state, key)
        with translate_store_errors():
            self.file = get_store().open(name, "wb")
            self.file.write(header)

    def write(self, chunk: bytes) -> None:
        """Encrypt and store a chunk. Raises StoreRefused if the store fails."""
        self.buffer += chunk
        while len(self.buffer) > FRAME_BYTES:
            self.write_frame(bytes(self.buffer[:FRAME_BYTES]), MESSAGE_TAG)
            del self.buffer[:FRAME_BYTES]

    def finish(self) -> None:
        """Complete the object, which can be read from then on. Raises StoreRefused if the store fails."""
        self.write_frame(bytes(self.buffer), FINAL_TAG)
        with translate_store_errors():
            self.file.close()

    def write_frame(self, frame: bytes, tag: int) -> None:
        """Encrypt one frame and write it to the store. Raises StoreRefused if the store fails."""
        sealed = bindings.crypto_secretstream_xchacha20poly1305_push(self.state, frame, self.name.encode(), tag)
        with translate_store_errors():
            self.file.write(sealed)

    def discard(self) -> None:
        """Remove what was stored of the object."""
        with suppress(StoreRefused), translate_store_errors():
            self.file.close()
        remove_object(self.name)


@contextmanager
def translate_store_errors() -> Iterator[None]:
    """Turn an error of the store into StoreRefused, and log it."""
    try:
        yield
    except STORE_ERRORS as error:
        logger.error("evidence not stored", error=type(error).__name__, code=getattr(error, "errno", None))  # noqa: TRY400
        raise StoreRefused from error


def write_object(name: str, key: bytes, content: bytes) -> None:
    """Store a short object at once. If the store fails, remove what was stored and raise StoreRefused."""
    writer = ObjectWriter(name, key)
    try:
        writer.write(content)
        writer.finish()
    except StoreRefused:
        writer.discard()
        raise


def read_object(name: str, key: bytes) -> Iterator[bytes]:
    """Yield the decrypted bytes, one frame at a time. Raises NotReadable at the first frame that cannot be
    decrypted.
    """
    try:
        with get_store().open(name, "rb") as file:
            yield from read_frames(file, name, key)
    except (*STORE_ERRORS, CryptoError, ValueError) as error:
        raise NotReadable from error


def read_frames(file: "File[bytes]", name: str, key: bytes) -> Iterator[bytes]:
    """Yield the decrypted frames of the object `name`. Raises CryptoError, ValueError or NotReadable if the object was
    altered.
    """
    state = bindings.crypto_secretstream_xchacha20poly1305_state()
    bindings.crypto_secretstream_xchacha20poly1305_init_pull(state, file.read(HEADER_BYTES), key)
    tag = MESSAGE_TAG
    while tag != FINAL_TAG:
        sealed = file.read(FRAME_BYTES + FRAME_OVERHEAD_BYTES)
        frame, tag = bindings.crypto_secretstream_xchacha20poly1305_pull(state, sealed, name.encode())
        yield frame
    if file.read(1):
        raise NotReadable


# Storage on this machine's disk


class FolderStorage(FileSystemStorage):
    """Storage in a folder on this machine's disk. Only the user of this process can read the files, and closing a file
    flushes it to the disk.
    """

    def open(self, name: str, mode: str = "rb") -> "File[bytes]":
        if "w" not in mode:
            return super().open(name, mode)
        path = Path(self.path(name))
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        return SyncedFile(os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb"))


class SyncedFile(File):  # type: ignore[type-arg]  # generic in its stubs only
    """A file that is flushed to the disk when it is closed."""

    def close(self) -> None:
        """Flush the file to the disk and close it. Raises OSError if the disk refuses the last bytes, but the file is
        closed all the same.
        """
        try:
            if not self.closed:
                self.flush()
                os.fsync(self.fileno())
        finally:
            super().close()
