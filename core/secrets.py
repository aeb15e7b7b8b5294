"""Hashes keyed with the secret key of the server. Rows and mails store them, so a `purpose` never changes."""

from django.utils.crypto import salted_hmac


def hash_value(purpose: str, value: str, *, secret: str | bytes | None = None) -> bytes:
    """Return the HMAC-SHA256 of the value, keyed with `secret` or else with SECRET_KEY.

    The same value has another hash for another `purpose`.
    """
    return salted_hmac(purpose, value, secret=secret, algorithm="sha256").digest()
