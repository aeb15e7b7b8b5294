"""A site behind our gate that answers with the requests that it gets, one line for each."""

from collections.abc import Callable, Iterable

from config.gate import Environ, Gate


def describe_request(environ: Environ, start: Callable[..., object]) -> Iterable[bytes]:
    body = environ["wsgi.input"].read()
    start("200 OK", [("Content-Type", "text/plain; charset=utf-8")])
    return [f"{environ['REQUEST_METHOD']} {environ['PATH_INFO']} {len(body)}\n".encode()]


application = Gate(describe_request, threads=2)
