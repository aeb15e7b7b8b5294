"""Hashes keyed with the secret key of the server. Rows and mails store them, so the text of a `use` never changes."""

from django.utils.crypto import salted_hmac


def hash_value(use: str, value: str, *, secret: str | bytes | None = None) -> bytes:
    """Return the HMAC-SHA256 of the value for one use. Another use gives another hash, and nobody can compute either
    without SECRET_KEY (or `secret`, if given).
    """
    return salted_hmac(use, value, secret=secret, algorithm="sha256").digest()
