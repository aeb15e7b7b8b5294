"""Upload of a file slice by slice. Slices that arrived stay, so that an interrupted upload can be continued.

Each slice is an object of its own in the store, encrypted on arrival. Once all slices have arrived, they are joined in
order into the evidence file, and its SHA-256 is computed. To avoid deadlocks, the case is locked first, then the
upload. Receiving a slice locks only the upload.
"""

import hashlib
from collections.abc import Collection
from contextlib import suppress
from datetime import datetime, timedelta
from functools import partial
from uuid import UUID

from django.core.exceptions import ValidationError
from django.db import transaction
from django.db.models import QuerySet
from django.http import Http404
from django.utils import timezone

from incidents.access import CaseVisitor, get_case
from incidents.enums import Ability
from incidents.files import vault
from incidents.files.deposits import FILE_TOO_LARGE, MAX_FILE_BYTES, Deposit, StoredFile
from incidents.models import EvidenceUpload, Incident
from incidents.services.evidence.files import (
    FileSubmission,
    RecordedEvidence,
    check_quota,
    compute_remaining_quota,
    get_reading_key,
    get_writing_key,
    record_evidence,
)

SLICE_SIZE = 512 * 1024
UPLOAD_LIFETIME = timedelta(days=7)


class WrongOffset(Exception):
    """The slice does not start where the received bytes end. The next slice must start at byte `received`."""

    def __init__(self, received: int) -> None:
        super().__init__(received)
        self.received = received


@transaction.atomic
def start_upload(
    *, visitor: CaseVisitor, reference: str, name: str, size: int, author: str, first: str
) -> EvidenceUpload:
    """Start an upload, or return the interrupted upload of the same file.

    The file is the same if its name, its size and the SHA-256 of its first slice (`first`) are the same. May raise
    ValidationError, CaseErased, Http404 or PermissionDenied.
    """
    key = get_writing_key(visitor=visitor, reference=reference)
    incident = get_case(visitor, reference, to=Ability.COMPLETE, lock=True)
    if size > MAX_FILE_BYTES:
        raise ValidationError(FILE_TOO_LARGE)
    for interrupted in incident.uploads.filter(evidence=None, name=name, size=size, received__gt=0):
        if first and first == hash_first_slice(interrupted, key):
            return interrupted
    check_quota(compute_remaining_quota(incident), size)
    return EvidenceUpload.objects.create(incident=incident, name=name, size=size, author=author)


def hash_first_slice(upload: EvidenceUpload, key: bytes) -> str:
    """Return the SHA-256 of the first slice of the upload, decrypted with `key`, in hexadecimal digits.

    If the slice cannot be read to its end, return the SHA-256 of the part before the first frame that cannot be read.
    """
    digest = hashlib.sha256()
    with suppress(vault.NotReadable):
        for frame in vault.read_object(vault.make_slice_name(upload.uid, 0), key):
            digest.update(frame)
    return digest.hexdigest()


def get_upload(*, visitor: CaseVisitor, reference: str, uid: UUID) -> EvidenceUpload:
    """Return the upload of this case. May raise Http404 or PermissionDenied."""
    return get_case_upload(get_case(visitor, reference, to=Ability.COMPLETE), uid)


def get_case_upload(incident: Incident, uid: UUID, *, lock: bool = False) -> EvidenceUpload:
    """Return the upload, locked if `lock` is true. Raises Http404 if the case has no such upload."""
    uploads = EvidenceUpload.objects.select_for_update(of=("self",)) if lock else EvidenceUpload.objects.all()
    upload = uploads.select_related("evidence").filter(incident=incident, uid=uid).first()
    if upload is None:
        raise Http404
    return upload


@transaction.atomic
def receive_slice(*, visitor: CaseVisitor, reference: str, uid: UUID, offset: int, content: bytes) -> EvidenceUpload:
    """Store one slice, completely or not at all. If the same slice is sent twice, the second call raises WrongOffset.

    Raises WrongOffset, ValidationError for a wrong length or an exhausted quota, StoreRefused, CaseErased, Http404,
    PermissionDenied.
    """
    incident = get_case(visitor, reference, to=Ability.COMPLETE)
    upload = get_case_upload(incident, uid, lock=True)
    if offset != upload.received:
        raise WrongOffset(upload.received)
    if not content or len(content) != min(SLICE_SIZE, upload.size - offset):
        raise ValidationError("Ce morceau n’est pas entier.")
    # Other files may have used up the quota since this upload was started.
    if offset == 0:
        check_quota(compute_remaining_quota(incident, excluding=upload), upload.size)
    vault.write_object(vault.make_slice_name(uid, offset), get_reading_key(incident), content)
    upload.received += len(content)
    upload.touched_at = timezone.now()
    upload.save(update_fields=["received", "touched_at"])
    return upload


def finish_upload(*, visitor: CaseVisitor, reference: str, uid: UUID) -> RecordedEvidence:
    """Assemble all slices into one evidence file. A repeated call returns the same result.

    Raises WrongOffset if slices are missing, StoreRefused, NotReadable, ValidationError, CaseErased, Http404,
    PermissionDenied.
    """
    upload = get_upload(visitor=visitor, reference=reference, uid=uid)
    if outcome := find_upload_result(upload):
        return outcome
    if upload.received != upload.size:
        raise WrongOffset(upload.received)
    try:
        file = assemble_file(upload, get_writing_key(visitor=visitor, reference=reference))
    except vault.NotReadable:  # somebody else finished or abandoned the upload, which removed the slices
        if outcome := find_upload_result(get_upload(visitor=visitor, reference=reference, uid=uid)):
            return outcome
        raise
    is_stored = False
    try:
        recorded = record_uploaded_file(visitor=visitor, reference=reference, uid=uid, file=file)
        is_stored = recorded.evidence.storage_name == file.storage_name
    finally:
        if not is_stored:
            vault.remove_object(file.storage_name)
    remove_slices(upload)
    return recorded


def find_upload_result(upload: EvidenceUpload) -> RecordedEvidence | None:
    """Return the result of a finished upload, or None if the upload is not finished."""
    return RecordedEvidence(upload.evidence, is_new=not upload.is_repeat) if upload.evidence else None


def assemble_file(upload: EvidenceUpload, key: bytes) -> StoredFile:
    """Join the slices of the upload into one stored file, encrypted with `key`. Raises StoreRefused and
    NotReadable.
    """
    deposit = Deposit(key)
    try:
        for offset in range(0, upload.size, SLICE_SIZE):
            for frame in vault.read_object(vault.make_slice_name(upload.uid, offset), key):
                deposit.write(frame)
        return deposit.finish()
    except (vault.StoreRefused, vault.NotReadable):
        deposit.discard()
        raise


@transaction.atomic
def record_uploaded_file(*, visitor: CaseVisitor, reference: str, uid: UUID, file: StoredFile) -> RecordedEvidence:
    """Record the assembled file as evidence, and save in the upload that it is finished.

    The second of two simultaneous calls returns the result of the first.
    """
    incident = get_case(visitor, reference, to=Ability.COMPLETE, lock=True)
    upload = get_case_upload(incident, uid, lock=True)
    if outcome := find_upload_result(upload):
        return outcome
    submission = FileSubmission(name=upload.name, author=upload.author, file=file)
    recorded = record_evidence(visitor=visitor, reference=reference, submission=submission, upload=upload)
    upload.evidence, upload.is_repeat = recorded.evidence, not recorded.is_new
    upload.save(update_fields=["evidence", "is_repeat"])
    return recorded


@transaction.atomic
def abandon_upload(*, visitor: CaseVisitor, reference: str, uid: UUID) -> None:
    """Delete an unfinished upload and free its quota. A finished upload stays. A repeated call changes nothing.

    No event is recorded, since no file was handed over. May raise Http404 or PermissionDenied.
    """
    incident = get_case(visitor, reference, to=Ability.COMPLETE)
    unfinished = EvidenceUpload.objects.select_for_update(of=("self",)).filter(incident=incident, evidence=None)
    if upload := unfinished.filter(uid=uid).first():
        delete_upload(upload)


def delete_upload(upload: EvidenceUpload) -> None:
    """Delete the row at once, and its slices after the transaction has committed. Call it inside a transaction."""
    upload.delete()
    transaction.on_commit(partial(remove_slices, upload), robust=True)


def remove_slices(upload: EvidenceUpload) -> None:
    """Remove the slices of the upload from the store."""
    for offset in range(0, upload.received, SLICE_SIZE):
        vault.remove_object(vault.make_slice_name(upload.uid, offset))


def list_old_uploads(now: datetime) -> QuerySet[EvidenceUpload]:
    """Return the uploads, finished or not, that received nothing for a week."""
    return EvidenceUpload.objects.filter(touched_at__lt=now - UPLOAD_LIFETIME)


def delete_uploads(ids: Collection[int]) -> None:
    """Delete these uploads with their slices. Call it inside a transaction that has locked them."""
    for upload in EvidenceUpload.objects.filter(pk__in=ids):
        delete_upload(upload)
