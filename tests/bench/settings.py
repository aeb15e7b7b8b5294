"""A developer's settings, and beside the site one bare page to measure it against."""

from config.settings import dev
from config.settings.dev import *  # noqa: F403 (settings build on settings)

INSTALLED_APPS = [*dev.INSTALLED_APPS, "tests.bench"]
ROOT_URLCONF = "tests.bench.urls"
EMAIL_TIMEOUT = 5
