"""Evidence files, which a declarant hands over. Each file gets a number, a seal and one event."""

from dataclasses import dataclass
from datetime import timedelta
from uuid import UUID

from django.conf import settings
from django.core.exceptions import PermissionDenied, ValidationError
from django.db import transaction
from django.db.models import Count, QuerySet, Sum
from django.http import Http404
from django.utils import timezone

from core.rotation import KeyAge, StoredValues
from incidents.access import CaseVisitor, get_case, speaks_for_body
from incidents.enums import Ability, DocumentKind, EventKind
from incidents.files import vault
from incidents.files.deposits import StoredFile
from incidents.files.seals import compute_seal
from incidents.models import CaseKey, Evidence, EvidenceUpload, Incident, SearchDocument
from incidents.services.duplicates.merge import lock_case_with_main, record_news_on_main
from incidents.services.handling.due import NEWS_FIELDS, record_news
from incidents.services.history.record import record_event

MAX_FILES = 300
MAX_BYTES = settings.EVIDENCE_CASE_BYTES
TOO_MANY_FILES = f"Ce dossier a déjà {MAX_FILES} fichiers, et n’en prend pas plus. Dites-le par un message."
CASE_FULL = (
    f"Ce dossier contient déjà près de {MAX_BYTES // 10**9} Go, et n’en prend pas plus. Dites-le par un message."
)
# How long the quota of an announced file is reserved if none of its bytes arrive.
QUOTA_RESERVED_FOR = timedelta(hours=1)


class CaseErased(Exception):
    """The case was erased, so no file can be added to it or read."""


@dataclass(frozen=True)
class RecordedEvidence:
    """An evidence file as it was recorded. `is_new` is False if the case already had a file with the same bytes."""

    evidence: Evidence
    is_new: bool


@dataclass(frozen=True)
class FileSubmission:
    """A file that has arrived completely, with the name and the author that were sent with it."""

    name: str
    author: str
    file: StoredFile


@dataclass(frozen=True)
class RemainingQuota:
    """The numbers of files and bytes that a case still accepts. Uploads in progress are subtracted."""

    files: int
    byte_count: int


@transaction.atomic
def get_writing_key(*, visitor: CaseVisitor, reference: str) -> bytes:
    """Return the key that encrypts the files of the case. If the case has no key, create it.

    May raise CaseErased, Http404 or PermissionDenied.
    """
    incident = get_case(visitor, reference, to=Ability.COMPLETE, lock=True)
    if incident.erased_at:
        raise CaseErased
    return get_or_create_case_key(incident)


def get_or_create_case_key(incident: Incident) -> bytes:
    """Return the key that encrypts the files of the case. If the case has no key, create it.

    The caller has locked the case and checked that it is not erased.
    """
    row, _made = CaseKey.objects.get_or_create(
        incident=incident, defaults={"wrapped": vault.wrap_key(vault.make_case_key(), case_id=incident.pk)}
    )
    return unwrap_case_key(row)


def get_reading_key(incident: Incident) -> bytes:
    """Return the existing key that decrypts the files of the case.

    Raises CaseErased if the case has no key. Raises NotReadable if the key cannot be decrypted, because the key of the
    installation is lost.
    """
    key = find_case_key(incident.pk)
    if key is None:
        raise CaseErased
    return key


def find_case_key(incident_id: int | None) -> bytes | None:
    """Return the key of the files of a case, or None if the case has no key.

    Raises NotReadable as `get_reading_key` does.
    """
    row = CaseKey.objects.filter(incident=incident_id).first()
    return unwrap_case_key(row) if row else None


def unwrap_case_key(row: CaseKey) -> bytes:
    """Return the key of a case. Raises NotReadable if no key of the installation opens it."""
    return vault.unwrap_key(bytes(row.wrapped), case_id=row.incident_id)


def list_unfinished_uploads(incident: Incident) -> QuerySet[EvidenceUpload]:
    """Return the uploads in progress. Each of them reserves the size that it announced.

    An upload that received nothing within QUOTA_RESERVED_FOR is left out.
    """
    uploads = EvidenceUpload.objects.filter(incident=incident, evidence=None)
    return uploads.exclude(received=0, started_at__lt=timezone.now() - QUOTA_RESERVED_FOR)


def compute_remaining_quota(incident: Incident, *, excluding: EvidenceUpload | None = None) -> RemainingQuota:
    """Return the remaining quota of the case.

    `excluding` is an upload that is about to become an evidence file, and would otherwise count twice.
    """
    evidence_files = Evidence.objects.filter(incident=incident, taken_back_at=None)
    uploads = list_unfinished_uploads(incident)
    other_uploads = uploads.exclude(pk=excluding.pk) if excluding else uploads
    received, announced = (
        rows.aggregate(files=Count("pk"), byte_count=Sum("size", default=0))
        for rows in (evidence_files, other_uploads)
    )
    return RemainingQuota(
        MAX_FILES - received["files"] - announced["files"],
        MAX_BYTES - received["byte_count"] - announced["byte_count"],
    )


def check_quota(quota: RemainingQuota, size: int) -> None:
    """Raise ValidationError if the quota does not allow a file of this size. The message says what the person
    can do.
    """
    if quota.files < 1:
        raise ValidationError(TOO_MANY_FILES)
    if quota.byte_count < size:
        raise ValidationError(CASE_FULL)


@transaction.atomic
def record_evidence(
    *, visitor: CaseVisitor, reference: str, submission: FileSubmission, upload: EvidenceUpload | None = None
) -> RecordedEvidence:
    """Save the file as evidence, with a number and a seal. Sending the same bytes again changes nothing.

    The caller must remove the new file from the store if this fails or returns an earlier file. Raises CaseErased,
    ValidationError if the quota is exhausted, Http404, and PermissionDenied.
    """
    lock_case_with_main(reference)
    incident = get_case(visitor, reference, to=Ability.COMPLETE, lock=True)
    if incident.erased_at:
        raise CaseErased
    earlier = incident.evidence.filter(sha256=submission.file.sha256, taken_back_at=None).first()
    if earlier:
        return RecordedEvidence(earlier, is_new=False)
    check_quota(compute_remaining_quota(incident, excluding=upload), submission.file.size)
    now = timezone.now()
    last = incident.evidence.order_by("-number").first()
    evidence = build_evidence(incident, visitor, submission)
    evidence.number = last.number + 1 if last else 1
    # The list of the seals prints the time to the second.
    evidence.received_at = now.replace(microsecond=0)
    evidence.seal = compute_seal(last.seal if last else incident.reference, evidence)
    evidence.save()
    record_news(incident, at=now)
    incident.save(update_fields=NEWS_FIELDS)
    record_news_on_main(incident, at=now)
    data = {"evidence": str(evidence.uid), "sha256": evidence.sha256}
    record_event(incident, EventKind.FILE, at=now, actor=visitor.user, by=visitor.kind, **data)
    return RecordedEvidence(evidence, is_new=True)


@transaction.atomic
def take_back_evidence(*, visitor: CaseVisitor, reference: str, uid: UUID) -> Evidence:
    """Withdraw an evidence file that was handed over by mistake. A repeated call changes nothing.

    The line of the file stays in the sealed list. The sweep of the store deletes its bytes (`sweep.py`). May raise
    Http404, PermissionDenied or CaseErased.
    """
    lock_case_with_main(reference)
    incident = get_case(visitor, reference, to=Ability.COMPLETE, lock=True)
    if not speaks_for_body(visitor, incident):
        raise PermissionDenied
    if incident.erased_at:
        raise CaseErased
    evidence = incident.evidence.filter(uid=uid).first()
    if evidence is None:
        raise Http404
    if evidence.taken_back_at:
        return evidence
    now = timezone.now()
    evidence.taken_back_at, evidence.position = now, None
    evidence.save(update_fields=["taken_back_at", "position"])
    SearchDocument.objects.filter(incident=incident, kind=DocumentKind.FILE, source=str(evidence.uid)).delete()
    record_event(
        incident, EventKind.FILE_TAKEN_BACK, at=now, actor=visitor.user, by=visitor.kind, evidence=str(evidence.uid)
    )
    return evidence


def build_evidence(incident: Incident, visitor: CaseVisitor, submission: FileSubmission) -> Evidence:
    """Return the evidence row of a submitted file, not saved, without its number and seal."""
    return Evidence(
        incident=incident,
        name=submission.name,
        size=submission.file.size,
        sha256=submission.file.sha256,
        media_type=submission.file.media_type,
        position=submission.file.position,
        storage_name=submission.file.storage_name,
        author=visitor.user.display_name if visitor.user else submission.author,
        actor_kind=visitor.kind,
        actor=visitor.user,
    )


def describe_case_keys() -> StoredValues:
    """Return how the keys of the cases are wrapped again, with the first of the installation's keys and by AES."""
    rows = CaseKey.objects.all()
    return StoredValues(label="clés des dossiers", rows=rows, find_age=find_case_key_age, renew=renew_case_key)


def find_case_key_age(row: CaseKey) -> KeyAge:
    """Tell with which of the installation's keys the key of a case is wrapped. One that an earlier version wrapped by
    another method counts as former, whichever the key.
    """
    if vault.is_wrapped_with_current_key(bytes(row.wrapped)):
        return KeyAge.FIRST
    try:
        unwrap_case_key(row)
    except vault.NotReadable:
        return KeyAge.REMOVED
    return KeyAge.FORMER


def renew_case_key(row: CaseKey) -> None:
    row.wrapped = vault.wrap_key(unwrap_case_key(row), case_id=row.incident_id)
    row.save(update_fields=["wrapped"])
