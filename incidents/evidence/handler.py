"""The upload handler of the plain form. Files go to the vault as they arrive, so that they are never whole in memory
and never in clear on a disk.
"""

from dataclasses import dataclass, field
from typing import Any

from django.core.files.uploadhandler import FileUploadHandler, SkipFile
from django.http import HttpRequest
from django.utils import timezone

from core.text import clean_file_name
from incidents.files import vault
from incidents.files.deposits import FILE_TOO_LARGE, Deposit, StoredFile, TooLarge
from incidents.services.evidence.files import CASE_FULL, TOO_MANY_FILES, RemainingQuota
from incidents.services.evidence.room import RoomProblem, count_sent_bytes, find_room_problem

FILES_INPUT = "pieces"
STORE_FULL: str = (
    "Nous n’avons plus de place pour le garder. Il n’est pas perdu : gardez-le, et réessayez plus tard, "
    "ou dites-le par un message. Ce qui est déjà remis reste remis."
)


@dataclass
class ReceivedFiles:
    """The files of one post. `complete` contains pairs (name, stored file), and `refused` pairs (name, reason).
    `room_problem` is why no further file was accepted, or None.
    """

    complete: list[tuple[str, StoredFile]] = field(default_factory=list)
    refused: list[tuple[str, str]] = field(default_factory=list)
    room_problem: RoomProblem | None = None


class VaultUploadHandler(FileUploadHandler):
    """An upload handler that writes each file to the vault as it arrives. A file that cannot be kept is listed as
    refused, and the next file is read.
    """

    def __init__(self, request: HttpRequest, key: bytes, quota: RemainingQuota, *, source: str) -> None:
        """Create the handler. `source` is a digest of the sender's IP address, or "" for a person with an account."""
        super().__init__(request)
        self.source = source
        self.key = key
        self.quota = quota
        self.received_files = ReceivedFiles()
        self.deposit: Deposit | None = None
        self.byte_count = 0

    def new_file(self, *args: Any, **kwargs: Any) -> None:
        super().new_file(*args, **kwargs)
        if self.field_name != FILES_INPUT:
            raise SkipFile
        if len(self.received_files.complete) >= self.quota.files:
            self.refuse_file(TOO_MANY_FILES)
        if problem := find_room_problem(self.source):
            self.received_files.room_problem = problem
            self.refuse_file(str(problem.message))
        try:
            self.deposit = Deposit(self.key)
        except vault.StoreRefused:
            self.refuse_file(STORE_FULL)

    def receive_data_chunk(self, raw_data: bytes, start: int) -> None:
        if self.deposit is None:
            raise SkipFile
        try:
            self.deposit.write(raw_data)
        except TooLarge:
            self.refuse_file(FILE_TOO_LARGE)
        except vault.StoreRefused:
            self.refuse_file(STORE_FULL)
        if self.byte_count + self.deposit.size > self.quota.byte_count:
            self.refuse_file(CASE_FULL)

    def file_complete(self, file_size: int) -> None:
        if self.deposit is None:
            return
        try:
            self.received_files.complete.append((self.cleaned_name, self.deposit.finish()))
            self.byte_count += file_size
            count_sent_bytes(self.source, file_size, now=timezone.now())
        except vault.StoreRefused:
            self.deposit.discard()
            self.received_files.refused.append((self.cleaned_name, STORE_FULL))
        self.deposit = None

    def upload_interrupted(self) -> None:
        if self.deposit is not None:
            self.discard_file("La ligne a été coupée avant la fin de ce fichier. Envoyez-le de nouveau.")

    def remove_unrecorded_files(self, recorded_names: set[str]) -> None:
        """Remove from the store every file of this post that no database row names. `recorded_names` are the storage
        names in the rows.
        """
        if self.deposit is not None:
            self.deposit.discard()
        for _name, file in self.received_files.complete:
            if file.storage_name not in recorded_names:
                vault.remove_object(file.storage_name)

    @property
    def cleaned_name(self) -> str:
        """The cleaned name of the file that is arriving."""
        return clean_file_name(self.file_name or "")

    def refuse_file(self, reason: str) -> None:
        """Discard the file and raise SkipFile, so that Django reads the next file."""
        self.discard_file(reason)
        raise SkipFile

    def discard_file(self, reason: str) -> None:
        """Remove what was stored of the arriving file, and list the file as refused with this reason."""
        if self.deposit is not None:
            self.deposit.discard()
            self.deposit = None
        self.received_files.refused.append((self.cleaned_name, reason))
