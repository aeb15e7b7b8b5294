"""The site believes the nearest proxy on whether a request came over TLS."""

from io import BytesIO

import pytest
from django.core.handlers.wsgi import WSGIRequest

from config.gate import make_environ


@pytest.mark.parametrize(
    ("values", "is_secure"),
    [(["https"], True), (["https,http"], False), (["https", "http"], False), (["http, https"], True)],
)
def test_the_last_value_of_the_protocol_decides(settings, values, is_secure):
    """A client may send the header itself: a proxy that adds to it writes behind."""
    settings.SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https")
    scope = {"method": "GET", "scheme": "http", "path": "/", "query_string": b"", "http_version": "1.1"}
    headers = [(b"x-forwarded-proto", value.encode()) for value in values]
    environ = make_environ(scope | {"headers": headers}) | {"wsgi.input": BytesIO()}
    assert WSGIRequest(environ).is_secure() is is_secure
