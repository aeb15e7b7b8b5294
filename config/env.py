"""Typed reading of the environment. A missing or wrong variable stops the process with a sentence that names it."""

from base64 import b64decode
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from os import environ
from pathlib import Path
from typing import Any
from urllib.parse import SplitResult, parse_qsl, quote, unquote, urlsplit

from django.core.exceptions import ImproperlyConfigured

from core.secrets import DERIVED, Key, KeyUse

SHORTEST_SECRET = 32
WITHHOLDABLE = {"EMAIL_URL", "EVIDENCE_KEY", *KeyUse}
DEVELOPMENT_SECRET = "développement seulement : cette clé est publique"  # noqa: S105
DEVELOPMENT_EVIDENCE_KEY = "ZGV2ZWxvcHBlbWVudCBzZXVsZW1lbnQsIHB1YmxpcXU="
KEY_BYTES = 32
# The last two were written in the Dockerfile of earlier versions.
PUBLIC_KEYS = {
    *(DEVELOPMENT_SECRET.encode(), b64decode(DEVELOPMENT_EVIDENCE_KEY)),
    *(b"only-to-collect-the-static-files-of-the-image", b"only to collect the static files"),
}
FEWEST_DISTINCT_BYTES = 8  # of a random key; 32 random hexadecimal digits have more in all but one case of a million
MAX_MINUTES = 14 * 24 * 60  # the sessions of Django last two weeks
# `smtp+plain` allows what the deploy check refuses of `smtp`: no encryption on the way to a distant server.
MAIL_SCHEMES = {"smtp": 25, "smtps": 465, "smtp+starttls": 587, "smtp+plain": 25}
DATABASE_SCHEMES = {"postgres", "postgresql"}
# Parameters of libpq with which a connection proves who it is: a password, a file of passwords, a client certificate.
DATABASE_CREDENTIALS = {"password", "passfile", "sslcert"}
# What these folders hold is lost when the machine or the container starts again.
TEMPORARY_FOLDERS = ("/tmp", "/var/tmp", "/dev/shm", "/run")  # noqa: S108 (they are refused)


class Env:
    """Reads typed values from environment variables. A missing or wrong value raises ImproperlyConfigured."""

    def __init__(self, source: Mapping[str, str] = environ) -> None:
        self.source = source

    def read_text(self, name: str, default: str | None = None) -> str:
        """Return the value of the variable, or the text of the file that `{name}_FILE` names (secrets of containers).
        If neither is set, return the default. Raises ImproperlyConfigured if the default is None.
        """
        value = self.source.get(name, "").strip() or self.read_file(f"{name}_FILE") or default
        if value is None:
            raise ImproperlyConfigured(f"{name} is not set: give it in the environment, or a file as {name}_FILE.")
        return value

    def read_file(self, name: str) -> str:
        """Return the stripped text of the file that a variable names, or "" if the variable is not set."""
        path = self.source.get(name, "").strip()
        try:
            return Path(path).read_text(encoding="utf-8").strip() if path else ""
        except (OSError, ValueError):
            raise ImproperlyConfigured(f"{name} must name a file of text that this process may read.") from None

    def read_number(self, name: str, default: int, *, least: int = 0) -> int:
        """Return a whole number of at least `least`."""
        value = self.read_text(name, str(default))
        if not value.isdecimal() or int(value) < least:
            raise ImproperlyConfigured(f"{name} must be a whole number{f' of at least {least}' if least else ''}.")
        return int(value)

    def read_minutes(self, name: str, default: int) -> timedelta:
        """Return a duration of at least one minute, from a number of minutes."""
        minutes = self.read_number(name, default)
        if not 0 < minutes <= MAX_MINUTES:
            raise ImproperlyConfigured(f"{name} must be a number of minutes from 1 to {MAX_MINUTES}.")
        return timedelta(minutes=minutes)

    def read_rising_numbers(self, **defaults: int) -> list[int]:
        """Return whole numbers of at least one, none of which is less than the one before it."""
        numbers = [self.read_number(name, default, least=1) for name, default in defaults.items()]
        if numbers != sorted(numbers):
            raise ImproperlyConfigured(f"{', '.join(defaults)} must rise or be equal, in this order.")
        return numbers

    def read_day_of_year(self, name: str, default: str) -> tuple[int, int]:
        """Return a month and a day from a text such as « 04-01 »."""
        value = self.read_text(name, default)
        try:
            day = datetime.strptime(f"2001-{value}", "%Y-%m-%d").replace(tzinfo=UTC)
        except ValueError:
            raise ImproperlyConfigured(f"{name} must be a month and a day, such as 04-01.") from None
        return day.month, day.day

    def read_flag(self, name: str, *, default: bool = False) -> bool:
        """Return True for 1, true or yes, and False for 0, false or no."""
        value = self.read_text(name, "1" if default else "0").lower()
        if value not in {"0", "1", "false", "true", "no", "yes"}:
            raise ImproperlyConfigured(f"{name} must be 0 or 1.")
        return value in {"1", "true", "yes"}

    def read_items(self, name: str, default: str | None = None) -> list[str]:
        """Return the values of a list that is separated by commas."""
        return [item.strip() for item in self.read_text(name, default).split(",") if item.strip()]

    def read_hosts(self, name: str) -> list[str]:
        """Return the host names of the site. The first must be complete, because mails link to it. A star is refused:
        anybody could then choose the host name in these links.
        """
        hosts = self.read_items(name)
        if not hosts or "*" in hosts or hosts[0].startswith("."):
            raise ImproperlyConfigured(f"{name} must list the names of the site, the first one in full, and no star.")
        return hosts

    def read_secret(self, name: str) -> str:
        """Return a secret fit for production. Raises ImproperlyConfigured if it is short, or if it is the public
        secret of development.
        """
        value = self.read_text(name)
        if value == DEVELOPMENT_SECRET or len(value) < SHORTEST_SECRET:
            raise ImproperlyConfigured(f"{name} must be a secret of at least {SHORTEST_SECRET} random characters.")
        return value

    def read_former_secrets(self, name: str) -> list[str]:
        """Return former secrets, one a line: a secret may hold any other character."""
        values = [line.strip() for line in self.read_text(name, "").splitlines() if line.strip()]
        if any(len(value) < SHORTEST_SECRET for value in values):
            raise ImproperlyConfigured(
                f"{name} must hold secrets of {SHORTEST_SECRET} characters or more, one a line."
            )
        return values

    def read_keys(self, name: str, default: str | None = None) -> list[bytes]:
        """Return keys of 32 bytes, written in base64 and separated by commas. The first key encrypts. All keys
        decrypt.
        """
        return decode_keys(name, self.read_items(name, default))

    def read_withheld_secrets(self, name: str) -> set[str]:
        """Return the names of the secrets that this process does without. A wrong name would withhold nothing."""
        names = set(self.read_items(name, ""))
        if wrong := names - WITHHOLDABLE:
            raise ImproperlyConfigured(f"{name} must list some of {sorted(WITHHOLDABLE)}, not {sorted(wrong)}.")
        return names

    def read_use_keys(self, name: str) -> list[Key]:
        """Return the keys of one use (`core/secrets.py::KeyUse`), in the form of `read_keys`. The word `derived`
        stands for the keys that are derived from SECRET_KEY, once at most. It is the default.
        """
        items = self.read_items(name, DERIVED)
        if items == [DERIVED]:
            return [DERIVED]
        keys: list[Key] = [*decode_keys(name, [item for item in items if item != DERIVED])]
        if items.count(DERIVED) > 1:
            raise ImproperlyConfigured(f"{name} must hold the word {DERIVED} once at most.")
        if DERIVED in items:
            keys.insert(items.index(DERIVED), DERIVED)
        return keys


def decode_keys(name: str, items: Sequence[str]) -> list[bytes]:
    """Return the keys that are written in base64. Raises ImproperlyConfigured unless there is one, and all have 32
    bytes.
    """
    try:
        keys = [b64decode(item, validate=True) for item in items]
    except ValueError:
        keys = []
    if not keys or any(len(key) != KEY_BYTES for key in keys):
        raise ImproperlyConfigured(f"{name} must be {KEY_BYTES} random bytes in base64: openssl rand -base64 32")
    return keys


def check_production_keys(keys_by_name: Mapping[str, Sequence[Key]]) -> None:
    """Check the first key of each list of production, which makes new values, by the variables that hold them.

    Raises ImproperlyConfigured for a key that anybody can guess, or that is given twice: who finds one key must not
    have the key of another use. Former keys are accepted, so that a bad key can be replaced; the deploy check names
    them (`config/checks.py`).
    """
    names: dict[bytes, str] = {}
    for name, (first, *_former) in keys_by_name.items():
        if first == DERIVED:
            continue
        content = normalise_key(first)
        place = "in SECRET_KEY_FALLBACKS" if name == "SECRET_KEY" else "behind it"
        remedy = f"Put a new key in front, and this one {place}."
        if is_weak_key(content):
            raise ImproperlyConfigured(f"{name} must be random: this key repeats itself, or is public. {remedy}")
        if content in names:
            raise ImproperlyConfigured(f"{name} must not start with the key of {names[content]}. {remedy}")
        names[content] = name


def normalise_key(key: Key) -> bytes:
    """Return the bytes of a key. A text that is a key of 32 bytes in base64 gives these bytes."""
    if isinstance(key, bytes):
        return key
    try:
        content = b64decode(key, validate=True)
    except ValueError:
        content = b""
    return content if len(content) == KEY_BYTES else key.encode()


def is_weak_key(key: bytes) -> bool:
    """Tell whether this key is public, has few distinct bytes, or is a shorter piece that is repeated."""
    is_repeated = key in (key + key)[1:-1]
    return is_repeated or key in PUBLIC_KEYS or len(set(key)) < FEWEST_DISTINCT_BYTES


def split_url(url: str, name: str, schemes: set[str]) -> SplitResult:
    """Return the parts of a URL. Raises ImproperlyConfigured for a wrong URL or another scheme. The error does not
    repeat the URL, because it holds a password.
    """
    refusal = ImproperlyConfigured(f"{name} must look like {'|'.join(sorted(schemes))}://user:password@host:port/…")
    try:
        parts = urlsplit(url)
        usable = parts.scheme in schemes and bool(parts.port or parts.hostname or parts.path)
    except ValueError as error:
        raise refusal from error
    if not usable:
        raise refusal
    return parts


def insert_password(url: str, password: str) -> str:
    """Return the URL with this password, percent-encoded. An empty password leaves the URL unchanged."""
    if not password:
        return url
    scheme, separator, remainder = url.partition("://")
    authority, slash, path = remainder.partition("/")
    user, _at, host = authority.rpartition("@")
    return f"{scheme}{separator}{user.partition(':')[0]}:{quote(password, safe='')}@{host}{slash}{path}"


def check_password(url: str, name: str) -> None:
    """Raise ImproperlyConfigured if this URL names a server of a network and no password. A socket of this machine
    needs none.

    PostgreSQL also takes a password or a client certificate from the query. Celery does not, for Redis or Valkey.
    """
    parts = urlsplit(url)
    is_database = parts.scheme in DATABASE_SCHEMES
    is_in_query = is_database and any(name in DATABASE_CREDENTIALS for name, _value in parse_qsl(parts.query))
    if parts.hostname and not parts.password and not is_in_query:
        password = name.replace("_URL", "_PASSWORD")
        raise ImproperlyConfigured(f"{name} must hold a password, or {password} must be given.")


def read_broker_url(env: Env) -> str:
    """Return the URL of Redis or Valkey with its password. Raises ImproperlyConfigured if it is wrong or has none."""
    url = insert_password(env.read_text("REDIS_URL"), env.read_text("REDIS_PASSWORD", ""))
    split_url(url, "REDIS_URL", {"redis", "rediss"})
    check_password(url, "REDIS_URL")
    return url


def parse_database_url(url: str, name: str = "DATABASE_URL") -> dict[str, Any]:
    """Return DATABASES["default"] for `postgresql://user:password@host:port/name?sslmode=require`. `name` is that of
    the variable, for errors.
    """
    parts = split_url(url, name, DATABASE_SCHEMES)
    return {
        "ENGINE": "django.db.backends.postgresql",
        "NAME": unquote(parts.path.lstrip("/")),
        "USER": unquote(parts.username or ""),
        "PASSWORD": unquote(parts.password or ""),
        "HOST": parts.hostname or "",
        "PORT": str(parts.port or ""),
        "OPTIONS": {"options": "-c jit=off", **dict(parse_qsl(parts.query))},
    }


def make_cache_settings(url: str) -> dict[str, Any]:
    """Return CACHES for REDIS_URL. A server that does not answer times out after half a second. SteadyCache then
    counts attempts on accounts in PostgreSQL.
    """
    return {
        "default": {
            "BACKEND": "config.steady_cache.SteadyCache",
            "LOCATION": url,
            # A process of an earlier version, which stored pickles under another prefix, cannot read JSON.
            "KEY_PREFIX": "tocsin-json",
            "OPTIONS": {
                "serializer": "config.steady_cache.JSONSerializer",
                "socket_timeout": 0.5,
                "socket_connect_timeout": 0.5,
            },
        }
    }


def parse_mail_url(url: str, *, may_be_folder: bool = True) -> dict[str, Any]:
    """Return the EMAIL_* settings for `smtp://`, `smtps://`, `smtp+starttls://`, `smtp+plain://` or `file:///folder`.

    Nobody receives what is written to a folder, so that production refuses it (`may_be_folder`).
    """
    parts = split_url(url, "EMAIL_URL", {*MAIL_SCHEMES, *(["file"] if may_be_folder else [])})
    if parts.scheme == "file":
        return {
            "EMAIL_BACKEND": "django.core.mail.backends.filebased.EmailBackend",
            "EMAIL_FILE_PATH": unquote(parts.path),
        }
    return {
        "EMAIL_BACKEND": "django.core.mail.backends.smtp.EmailBackend",
        "EMAIL_HOST": parts.hostname or "localhost",
        "EMAIL_PORT": parts.port or MAIL_SCHEMES[parts.scheme],
        "EMAIL_HOST_USER": unquote(parts.username or ""),
        "EMAIL_HOST_PASSWORD": unquote(parts.password or ""),
        "EMAIL_USE_SSL": parts.scheme == "smtps",
        "EMAIL_USE_TLS": parts.scheme == "smtp+starttls",
        "EMAIL_MAY_BE_PLAIN": parts.scheme == "smtp+plain",
    }


def make_lasting_evidence_storage(env: Env) -> dict[str, Any]:
    """Return STORAGES["evidence"] of production. Raises ImproperlyConfigured if its folder loses the files at the next
    start, or moves with the folder in which the process is started.
    """
    storage = make_evidence_storage(env)
    folder = Path(storage["OPTIONS"].get("location", "/"))
    if not folder.is_absolute() or any(folder.is_relative_to(temporary) for temporary in TEMPORARY_FOLDERS):
        raise ImproperlyConfigured("EVIDENCE_DIR must be a folder that lasts, with its whole path.")
    return storage


def make_evidence_storage(env: Env, folder: Path | None = None) -> dict[str, Any]:
    """Return STORAGES["evidence"]. It is the bucket that EVIDENCE_S3_BUCKET names, or else the folder EVIDENCE_DIR,
    whose default is `folder`.
    """
    bucket = env.read_text("EVIDENCE_S3_BUCKET", "")
    if not bucket:
        location = env.read_text("EVIDENCE_DIR", str(folder) if folder else None)
        return {"BACKEND": "incidents.files.vault.FolderStorage", "OPTIONS": {"location": location}}
    return {
        "BACKEND": "storages.backends.s3.S3Storage",
        "OPTIONS": {
            "bucket_name": bucket,
            "endpoint_url": env.read_text("EVIDENCE_S3_ENDPOINT", "") or None,
            "region_name": env.read_text("EVIDENCE_S3_REGION", "") or None,
            "access_key": env.read_text("EVIDENCE_S3_ACCESS_KEY"),
            "secret_key": env.read_text("EVIDENCE_S3_SECRET_KEY"),
            "default_acl": None,
            "file_overwrite": True,  # names are ours and random
            "max_memory_size": 1024 * 1024,  # larger objects are read through a temporary file, still encrypted
        },
    }
