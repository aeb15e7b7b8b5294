"""The link with which a declarant shares one read-only sentence about a case."""

import secrets
from datetime import datetime

from django.core.exceptions import PermissionDenied, ValidationError
from django.db import transaction
from django.utils import timezone

from incidents.access import CaseVisitor, get_case
from incidents.enums import Ability, EventKind
from incidents.models import Incident, SharedSentence
from incidents.reference import CodeKind, StoredCode, hash_new_code, list_code_hashes, recover_code
from incidents.services.history.record import record_event
from incidents.sharing import may_share_sentence

# The secret has 80 bits. It may be long, because it is only used in a link and never read out.
SHARE_CODE = CodeKind("incidents.share.secret", "incidents.share.hash", 16)


def derive_sentence_secret(shared: SharedSentence) -> str:
    """Return the secret of the link that shows a sentence, or "" if its key was removed."""
    return recover_code(SHARE_CODE, StoredCode(shared.nonce, shared.secret_hash, shared.encrypted_code))


def find_shared_case(secret: str) -> Incident | None:
    """Return the case about which this secret shows a sentence, loaded `with_displayed_rows`.

    Returns None if the secret is wrong or revoked, or if the case is erased or TLP:RED.
    """
    live = SharedSentence.objects.filter(revoked_at=None, incident__erased_at=None)
    shared = live.filter(secret_hash__in=list_code_hashes(SHARE_CODE, secret)).first()
    incident = Incident.objects.with_displayed_rows().get(pk=shared.incident_id) if shared else None
    return incident if incident and may_share_sentence(incident) else None


@transaction.atomic
def share_sentence(*, reference: str, visitor: CaseVisitor) -> SharedSentence:
    """Return the live link that shows the sentence about the case. Create it if there is none.

    Raises ValidationError if the case is TLP:RED. May raise Http404 or PermissionDenied.
    """
    incident = get_case(visitor, reference, to=Ability.COMPLETE, lock=True)
    if incident.erased_at:
        raise PermissionDenied
    if not may_share_sentence(incident):
        raise ValidationError(
            "Le centre a décidé que rien ne sort de ce dossier. Appelez-le pour lui demander de changer cela."
        )
    if live := incident.shared.filter(revoked_at=None).first():
        return live
    now = timezone.now()
    shared = create_sentence_link(incident, now)
    record_event(incident, EventKind.SHARED, at=now, actor=visitor.user, by=visitor.kind, shared=str(shared.uid))
    return shared


def create_sentence_link(incident: Incident, at: datetime) -> SharedSentence:
    """Create a link that shows the sentence about the case, with a new secret. The caller has locked the case."""
    seed = secrets.token_hex(32)
    code_hash = hash_new_code(SHARE_CODE, seed)
    return SharedSentence.objects.create(incident=incident, nonce=seed, secret_hash=code_hash, created_at=at)


@transaction.atomic
def revoke_sentence_link(*, reference: str, visitor: CaseVisitor) -> None:
    """Revoke the link that shows the sentence. A repeated call changes nothing.

    May raise Http404 or PermissionDenied.
    """
    incident = get_case(visitor, reference, to=Ability.COMPLETE, lock=True)
    live = incident.shared.filter(revoked_at=None).first()
    if live is None:
        return
    live.revoked_at = timezone.now()
    live.save(update_fields=["revoked_at"])
    record_event(
        incident, EventKind.UNSHARED, at=live.revoked_at, actor=visitor.user, by=visitor.kind, shared=str(live.uid)
    )
