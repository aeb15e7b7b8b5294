"""What a rotation of keys does with accounts: it encrypts second factors again, and counts mails and sessions."""

from collections.abc import Callable
from typing import Any

from allauth.mfa.models import Authenticator
from allauth.mfa.utils import decrypt, encrypt
from django.contrib.auth import HASH_SESSION_KEY
from django.core import signing
from django.utils import timezone
from nacl.exceptions import CryptoError

from accounts.enums import MailStatus
from accounts.factors import FACTOR_PURPOSE
from accounts.models import PendingMail, SessionStore, StoredSession
from accounts.tokens import find_link_age
from core.rotation import KeyAge, StoredValues
from core.secrets import KeyUse, is_encrypted_with_first_key

# The data of a factor that are encrypted: a text, or a list of texts. Seeds of recovery codes are older than their
# hashes: one whose key was removed stays.
ENCRYPTED_DATA = {"secret", "hashes", "seed"}


def describe_factors_at_rest() -> StoredValues:
    """Return how the secrets of second factors are encrypted again: applications and recovery codes. A passkey has no
    secret here.
    """
    rows = Authenticator.objects.exclude(type=Authenticator.Type.WEBAUTHN)
    return StoredValues(label="seconds facteurs", rows=rows, find_age=find_factor_age, renew=renew_factor)


def change_encrypted_data(data: dict[str, Any], change: Callable[[str], str]) -> dict[str, Any]:
    """Return the data of a factor, with each encrypted text changed."""
    changed = dict(data)
    for name in data.keys() & ENCRYPTED_DATA:
        changed[name] = [change(text) for text in data[name]] if isinstance(data[name], list) else change(data[name])
    return changed


def find_factor_age(factor: Authenticator) -> KeyAge:
    """Tell with which key the oldest secret of a factor is encrypted."""
    encrypted: list[str] = []

    def collect(text: str) -> str:
        encrypted.append(text)
        plain: str = decrypt(text)
        return plain

    try:
        change_encrypted_data(factor.data, collect)
    except CryptoError:
        return KeyAge.REMOVED
    are_first = all(is_encrypted_with_first_key(KeyUse.FACTOR, FACTOR_PURPOSE, text) for text in encrypted)
    return KeyAge.FIRST if are_first else KeyAge.FORMER


def renew_factor(factor: Authenticator) -> None:
    factor.data = change_encrypted_data(factor.data, lambda text: encrypt(decrypt(text)))
    factor.save(update_fields=["data"])


def describe_mails_with_links() -> StoredValues:
    """Return the mails with a link that have not left. A link that was sent needs no key (`accounts/tokens.py`)."""
    return StoredValues(
        label="mails de comptes à envoyer",
        rows=PendingMail.objects.filter(status=MailStatus.DUE, link__isnull=False).select_related("link"),
        find_age=lambda mail: find_link_age(mail.link),
        get_end=lambda mail: mail.link.expires_at,
    )


def describe_sessions() -> StoredValues:
    """Return the open sessions. A request renews the session of its person, and each ends within two weeks."""
    return StoredValues(
        label="sessions ouvertes",
        rows=StoredSession.objects.filter(expire_date__gt=timezone.now()).select_related("user"),
        find_age=find_session_age,
        get_end=lambda session: session.expire_date,
    )


def find_session_age(row: StoredSession) -> KeyAge:
    """Tell with which SECRET_KEY a session is signed, and with which the password of its person is sealed in it."""
    store = SessionStore()
    options: dict[str, Any] = {"salt": store.key_salt, "serializer": store.serializer}
    try:
        data = signing.loads(row.session_data, **options)
    except signing.BadSignature:
        return KeyAge.REMOVED
    if row.user and data.get(HASH_SESSION_KEY) in row.user.get_session_auth_fallback_hash():
        return KeyAge.FORMER
    try:
        signing.loads(row.session_data, fallback_keys=[], **options)
    except signing.BadSignature:
        return KeyAge.FORMER
    return KeyAge.FIRST
