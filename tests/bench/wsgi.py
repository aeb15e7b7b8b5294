"""The site, and in the same process and threads a bare page with only the middleware of `startproject`."""

from collections.abc import Iterable
from wsgiref.types import StartResponse, WSGIEnvironment

from django.conf import settings
from django.core.handlers.wsgi import WSGIHandler
from django.core.wsgi import get_wsgi_application
from django.test.utils import override_settings

from config.gate import Gate

STARTPROJECT = [
    "django.middleware.security.SecurityMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
]

site = get_wsgi_application()
with override_settings(MIDDLEWARE=STARTPROJECT):
    bare = WSGIHandler()


def route_request(environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
    handler = bare if environ["PATH_INFO"].startswith("/banc/") else site
    return handler(environ, start_response)


application = Gate(route_request, threads=settings.DATABASE_POOL)
