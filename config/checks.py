"""What `manage.py check --deploy` says of settings that work and are weaker than they could be."""

from collections.abc import Sequence
from ipaddress import ip_address
from typing import Any

from django.conf import settings
from django.core.checks import CheckMessage, Error, Tags, register
from django.core.checks import Warning as DeployWarning
from django.db import OperationalError, connection

from config.env import is_weak_key, normalise_key
from core.secrets import DERIVED, Key, KeyUse

# Names that only a local network knows: RFC 6761, RFC 6762, RFC 8375, and two by custom.
LOCAL_ENDINGS = (".localhost", ".local", ".home.arpa", ".internal", ".lan")
HOW_TO_SEPARATE = (
    "Print a new key with `openssl rand -base64 32`, set the variable to the word `derived`, a comma and this key, "
    "restart every process, put the key in front, restart again, run `manage.py rotate_keys`, and remove the word "
    "once it says so (README.md)."
)

DESCRIBE_ROLE = """
    SELECT rolname, rolsuper, EXISTS (
        SELECT FROM pg_class WHERE relnamespace = 'public'::regnamespace AND relkind = 'r' AND relowner = pg_roles.oid
    ) FROM pg_roles WHERE rolname = current_user
"""


@register(Tags.security, deploy=True)
def check_keys_are_apart(**kwargs: Any) -> list[CheckMessage]:
    """Warn of the uses that still share SECRET_KEY, or that still accept what it made."""
    shared = [use.value for use in KeyUse if settings.KEYS_BY_USE[use][0] == DERIVED]
    accepting = [use.value for use in KeyUse if DERIVED in settings.KEYS_BY_USE[use][1:]]
    messages: list[CheckMessage] = []
    if shared:
        text = f"SECRET_KEY serves in the place of these keys, which are not set or not in front: {', '.join(shared)}."
        messages.append(DeployWarning(text, hint=HOW_TO_SEPARATE, id="tocsin.W001"))
    if accepting:
        text = f"These keys still accept what SECRET_KEY made: {', '.join(accepting)}."
        hint = "Run `manage.py rotate_keys`, and remove the word `derived` once it says so."
        messages.append(DeployWarning(text, hint=hint, id="tocsin.W002"))
    return messages


@register(Tags.security, deploy=True)
def check_former_keys(**kwargs: Any) -> list[CheckMessage]:
    """Warn of former keys that anybody can guess, or that another list holds too.

    They are accepted, so that an installation can replace them. Production refuses such keys in front
    (`config/env.py::check_production_keys`).
    """
    former: list[tuple[str, Key]] = [("SECRET_KEY_FALLBACKS", key) for key in settings.SECRET_KEY_FALLBACKS]
    seen = {normalise_key(settings.SECRET_KEY)}
    keys_by_name: dict[str, Sequence[Key]] = {"EVIDENCE_KEY": settings.EVIDENCE_KEYS, **settings.KEYS_BY_USE}
    for name, (first, *others) in keys_by_name.items():
        seen.add(normalise_key(first))
        former += [(name, key) for key in others if key != DERIVED]
    names: list[str] = []
    for name, key in former:
        content = normalise_key(key)
        if content in seen or is_weak_key(content):
            names.append(name)
        seen.add(content)
    if not names:
        return []
    text = f"These lists hold a former key that is weak, or that is given twice: {', '.join(dict.fromkeys(names))}."
    hint = "Run `manage.py rotate_keys`, and remove the former keys once it says so."
    return [DeployWarning(text, hint=hint, id="tocsin.W003")]


@register(Tags.security, deploy=True)
def check_mail_is_encrypted(**kwargs: Any) -> list[CheckMessage]:
    """Refuse to send mails, which hold follow-up codes, without encryption to a server beyond the local network."""
    is_safe = settings.EMAIL_USE_TLS or settings.EMAIL_USE_SSL or settings.EMAIL_MAY_BE_PLAIN
    if is_safe or is_local_host(settings.EMAIL_HOST):
        return []
    text = f"EMAIL_URL sends mails, with their follow-up codes, to {settings.EMAIL_HOST} without encryption."
    hint = "Use smtps:// or smtp+starttls://, or smtp+plain:// if the way to this server is encrypted otherwise."
    return [Error(text, hint=hint, id="tocsin.E001")]


@register(Tags.security, deploy=True)
def check_database_role(**kwargs: Any) -> list[CheckMessage]:
    """Refuse a role of PostgreSQL that could change what is append-only: a superuser, or the owner of the tables."""
    try:
        with connection.cursor() as cursor:
            cursor.execute(DESCRIBE_ROLE)
            [(role, is_superuser, owns_tables)] = cursor.fetchall()
    except OperationalError:
        text = "The role of DATABASE_URL was not judged, because PostgreSQL does not answer."
        return [DeployWarning(text, hint="Run this check where the site runs.", id="tocsin.W004")]
    if not (is_superuser or owns_tables):
        return []
    reason = "is a superuser" if is_superuser else "owns the tables"
    text = f"DATABASE_URL connects as {role}, which {reason}: its password changes events, readings and releases."
    hint = "Connect as tocsin_app, and give DATABASE_OWNER_URL to `manage.py migrate` alone (README.md)."
    return [Error(text, hint=hint, id="tocsin.E002")]


def is_local_host(host: str) -> bool:
    """Tell whether a host is this machine or of a local network: a private address, a bare name or a local name."""
    try:
        return ip_address(host).is_private
    except ValueError:
        return "." not in host or host.lower().rstrip(".").endswith(LOCAL_ENDINGS)
