"""Settings of production. Secrets come from the environment or from files that it names. A missing secret stops the
process.
"""

from collections.abc import Sequence

from config.env import (
    check_password,
    check_production_keys,
    insert_password,
    make_cache_settings,
    make_lasting_evidence_storage,
    parse_database_url,
    parse_mail_url,
    read_broker_url,
)
from config.settings.base import *
from core.secrets import Key

DEBUG = False
SECRET_KEY = env.read_secret("SECRET_KEY")
keys_by_name: dict[str, Sequence[Key]] = {"SECRET_KEY": [SECRET_KEY]}
if "EVIDENCE_KEY" not in WITHHELD_SECRETS:
    EVIDENCE_KEYS = keys_by_name["EVIDENCE_KEY"] = env.read_keys("EVIDENCE_KEY")
check_production_keys(keys_by_name | KEYS_BY_USE)
ALLOWED_HOSTS = env.read_hosts("ALLOWED_HOSTS")
SITE_URL = env.read_text("SITE_URL", f"https://{ALLOWED_HOSTS[0]}")
CSRF_TRUSTED_ORIGINS = [f"https://{host.lstrip('.')}" for host in ALLOWED_HOSTS]

database_url = insert_password(env.read_text("DATABASE_URL"), env.read_text("DATABASE_PASSWORD", ""))
DATABASES = {"default": add_connection_settings(parse_database_url(database_url))}
check_password(database_url, "DATABASE_URL")
if owner_url := env.read_text("DATABASE_OWNER_URL", ""):
    owner_url = insert_password(owner_url, env.read_text("DATABASE_OWNER_PASSWORD", ""))
    DATABASE_OWNER = parse_database_url(owner_url, "DATABASE_OWNER_URL")
    check_password(owner_url, "DATABASE_OWNER_URL")
CELERY_BROKER_URL = read_broker_url(env)
CACHES = make_cache_settings(CELERY_BROKER_URL)

REFUSES_DEMONSTRATION = True

# A browser stores a cookie with this prefix only if it is Secure, for all paths and for this host alone.
SESSION_COOKIE_NAME = "__Host-session"
CSRF_COOKIE_NAME = "__Host-csrf"
CASE_COOKIE_NAME = "__Host-suivi"
DRAFT_COOKIE_NAME = "__Host-declaration"
SIGNATURE_COOKIE_NAME = "__Host-signature"
MESSAGE_COOKIE_NAME = "__Host-messages"
FORM_COOKIE_NAME = "__Host-formulaire"
SESSION_COOKIE_SECURE = True
CSRF_COOKIE_SECURE = True
SECURE_SSL_REDIRECT = True
SECURE_REDIRECT_EXEMPT = [r"^sante/"]  # the orchestrator asks over plain HTTP
SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https")
SECURE_HSTS_SECONDS = 365 * 24 * 3600
SECURE_HSTS_INCLUDE_SUBDOMAINS = True

STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    "staticfiles": {"BACKEND": "whitenoise.storage.CompressedManifestStaticFilesStorage"},
    "evidence": make_lasting_evidence_storage(env),
}

if "EMAIL_URL" in WITHHELD_SECRETS:
    EMAIL_BACKEND = "core.mails.refuse_to_send"
else:
    globals().update(parse_mail_url(env.read_text("EMAIL_URL"), may_be_folder=False))
