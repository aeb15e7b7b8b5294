import os

from django.conf import settings
from django.core.wsgi import get_wsgi_application

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings.prod")

application = get_wsgi_application()

from accounts.installation import refuse_demonstration  # noqa: E402 (its rows need the applications above)

if settings.REFUSES_DEMONSTRATION:
    refuse_demonstration()
