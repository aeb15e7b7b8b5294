"""Hashes with the key of the server. Rows and mails hold them, so a use is never renamed."""

from django.utils.crypto import salted_hmac


def hash_value(use: str, value: str, *, secret: str | bytes | None = None) -> bytes:
    """Return the HMAC-SHA256 of the value for one use. It differs for another use, and nobody can compute it without
    SECRET_KEY (or `secret`, if given).
    """
    return salted_hmac(use, value, secret=secret, algorithm="sha256").digest()
