"""Settings that serve static files as production does: collected, named by their content, and compressed
beforehand.
"""

from config.settings import base
from tests.bench import settings
from tests.bench.settings import *  # noqa: F403 (settings build on settings)

STORAGES = settings.STORAGES | {"staticfiles": {"BACKEND": "whitenoise.storage.CompressedManifestStaticFilesStorage"}}
STATIC_ROOT = base.LOCAL_DIR / "bench-static"
WHITENOISE_USE_FINDERS = False
