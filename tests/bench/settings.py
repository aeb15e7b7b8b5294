"""The settings of a developer, with one bare page in addition to compare the site with."""

from config.settings import dev
from config.settings.dev import *  # noqa: F403 (settings build on settings)

INSTALLED_APPS = [*dev.INSTALLED_APPS, "tests.bench"]
ROOT_URLCONF = "tests.bench.urls"
EMAIL_TIMEOUT = 5
# It reads faster than people.
PAGES_A_MINUTE = API_REQUESTS_A_MINUTE = 1_000_000_000
