"""The secret with which a declarant without account opens their case again, on any device.

The secret has twelve characters that can be read out (60 bits). The database holds a seed and a keyed hash
(`reference.py`), so a stolen copy of the database opens no case. The server can compute the secret again, to write the
receipt later.
"""

import secrets
from datetime import datetime, timedelta
from uuid import UUID

from django.core.exceptions import ValidationError
from django.db import transaction
from django.http import Http404
from django.utils import timezone

from accounts.models import User
from incidents.access import get_followed_incident, get_incident
from incidents.enums import Ability, ActorKind, EventKind
from incidents.models import MAIL_HELD, FollowUpAccess, Incident
from incidents.reference import CodeKind, StoredCode, hash_new_code, list_code_hashes, recover_code
from incidents.services.declaring.limits import register_act_with_mail
from incidents.services.history.record import record_event

SECRET_LENGTH = 12
FOLLOW_UP_CODE = CodeKind("incidents.follow_up.secret", "incidents.follow_up.hash", SECRET_LENGTH)
# A year leaves time for the case and for a complaint to the police. A new link can be made at any time.
LINK_LIFETIME = timedelta(days=365)
DOUBLE_CLICK = timedelta(seconds=10)


def derive_secret(access: FollowUpAccess) -> str:
    """Return the secret of this access without separators, or "" if its key was removed."""
    return recover_code(FOLLOW_UP_CODE, StoredCode(access.nonce, access.secret_hash, access.encrypted_code))


def create_access(incident: Incident, *, at: datetime) -> FollowUpAccess:
    """Create an access to the case with a new secret, valid for `LINK_LIFETIME` from `at`.

    The database refuses a second access to one case while the first is not revoked.
    """
    seed = secrets.token_hex(32)
    return FollowUpAccess.objects.create(
        incident=incident,
        nonce=seed,
        secret_hash=hash_new_code(FOLLOW_UP_CODE, seed),
        created_at=at,
        expires_at=at + LINK_LIFETIME,
    )


def find_access(secret: str) -> FollowUpAccess | None:
    """Return the access that this secret opens, or None if the secret is wrong, revoked or expired. Writes nothing.

    The secret may be typed with or without separators, in capitals or not.
    """
    live = FollowUpAccess.objects.filter(revoked_at=None, expires_at__gt=timezone.now())
    hashes = list_code_hashes(FOLLOW_UP_CODE, secret)
    return live.select_related("incident").filter(secret_hash__in=hashes).first()


@transaction.atomic
def rotate_access_by_declarant(*, access_uid: UUID) -> FollowUpAccess:
    """Replace the secret of the declarant and revoke the old secret. Raises Http404 if the access is not live.

    The second click of a double click returns the access that the first click made. Beyond the limits of
    `services/declaring/limits.py`, no mail warns the declarant.
    """
    try:
        incident = get_followed_incident(access_uid, lock=True)
    except Http404:
        # The access was closed by the first click, or by somebody else.
        if access := find_renewed_access(access_uid):
            return access
        raise
    # Read again under the lock: the first click may have made a new secret meanwhile.
    return find_renewed_access(access_uid) or replace_access(
        incident, actor=None, by=ActorKind.DECLARANT, **build_mail_held_data(incident, EventKind.LINK_ROTATED)
    )


def build_mail_held_data(incident: Incident, kind: EventKind) -> dict[str, str]:
    """Count an act against the limits, and return what its event must store about the mail to the declarant.

    Returns {} if the mail may be sent. Otherwise the mail is not sent, and the dict has the exceeded limit under
    MAIL_HELD.
    """
    burst = register_act_with_mail(incident, kind, now=timezone.now())
    return {MAIL_HELD: burst.value} if burst else {}


def is_mail_held(incident: Incident, kind: EventKind) -> bool:
    """Tell whether the limits stopped the mail to the declarant about the latest event of this kind.

    Returns False if the case has no mail address.
    """
    if not incident.story.contact_email:
        return False
    event = incident.events.filter(kind=kind).order_by("-id").first()
    return event is not None and MAIL_HELD in event.data


def find_renewed_access(access_uid: UUID) -> FollowUpAccess | None:
    """Return the access that has just replaced this access, or None.

    The new access counts only if the declarant made it within the last `DOUBLE_CLICK` and it is not revoked.
    """
    now = timezone.now()
    replaced = FollowUpAccess.objects.filter(uid=access_uid, revoked_at__gt=now - DOUBLE_CLICK).first()
    if replaced is None or replaced.revoked_at is None:
        return None
    rotations = replaced.incident.events.filter(kind=EventKind.LINK_ROTATED, actor_kind=ActorKind.DECLARANT)
    if not rotations.filter(at=replaced.revoked_at).exists():
        return None
    return replaced.incident.accesses.filter(created_at=replaced.revoked_at, revoked_at=None).first()


@transaction.atomic
def rotate_access_by_responder(*, reference: str, actor: User) -> FollowUpAccess:
    """Replace the secret of the follow-up link with a new one, which the responder reads out on the telephone.

    The old secret is revoked at once. Raises Http404, PermissionDenied, and ValidationError if the case is erased.
    """
    incident = get_incident(actor, reference, to=Ability.ROTATE, lock=True)
    if incident.erased_at:
        raise ValidationError("Les données de ce dossier ont été effacées, et son lien fermé pour de bon.")
    return replace_access(incident, actor=actor, by=ActorKind.USER)


def replace_access(incident: Incident, *, actor: User | None, by: ActorKind, **data: str) -> FollowUpAccess:
    """Revoke the live access of the case, record the event with `data`, and return a new access.

    The caller has locked the case. `by` says whether a declarant or a user acts.
    """
    now = timezone.now()
    incident.accesses.filter(revoked_at=None).update(revoked_at=now)
    record_event(incident, EventKind.LINK_ROTATED, at=now, actor=actor, by=by, **data)
    return create_access(incident, at=now)
