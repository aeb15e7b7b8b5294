"""The rotation of FOLLOW_UP_KEY for the codes in use: each is stored again under the new key, and its holder keeps the
same code (`reference.py`).
"""

from collections.abc import Callable
from datetime import datetime
from typing import Any

from django.db.models import QuerySet
from django.utils import timezone

from core.rotation import KeyAge, StoredValues
from incidents.models import Draft, FollowUpAccess, SharedSentence
from incidents.reference import CodeKind, StoredCode, find_code_age, renew_stored_code
from incidents.services.declarant.access import FOLLOW_UP_CODE
from incidents.services.declarant.share import SHARE_CODE
from incidents.services.declaring.draft import DRAFT_CODE


def list_stored_codes() -> list[StoredValues]:
    """Return the codes that open something now, by what they open. Those that have ended need no key."""
    now = timezone.now()
    accesses = FollowUpAccess.objects.filter(revoked_at=None, expires_at__gt=now)
    sentences = SharedSentence.objects.filter(revoked_at=None, incident__erased_at=None)
    drafts = Draft.objects.filter(expires_at__gt=now)
    return [
        describe_codes("codes de suivi", accesses, FOLLOW_UP_CODE, "secret_hash", get_expiry),
        describe_codes("phrases partagées", sentences, SHARE_CODE, "secret_hash", lambda sentence: None),
        describe_codes("codes de brouillons", drafts, DRAFT_CODE, "code_hash", get_expiry),
    ]


def get_expiry(row: FollowUpAccess | Draft) -> datetime | None:
    return row.expires_at


def describe_codes(
    label: str, rows: QuerySet[Any], kind: CodeKind, hash_column: str, get_end: Callable[[Any], datetime | None]
) -> StoredValues:
    """Return how the codes of these rows are judged and stored anew. `hash_column` holds the hash of the code."""

    def read_code(row: Any) -> StoredCode:
        return StoredCode(row.nonce, getattr(row, hash_column), row.encrypted_code)

    def find_age(row: Any) -> KeyAge:
        return find_code_age(kind, read_code(row))

    def renew_code(row: Any) -> None:
        seed, code_hash, encrypted = renew_stored_code(kind, read_code(row))
        row.nonce, row.encrypted_code = seed, encrypted
        setattr(row, hash_column, code_hash)
        row.save(update_fields=["nonce", hash_column, "encrypted_code"])

    return StoredValues(label=label, rows=rows, find_age=find_age, renew=renew_code, get_end=get_end)
