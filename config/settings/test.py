"""Settings of the tests. tests/conftest.py starts the servers and sets their addresses."""

from datetime import timedelta

from config.env import DEVELOPMENT_EVIDENCE_KEY, DEVELOPMENT_SECRET, make_cache_settings, parse_database_url
from config.settings.base import *

INSTALLED_APPS = [*INSTALLED_APPS, "config.demo"]
DEBUG = False
SECRET_KEY = DEVELOPMENT_SECRET
SITE_URL = "http://localhost:8000"
ALLOWED_HOSTS = ["localhost", "127.0.0.1", "testserver"]

NOT_STARTED = "postgresql://tocsin@127.0.0.1:1/tocsin"
DATABASES = {"default": parse_database_url(env.read_text("DATABASE_URL", NOT_STARTED))}
if owner_url := env.read_text("DATABASE_OWNER_URL", ""):
    DATABASE_OWNER = parse_database_url(owner_url, "DATABASE_OWNER_URL")
CELERY_BROKER_URL = env.read_text("REDIS_URL", "redis://127.0.0.1:1/0")
CACHES = make_cache_settings(CELERY_BROKER_URL)

# Many tests travel in time while somebody is signed in. The tests of the limits set them.
SESSION_IDLE_LIMIT = SESSION_ABSOLUTE_LIMIT = timedelta(days=100 * 365)
# Tests read faster than people, several of them as accounts with the same number. The tests of the limits set them.
PAGES_A_MINUTE = API_REQUESTS_A_MINUTE = 1_000_000
PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.InMemoryStorage"},
    "evidence": {"BACKEND": "django.core.files.storage.InMemoryStorage"},
    "staticfiles": {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"},
}
EVIDENCE_KEYS = env.read_keys("EVIDENCE_KEY", DEVELOPMENT_EVIDENCE_KEY)
STATIC_ROOT = None
WHITENOISE_USE_FINDERS = True
WHITENOISE_AUTOREFRESH = True
