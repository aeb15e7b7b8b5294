"""Settings of a developer's machine and of the demonstration: embedded servers, readable logs, and mails stored as
files.
"""

from config.devserver.servers import ServerRecord
from config.env import (
    DEVELOPMENT_EVIDENCE_KEY,
    DEVELOPMENT_SECRET,
    make_cache_settings,
    make_evidence_storage,
    parse_database_url,
    parse_mail_url,
)
from config.logs import make_logging_settings
from config.settings.base import *

INSTALLED_APPS = [*INSTALLED_APPS, "config.demo"]
DEBUG = env.read_flag("DEBUG", default=False)
SECRET_KEY = env.read_text("SECRET_KEY", DEVELOPMENT_SECRET)
SITE_URL = f"http://localhost:{env.read_number('PORT', 8000)}"

record = ServerRecord(LOCAL_DIR)
DATABASES = {
    "default": add_connection_settings(parse_database_url(env.read_text("DATABASE_URL", record.database_url)))
}
own_server = not env.read_text("DATABASE_URL", "")
if owner_url := env.read_text("DATABASE_OWNER_URL", record.owner_url if own_server else ""):
    DATABASE_OWNER = parse_database_url(owner_url, "DATABASE_OWNER_URL")
CELERY_BROKER_URL = env.read_text("REDIS_URL", record.redis_url)
CACHES = make_cache_settings(CELERY_BROKER_URL)

SESSION_COOKIE_NAME = "tocsin_session"
CSRF_COOKIE_NAME = "tocsin_csrf"
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    "staticfiles": {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"},
}
STORAGES["evidence"] = make_evidence_storage(env, LOCAL_DIR / "evidence")
EVIDENCE_KEYS = env.read_keys("EVIDENCE_KEY", DEVELOPMENT_EVIDENCE_KEY)
STATIC_ROOT = None
WHITENOISE_USE_FINDERS = True

LOGGING = make_logging_settings(as_json=False)
globals().update(parse_mail_url(env.read_text("EMAIL_URL", (LOCAL_DIR / "mails").as_uri())))
