"""What the server runs: the site behind its gate."""

from django.conf import settings

from config.gate import Gate
from config.wsgi import application as site

# As many threads as the pool has connections.
application = Gate(site, threads=settings.DATABASE_POOL or 4)
