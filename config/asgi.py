"""The ASGI application that the server runs: the WSGI site behind the gate."""

from django.conf import settings

from config.gate import Gate
from config.wsgi import application as site

# As many threads as the database pool has connections.
application = Gate(site, threads=settings.DATABASE_POOL or 4)
