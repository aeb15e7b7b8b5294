"""The door between an asynchronous server and Django: a body is waited for by the loop, never by a thread.

A WSGI server gives each request a thread before its body has come, so that as many clients as there are threads close
the site with a byte now and then. Here a thread is taken once the body is there. Files of a case are too large for
that: they are read as they come, by half of the threads at most. Each body must keep a pace, and ends with a 408 if it
does not.
"""

import asyncio
import re
from collections.abc import Awaitable, Callable, Iterable, Iterator, MutableMapping
from concurrent.futures import ThreadPoolExecutor
from itertools import chain
from time import monotonic
from typing import Any
from urllib.parse import unquote_to_bytes
from wsgiref.util import FileWrapper

import structlog

logger = structlog.get_logger(__name__)

type Message = MutableMapping[str, Any]
type Receive = Callable[[], Awaitable[Message]]
type Send = Callable[[Message], Awaitable[None]]
type Environ = dict[str, Any]
type Application = Callable[[Environ, Callable[..., Any]], Iterable[bytes]]

# The plain form that hands files over: incidents/evidence reads it as it comes, once it knows whose case it is.
STREAMED = re.compile(r"/suivi/[^/]+/pieces/")
# What a page or the API accepts at most, and a slice of a file; of more, Django refuses the length unread.
LONGEST_WHOLE = 1024 * 1024
# The slowest line that we wait for: thirty seconds, then as long as it needs at 8 kB a second.
GRACE_SECONDS, SLOWEST_BYTES_A_SECOND = 30.0, 8_000
LONGEST_LENGTH = 16  # digits
CHUNK = 64 * 1024
WORDS = "Votre envoi arrive trop lentement, nous ne l’avons pas reçu. Réessayez, ou appelez le numéro de l’annuaire."
PLAIN = [(b"content-type", b"text/plain; charset=utf-8"), (b"connection", b"close")]
TOO_SLOW = (408, PLAIN, WORDS.encode())


class BodyLost(OSError):
    """The client went away, or is too slow; Django takes it for a body that cannot be read."""


class Body:
    """The body of one request, from the server's messages, at a pace that is checked."""

    def __init__(self, receive: Receive) -> None:
        self.receive, self.began = receive, monotonic()
        self.received, self.is_over, self.is_slow = 0, False, False

    async def next(self) -> bytes:
        """Return what came next, empty at the end. Raises BodyLost."""
        if self.is_over:
            return b""
        seconds_left = self.began + GRACE_SECONDS + self.received / SLOWEST_BYTES_A_SECOND - monotonic()
        try:
            message = await asyncio.wait_for(self.receive(), max(seconds_left, 0))
        except TimeoutError:
            self.is_over = self.is_slow = True
            raise BodyLost from None
        self.is_over = not message.get("more_body", False)
        if message["type"] == "http.disconnect":
            self.is_over = True
            raise BodyLost
        content: bytes = message.get("body", b"")
        self.received += len(content)
        return content

    async def read_whole(self, length: int) -> bytes:
        """Return `length` bytes, or fewer where the client sent fewer. Raises BodyLost."""
        content = bytearray()
        while len(content) < length and not self.is_over:
            content += await self.next()
        return bytes(content[:length])


class Reader:
    """What Django reads a body from: some bytes that are there, then those that `more` brings."""

    def __init__(self, content: bytes = b"", more: Callable[[], bytes] = bytes) -> None:
        self.content, self.more = bytearray(content), more

    def read(self, size: int = -1) -> bytes:
        while (size < 0 or len(self.content) < size) and (chunk := self.more()):
            self.content += chunk
        size = len(self.content) if size < 0 else size
        content = bytes(self.content[:size])
        del self.content[:size]
        return content

    def readline(self, size: int = -1) -> bytes:
        while b"\n" not in self.content and (size < 0 or len(self.content) < size) and (chunk := self.more()):
            self.content += chunk
        end = self.content.find(b"\n") + 1 or len(self.content)
        return self.read(end if size < 0 else min(end, size))


class Gate:
    """An ASGI application over a WSGI one."""

    def __init__(self, application: Application, *, threads: int) -> None:
        self.application = application
        self.threads = ThreadPoolExecutor(threads, thread_name_prefix="site")
        self.streams = asyncio.Semaphore(max(threads // 2, 1))

    async def __call__(self, scope: Message, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            return
        environ = environ_of(scope)
        if scope["method"] == "POST" and STREAMED.fullmatch(scope["path"]):
            async with self.streams:
                body = Body(receive)
                environ["wsgi.input"] = Reader(more=wait_in_thread(body.next))
                await self.answer(environ, body, send)
            return
        body, length = Body(receive), length_of(environ)
        try:
            environ["wsgi.input"] = Reader(await body.read_whole(length) if length <= LONGEST_WHOLE else b"")
            await self.answer(environ, body, send)
        except BodyLost:
            if body.is_slow:
                await send_whole(send, *TOO_SLOW)

    async def answer(self, environ: Environ, body: Body, send: Send) -> None:
        """Let Django answer in a thread. What it says of a body that was too slow is not what the client needs."""
        answer = Answer(self.application, environ, wait_in_thread(send))
        whole = await asyncio.get_running_loop().run_in_executor(self.threads, answer.make)
        if body.is_slow and not answer.has_begun:
            await send_whole(send, *TOO_SLOW)
        elif whole is not None:
            await send_whole(send, answer.status, answer.headers, whole)


class Answer:
    """What Django answers, made in one thread: returned if it is whole, else sent from there piece by piece."""

    def __init__(self, application: Application, environ: Environ, push: Callable[[Message], None]) -> None:
        self.application, self.environ, self.push = application, environ, push
        self.status, self.headers, self.has_begun = 500, list[tuple[bytes, bytes]](), False

    def start(self, status: str, headers: list[tuple[str, str]], _exception: Any = None) -> None:
        self.status = int(status.partition(" ")[0])
        self.headers = [(name.lower().encode("latin-1"), value.encode("latin-1")) for name, value in headers]

    def make(self) -> bytes | None:
        """Return the content of an answer of one piece; else None, once all of it is sent."""
        pieces: Iterable[bytes] = ()
        try:
            pieces = self.application(self.environ, self.start)
            content = iter(pieces)
            first, second = next(content, b""), next(content, None)
            if second is None:
                return first
            self.send_pieces(chain([first, second], content))
        except OSError as error:  # whoever asked has gone, or is too slow
            logger.info("not answered", error=type(error).__name__)
        finally:
            getattr(pieces, "close", lambda: None)()
        return None

    def send_pieces(self, pieces: Iterator[bytes]) -> None:
        self.has_begun = True
        self.push({"type": "http.response.start", "status": self.status, "headers": self.headers})
        for piece in pieces:
            self.push({"type": "http.response.body", "body": piece, "more_body": True})
        self.push({"type": "http.response.body", "body": b"", "more_body": False})


def wait_in_thread[**P, T](work: Callable[P, Awaitable[T]]) -> Callable[P, T]:
    """Return a function that a thread calls, to wait for what the loop of this task does."""
    loop = asyncio.get_running_loop()

    async def run(*arguments: P.args, **named: P.kwargs) -> T:
        return await work(*arguments, **named)

    def wait(*arguments: P.args, **named: P.kwargs) -> T:
        return asyncio.run_coroutine_threadsafe(run(*arguments, **named), loop).result()

    return wait


async def send_whole(send: Send, status: int, headers: list[tuple[bytes, bytes]], content: bytes) -> None:
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": content, "more_body": False})


def length_of(environ: Environ) -> int:
    """Return how long the body says it is; 0 for what is no number, as Django reads it."""
    length = environ.get("CONTENT_LENGTH", "")
    return int(length) if length.isascii() and length.isdigit() and len(length) < LONGEST_LENGTH else 0


def environ_of(scope: Message) -> Environ:
    """Return what WSGI says of a request (PEP 3333), but for its body."""
    server, client = scope.get("server") or ("localhost", 80), scope.get("client") or ("", 0)
    path = unquote_to_bytes(scope["raw_path"]) if scope.get("raw_path") else scope["path"].encode()
    environ = {
        "REQUEST_METHOD": scope["method"],
        "SCRIPT_NAME": "",
        "PATH_INFO": path.decode("latin-1"),
        "QUERY_STRING": scope["query_string"].decode("latin-1"),
        "SERVER_PROTOCOL": f"HTTP/{scope['http_version']}",
        "SERVER_NAME": server[0],
        "SERVER_PORT": str(server[1]),
        "REMOTE_ADDR": client[0],
        "wsgi.version": (1, 0),
        "wsgi.url_scheme": scope["scheme"],
        "wsgi.multithread": True,
        "wsgi.multiprocess": True,
        "wsgi.run_once": False,
        "wsgi.file_wrapper": lambda file, _size=0: FileWrapper(file, CHUNK),
    }
    for name, value in scope["headers"]:
        add_header(environ, name.decode("latin-1"), value.decode("latin-1"))
    return environ


def add_header(environ: Environ, name: str, value: str) -> None:
    """Save one header. A name with « _ » could pass for another (X_Forwarded_Proto): it is left out."""
    if "_" in name:
        return
    key = name.upper().replace("-", "_")
    key = key if key in {"CONTENT_TYPE", "CONTENT_LENGTH"} else f"HTTP_{key}"
    joint = "; " if key == "HTTP_COOKIE" else ","
    environ[key] = f"{environ[key]}{joint}{value}" if key in environ else value
