"""What `manage.py check --deploy` says of settings that work and are weaker than they could be."""

import os
from collections.abc import Iterator, Mapping, Sequence
from ipaddress import ip_address
from typing import Any
from urllib.parse import urlsplit

from django.conf import settings
from django.core.checks import CheckMessage, Error, Tags, register
from django.core.checks import Warning as DeployWarning
from django.db import OperationalError, connection

from config.database.grants import LASTING, PROOF
from config.env import is_weak_key, normalise_key
from core.secrets import DERIVED, Key

# Names that only a local network knows: RFC 6761, RFC 6762, RFC 8375, and two by custom.
LOCAL_ENDINGS = (".localhost", ".local", ".home.arpa", ".internal", ".lan")
HOW_TO_SEPARATE = (
    "Print a new key with `openssl rand -base64 32`, set the variable to the word `derived`, a comma and this key, "
    "restart every process, put the key in front, restart again, run `manage.py rotate_keys`, and remove the word "
    "once it says so (README.md)."
)

DESCRIBE_ROLE = """
    SELECT rolname, rolsuper, ARRAY(
        SELECT unnest(setconfig) FROM pg_db_role_setting LEFT JOIN pg_database ON pg_database.oid = setdatabase
        WHERE setrole = pg_roles.oid AND coalesce(datname, current_database()) = current_database() ORDER BY 1
    ) FROM pg_roles WHERE rolname = current_user
"""
# What a role may do that the site does not need: its attributes, memberships and privileges. The owner of the database
# belongs to pg_database_owner. A view, in any schema, changes tables with the rights of its owner.
LIST_EXCESS = r"""
    SELECT excess FROM pg_roles, LATERAL (VALUES
        ('creates roles', rolcreaterole), ('creates databases', rolcreatedb),
        ('replicates the server', rolreplication), ('bypasses row-level security', rolbypassrls)
    ) AS attribute (excess, is_given) WHERE rolname = current_user AND is_given
    UNION ALL
    SELECT 'creates schemas' WHERE has_database_privilege(current_database(), 'CREATE')
    UNION ALL
    SELECT 'creates objects in the schema public' WHERE has_schema_privilege('public', 'CREATE')
    UNION ALL
    SELECT 'belongs to ' || rolname FROM pg_roles
    WHERE rolname <> current_user AND pg_has_role(oid, 'MEMBER') AND (
        rolsuper OR rolcreaterole OR rolcreatedb OR rolreplication OR rolbypassrls OR rolname LIKE 'pg\_%%'
    )
    UNION ALL
    SELECT 'changes ' || string_agg(relname, ', ' ORDER BY relname) FROM pg_class
    WHERE relnamespace = 'public'::regnamespace AND relname = ANY(%s) AND (
        pg_has_role(relowner, 'MEMBER') OR has_table_privilege(oid, 'DELETE, TRUNCATE, TRIGGER') OR EXISTS (
            SELECT FROM pg_attribute
            WHERE attrelid = pg_class.oid AND attnum > 0 AND NOT attisdropped
                AND has_column_privilege(attrelid, attnum, 'UPDATE')
                AND (relname, attname) <> ('django_admin_log', 'object_repr')  -- the name of a closed account ends
        )
    ) HAVING count(*) > 0
    UNION ALL
    SELECT 'changes keys or ends rows of ' || string_agg(relname, ', ' ORDER BY relname) FROM pg_class
    WHERE relnamespace = 'public'::regnamespace AND relname = ANY(%s)
        AND has_table_privilege(oid, 'UPDATE, DELETE, TRUNCATE, TRIGGER') HAVING count(*) > 0
    UNION ALL
    SELECT 'writes through ' || string_agg(relname, ', ' ORDER BY relname) FROM pg_class
    WHERE relkind IN ('v', 'm', 'f') AND relnamespace::regnamespace::text !~ '^(pg_|information_schema$)'
        AND (has_any_column_privilege(oid, 'INSERT, UPDATE') OR has_table_privilege(oid, 'DELETE, TRUNCATE, TRIGGER'))
    HAVING count(*) > 0
    ORDER BY 1
"""


@register(Tags.security, deploy=True)
def check_all_secrets_are_given(**kwargs: Any) -> list[CheckMessage]:
    """Refuse to judge the secrets of an installation in a process that is not given them all."""
    if not settings.WITHHELD_SECRETS:
        return []
    text = f"These secrets were not judged: {', '.join(sorted(settings.WITHHELD_SECRETS))}."
    hint = "Run this check where all are given: docker compose run --rm manage check --deploy"
    return [Error(text, hint=hint, id="tocsin.E009")]


@register(Tags.security, deploy=True)
def check_keys_are_apart(**kwargs: Any) -> list[CheckMessage]:
    """Warn of the uses that still share SECRET_KEY, or that still accept what it made."""
    shared = [use for use, keys in settings.KEYS_BY_USE.items() if keys[0] == DERIVED]
    accepting = [use for use, keys in settings.KEYS_BY_USE.items() if DERIVED in keys[1:]]
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
    keys_by_name: dict[str, Sequence[Key]] = dict(settings.KEYS_BY_USE)
    if "EVIDENCE_KEY" not in settings.WITHHELD_SECRETS:
        keys_by_name = {"EVIDENCE_KEY": settings.EVIDENCE_KEYS, **keys_by_name}
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
    """Refuse a role of PostgreSQL that may do more than the site needs, and warn of settings that it has.

    Everybody may give settings to their own role, and they outlive a new password.
    """
    try:
        role, excess, settings_of_role = describe_role()
    except OperationalError:
        text = "The role of DATABASE_URL was not judged, because PostgreSQL does not answer."
        return [DeployWarning(text, hint="Run this check where the site runs.", id="tocsin.W004")]
    messages: list[CheckMessage] = []
    if excess:
        text = f"DATABASE_URL connects as {role}, which may do more than the site needs: it {', '.join(excess)}."
        hint = "Connect as tocsin_app, and give DATABASE_OWNER_URL to `manage.py migrate` alone (README.md)."
        messages.append(Error(text, hint=hint, id="tocsin.E002"))
    if settings_of_role:
        text = f"The role {role} has settings of its own: {', '.join(settings_of_role)}."
        hint = "If you did not give them, somebody has its password: deploy/create_roles.sql removes them (README.md)."
        messages.append(DeployWarning(text, hint=hint, id="tocsin.W005"))
    return messages


def describe_role() -> tuple[str, list[str], list[str]]:
    """Return the role of the database connection, what it may do that the site does not need, and its own settings."""
    with connection.cursor() as cursor:
        cursor.execute(DESCRIBE_ROLE)
        [(role, is_superuser, settings_of_role)] = cursor.fetchall()
        if is_superuser:
            return role, ["is a superuser"], settings_of_role
        cursor.execute(LIST_EXCESS, [[*PROOF], [*LASTING]])
        return role, [excess for (excess,) in cursor.fetchall()], settings_of_role


@register(Tags.security, deploy=True)
def check_retired_variables(**kwargs: Any) -> list[CheckMessage]:
    """Refuse a variable that nothing reads any more, so that nobody relies on it."""
    if "SECURITY_EVENT_DAYS" not in os.environ:
        return []
    text = "SECURITY_EVENT_DAYS has no effect: security events last a year, or what the administration chose."
    hint = "Choose the duration in the administration (« Durées de conservation »), then remove the variable."
    return [Error(text, hint=hint, id="tocsin.E010")]


@register(Tags.security, deploy=True)
def check_owner_is_unknown(**kwargs: Any) -> list[CheckMessage]:
    """Warn of a site that is given the password of the owner, as a file of variables that `migrate` shares does."""
    if settings.DATABASE_OWNER is None:
        return []
    text = "DATABASE_OWNER_URL is given to this process: whoever reads its variables may change all rows."
    return [DeployWarning(text, hint="Give it to `manage.py migrate` alone (README.md).", id="tocsin.W007")]


@register(Tags.security, deploy=True)
def check_servers_are_encrypted(**kwargs: Any) -> list[CheckMessage]:
    """Refuse a database, a broker or a bucket beyond the local network without an encrypted connection that checks
    whose certificate the server has.
    """
    return [Error(text, hint=hint, id=code) for code, text, hint in list_unchecked_servers()]


def list_unchecked_servers() -> Iterator[tuple[str, str, str]]:
    """Yield the code, the text and the hint of each server that is reached without checking its certificate."""
    databases = {"DATABASE_URL": settings.DATABASES["default"], "DATABASE_OWNER_URL": settings.DATABASE_OWNER}
    for name, database in databases.items():
        if database and (host := find_unchecked_host(database)):
            hint = "Add ?sslmode=verify-full&sslrootcert=system, or the file of the authority that signed it."
            yield "tocsin.E005", f"{name} reaches {host} without checking its certificate.", hint
    broker = urlsplit(settings.CELERY_BROKER_URL)
    is_checked = broker.scheme == "rediss" and "none" not in broker.query.lower()
    if not is_local_host(broker.hostname or "") and not is_checked:
        hint = "Use rediss://, without ssl_cert_reqs=none."
        yield "tocsin.E006", f"REDIS_URL reaches {broker.hostname} without checking its certificate.", hint
    options: Any = settings.STORAGES["evidence"].get("OPTIONS", {})
    bucket = urlsplit(options.get("endpoint_url") or "")
    if bucket.scheme == "http" and not is_local_host(bucket.hostname or ""):
        yield "tocsin.E007", f"EVIDENCE_S3_ENDPOINT reaches {bucket.hostname} without encryption.", "Use https://."


def find_unchecked_host(database: Mapping[str, Any]) -> str:
    """Return the host of PostgreSQL if it is beyond the local network and its certificate is not checked, or ""."""
    host = database["HOST"] or database["OPTIONS"].get("host", "")
    is_checked = database["OPTIONS"].get("sslmode") == "verify-full"
    return "" if is_checked or is_local_host(host) else str(host)


def is_local_host(host: str) -> bool:
    """Tell whether a host is this machine or of a local network: a private address, a bare name, a local name or the
    path of a socket.
    """
    if host.startswith("/"):
        return True
    try:
        return ip_address(host).is_private
    except ValueError:
        return "." not in host or host.lower().rstrip(".").endswith(LOCAL_ENDINGS)
