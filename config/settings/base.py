"""The settings of every installation, in the order of Django's reference. dev, test and prod contain only the
differences.
"""

from datetime import timedelta
from pathlib import Path
from typing import Any

from csp.constants import NONE, SELF

from config.env import Env
from config.logs import make_logging_settings
from core.secrets import Key, KeyUse

env = Env()
BASE_DIR = Path(__file__).resolve().parents[2]
LOCAL_DIR = BASE_DIR / ".local"

# Core
ALLOWED_HOSTS = env.read_items("ALLOWED_HOSTS", "localhost,127.0.0.1")
SITE_URL = "http://localhost:8000"  # for absolute links in mails
DATA_UPLOAD_MAX_MEMORY_SIZE = 1024 * 1024
DATA_UPLOAD_MAX_NUMBER_FILES = 1000  # the limit for a case is lower, and the form says which files exceed it
FILE_UPLOAD_HANDLERS = ["config.pages.guards.NoLargeUpload"]
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

INSTALLED_APPS = [
    "collectivities",
    "csirts",
    "accounts",
    "incidents",
    "notifications",
    "stats",
    "retention",
    "config.pages",
    "config.database",
    "config.apps.TocsinAdminConfig",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "whitenoise.runserver_nostatic",
    "django.contrib.staticfiles",
    "django.contrib.postgres",
    "django.forms",
    "allauth",
    "allauth.account",
    "allauth.mfa",
    "csp",
    "django_htmx",
    "pgtrigger",
    "pghistory",
    "rest_framework",
    "drf_spectacular",
]

MIDDLEWARE = [
    "config.pages.guards.ApiCacheGuard",  # first, so that refusals of the others pass through it too
    "config.pages.guards.EncryptedApiGuard",  # before the next one, which redirects to HTTPS
    "django.middleware.security.SecurityMiddleware",
    "csp.middleware.CSPMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "config.pages.robots.IndexGuard",
    "config.pages.compress.CompressedPages",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "accounts.session_limits.SessionLimiter",
    "accounts.guard.SecondFactorGuard",
    "config.pages.pace.PaceGuard",
    "django.contrib.auth.middleware.LoginRequiredMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "accounts.reauthentication.KeptFormBinder",  # around the next one, which keeps the form
    "allauth.account.middleware.AccountMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "django_htmx.middleware.HtmxMiddleware",
    "config.pages.guards.InvisibleCharacterRemover",
    "config.pages.guards.FormOnlyExplainer",
    "config.pages.guards.NulGuard",
]

ROOT_URLCONF = "config.urls"
WSGI_APPLICATION = "config.wsgi.application"

TEMPLATES: list[dict[str, Any]] = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [BASE_DIR / "config" / "templates"],
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
                "config.pages.context.describe_request",
            ],
            "builtins": ["config.pages.templatetags.french"],
        },
    }
]

FORM_RENDERER = "config.pages.forms.Renderer"

# The pool is only for web processes: in prefork workers it would open one connection a task.
DATABASE_POOL = env.read_number("DATABASE_POOL", 0)
CELERY_DB_REUSE_MAX = 1000
# No statement of a page needs as long, and whoever waited for it has left. Tasks have a limit of their own.
LONGEST_PAGE_STATEMENT = "30s"

# The owner of the tables, as whom `manage.py migrate` connects. None if DATABASE_URL is that of the owner.
DATABASE_OWNER: dict[str, Any] | None = None


def add_connection_settings(database: dict[str, Any]) -> dict[str, Any]:
    """Return these settings of a database, with those of its connections. A web process has a pool of DATABASE_POOL
    connections, one for each thread, in which PostgreSQL ends a statement that lasts too long. Connections of other
    processes stay open between tasks.
    """
    if DATABASE_POOL:
        limit = f"-c statement_timeout={LONGEST_PAGE_STATEMENT}"
        database["OPTIONS"]["options"] = f"{limit} {database['OPTIONS'].get('options', '')}".strip()
        database["OPTIONS"]["pool"] = {"min_size": 1, "max_size": DATABASE_POOL, "timeout": 10}
        # No request gets a dead connection after a restart of PostgreSQL.
        return database | {"CONN_HEALTH_CHECKS": True}
    return database | {"CONN_MAX_AGE": 600, "CONN_HEALTH_CHECKS": True}


# The secrets that this process does without, because nothing that it does reads them (docker-compose.yml). It has no
# setting with their value, so that reading one fails.
WITHHELD_SECRETS = env.read_withheld_secrets("WITHHELD_SECRETS")
# Keys. Each use has its own (`core/secrets.py`), or else shares SECRET_KEY.
SECRET_KEY_FALLBACKS = env.read_former_secrets("SECRET_KEY_FALLBACKS")
KEYS_BY_USE: dict[str, list[Key]] = {
    use.value: env.read_use_keys(use) for use in KeyUse if use not in WITHHELD_SECRETS
}

# Accounts
REFUSES_DEMONSTRATION = False  # True in production: the accounts of a demonstration have a published password
AUTH_USER_MODEL = "accounts.User"
LOGIN_URL = "login"
LOGIN_REDIRECT_URL = "login"  # it redirects users to their first page
LOGOUT_REDIRECT_URL = "home"
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": "django.contrib.auth.password_validation.UserAttributeSimilarityValidator"},
    {"NAME": "django.contrib.auth.password_validation.MinimumLengthValidator", "OPTIONS": {"min_length": 12}},
    {"NAME": "django.contrib.auth.password_validation.CommonPasswordValidator"},
    {"NAME": "accounts.passwords.StrengthValidator"},
]

# People sign in with an address, a password, then a second factor (django-allauth). Nobody can sign up.
ACCOUNT_ADAPTER = "accounts.adapters.AccountAdapter"
ACCOUNT_LOGIN_METHODS = {"email"}
ACCOUNT_SIGNUP_FIELDS = ["email*", "password1*"]
ACCOUNT_USER_MODEL_USERNAME_FIELD = None
ACCOUNT_EMAIL_VERIFICATION = "none"
ACCOUNT_EMAIL_NOTIFICATIONS = True
ACCOUNT_SESSION_REMEMBER = True
# How long a proof of identity counts. `accounts/adapters.py` judges that in the place of allauth.
IDENTITY_PROOF_LIFE = timedelta(minutes=5)
ACCOUNT_REAUTHENTICATION_TIMEOUT = 0  # so that allauth's own check never passes
ACCOUNT_FORMS = {
    "login": "accounts.forms.SignInForm",
    "reauthenticate": "accounts.forms.ConfirmPasswordForm",
    "change_password": "accounts.forms.NewPasswordForm",
}
# A town hall shares one address on the Internet: no limit counts an address alone.
ACCOUNT_RATE_LIMITS = {
    "login": None,
    "login_failed": "5/5m/key",  # one account from one address, and the codes of one account
    "login_failed_anywhere": "30/15m/key",  # one account from all addresses
    "reset_password": "3/h/key",
}
MFA_ADAPTER = "accounts.adapters.FactorAdapter"
MFA_SUPPORTED_TYPES = ["totp", "webauthn", "recovery_codes"]
MFA_PASSKEY_LOGIN_ENABLED = True
MFA_ALLOW_UNVERIFIED_EMAIL = True
MFA_RECOVERY_CODES_SHOW_ONCE = True
MFA_TOTP_ISSUER = "Tocsin"
MFA_TOTP_TOLERANCE = 1  # for telephones whose clock is slightly wrong
MFA_RATE_LIMITS = {"webauthn_login": None}
MFA_FORMS = {
    "authenticate": "accounts.forms.SignInCodeForm",
    "reauthenticate": "accounts.forms.ConfirmCodeForm",
    "activate_totp": "accounts.forms.FirstCodeForm",
    "add_webauthn": "accounts.forms.NewKeyForm",
    "authenticate_webauthn": "accounts.forms.KeyForm",
    "login_webauthn": "accounts.forms.SignInByKeyForm",
    "reauthenticate_webauthn": "accounts.forms.ConfirmKeyForm",
}

# Language and time
LANGUAGE_CODE = "fr"
LANGUAGES = [("fr", "français")]
TIME_ZONE = "Europe/Paris"
USE_TZ = True

# Files
STATIC_URL = "/static/"
STATIC_ROOT: Path | None = BASE_DIR / "static_collected"
STATICFILES_DIRS = [folder for folder in [BASE_DIR / "config" / "static"] if folder.is_dir()]

# Safety
SESSION_ENGINE = "accounts.models.sessions"
# Of people whose role is of a centre, a région or the platform: without activity, and from the sign-in on.
SESSION_IDLE_LIMIT = env.read_minutes("SESSION_IDLE_LIMIT", 30)
SESSION_ABSOLUTE_LIMIT = env.read_minutes("SESSION_ABSOLUTE_LIMIT", 12 * 60)
# How many days the host keeps a backup. 0 if the host has not said it; the page of personal data then says so.
BACKUP_DAYS = env.read_number("BACKUP_DAYS", 0)
SESSION_COOKIE_HTTPONLY = True
SESSION_COOKIE_SAMESITE = "Lax"
CSRF_FAILURE_VIEW = "config.pages.errors.csrf_failure"
CSRF_COOKIE_HTTPONLY = True
CSRF_COOKIE_SAMESITE = "Lax"
# The other cookies of the site. `incidents/devices/cookies.py` has their attributes.
CASE_COOKIE_NAME = "tocsin_suivi"
DRAFT_COOKIE_NAME = "tocsin_declaration"
SIGNATURE_COOKIE_NAME = "tocsin_signature"
MESSAGE_COOKIE_NAME = "tocsin_messages"
FORM_COOKIE_NAME = "tocsin_formulaire"  # of the browser that sent a form for which a proof of identity is asked
MESSAGE_STORAGE = "config.pages.messages.MessageStorage"
SECURE_REFERRER_POLICY = "same-origin"  # pages with a secret in their address name less, or nothing
SECURE_CONTENT_TYPE_NOSNIFF = True
X_FRAME_OPTIONS = "DENY"
CONTENT_SECURITY_POLICY = {
    "DIRECTIVES": {
        "default-src": [NONE],
        "script-src": [SELF],
        "style-src": [SELF],
        "img-src": [SELF],
        "font-src": [SELF],
        "connect-src": [SELF],
        "manifest-src": [SELF],
        "form-action": [SELF],
        "object-src": [NONE],
        "base-uri": [NONE],
        "frame-ancestors": [NONE],
    }
}

LOGGING = make_logging_settings(as_json=True)
LOGGING_CONFIG = "config.logs.configure_logging"

# Mail
DEFAULT_FROM_EMAIL = env.read_text("DEFAULT_FROM_EMAIL", "Tocsin <ne-pas-repondre@localhost>")
SERVER_EMAIL = DEFAULT_FROM_EMAIL
EMAIL_TIMEOUT = 10
EMAIL_MAY_BE_PLAIN = False  # ours: True for smtp+plain:// (config/checks.py)

# Room. A limit on files never refuses a declaration, which is text.
GIGABYTE = 1000**3
# What the files of one case may occupy, what one address without account may send within an hour, and what all files
# may occupy.
EVIDENCE_CASE_BYTES, EVIDENCE_ADDRESS_BYTES, EVIDENCE_TOTAL_BYTES = (
    number * GIGABYTE
    for number in env.read_rising_numbers(EVIDENCE_CASE_GB=2, EVIDENCE_ADDRESS_GB=4, EVIDENCE_TOTAL_GB=500)
)
# The free disk under which no file is accepted. 0 is no floor.
EVIDENCE_FREE_DISK_BYTES = env.read_number("EVIDENCE_FREE_DISK_GB", 2) * GIGABYTE
# The most drafts that one address starts within an hour, and the number of drafts with answers beyond which the oldest
# are deleted, but none of the last 24 hours.
DRAFTS_AN_HOUR = env.read_number("DRAFTS_AN_HOUR", 600, least=1)
DRAFTS_TOTAL = env.read_number("DRAFTS_TOTAL", 50_000, least=1)

# Reading. The most pages that one account opens in a minute, and the most requests of one token of the API.
PAGES_A_MINUTE = env.read_number("PAGES_A_MINUTE", 600, least=1)
API_REQUESTS_A_MINUTE = env.read_number("API_REQUESTS_A_MINUTE", 300, least=1)

# Figures
# The day of the next year on which a year is published: few cases are then still to be verified.
STATS_YEAR_PUBLISHED_ON = env.read_day_of_year("STATS_YEAR_PUBLISHED_ON", "04-01")

# API
REST_FRAMEWORK: dict[str, Any] = {
    "DEFAULT_PERMISSION_CLASSES": [
        "rest_framework.permissions.IsAuthenticated",
        "accounts.api.permissions.HasScope",
    ],
    "DEFAULT_THROTTLE_CLASSES": ["accounts.api.throttles.TokenThrottle"],
    "DEFAULT_AUTHENTICATION_CLASSES": ["accounts.api.authentication.TokenAuthentication"],
    "DEFAULT_RENDERER_CLASSES": ["rest_framework.renderers.JSONRenderer"],
    "DEFAULT_PARSER_CLASSES": ["config.api.parsers.BoundedJSONParser"],
    "EXCEPTION_HANDLER": "config.api.problems.make_problem_response",
    "UNAUTHENTICATED_USER": "django.contrib.auth.models.AnonymousUser",
    "DEFAULT_SCHEMA_CLASS": "config.api.schema.DescribedSchema",
}
SPECTACULAR_SETTINGS = {
    "TITLE": "Tocsin",
    "VERSION": "1",
    "OAS_VERSION": "3.1.0",
    "SERVE_INCLUDE_SCHEMA": False,
    # The names of the lists of choices that several fields share, or whose field has a name that others have too.
    "ENUM_NAME_OVERRIDES": {
        "AnswerEnum": "incidents.enums.Answer",
        "BandEnum": "incidents.enums.PersonsBand",
        "BodyKindEnum": "collectivities.enums.Kind",
        "CertaintyEnum": "incidents.enums.Certainty",
        "EventKindEnum": "incidents.enums.EventKind",
        "IncidentStatusEnum": "incidents.enums.Status",
        "LeakStatusEnum": "incidents.enums.LeakStatus",
    },
}

# The consumers of an incident's events and the tasks that wake them. `incidents` imports none of them.
EVENT_CONSUMERS = {
    "notifications": "notifications.tasks.announce_events",
    "stats": "stats.tasks.fold_events",
    "search": "incidents.tasks.index_cases",
}
