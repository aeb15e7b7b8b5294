"""A layer between an asynchronous server and Django. Slow clients wait in the event loop and occupy no thread.

A WSGI server gives each request a thread before its body arrives, and keeps the thread until the response has been
sent. A few slow clients can thus occupy all threads and block the site. Here a request gets a thread once its body is
complete, and again for each chunk of a long response.

Uploaded files are too large for that, and are read while they arrive. They occupy at most half of the threads, and at
most one thread for each address and each case. A client that gets no upload slot within half a minute receives a 503
that says when to try again.

A body that arrives more slowly than the minimal pace ends with a 408. A client that reads a response too slowly does
not get the rest. A request whose type is long or names another character set than UTF-8 ends with a 400, unread.
"""

import asyncio
import json
import re
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Iterator, MutableMapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, asynccontextmanager
from itertools import chain
from time import monotonic
from typing import Any
from urllib.parse import unquote_to_bytes
from wsgiref.util import FileWrapper

import structlog
from django.conf import settings

from config.api.documents import MEDIA_TYPE, TITLES, make_problem_document
from core.client_address import find_client_address, get_subscriber_prefix

logger = structlog.get_logger(__name__)

type Message = MutableMapping[str, Any]
type Receive = Callable[[], Awaitable[Message]]
type Send = Callable[[Message], Awaitable[None]]
type Environ = dict[str, Any]
type Application = Callable[[Environ, Callable[..., Any]], Iterable[bytes]]

# The form that uploads evidence without JavaScript. `incidents/evidence` reads its body once it has found the case.
STREAMED_PATHS = re.compile(r"/suivi/[^/]+/pieces/")
# The largest body of a page, of a request to the API or of a slice of a file. Django refuses a longer body without
# reading it.
LONGEST_WHOLE = 1024 * 1024
# The slowest connection that is accepted: thirty seconds, plus the time that the bytes take at 8 kB a second.
GRACE_SECONDS, SLOWEST_BYTES_A_SECOND = 30.0, 8_000
LONGEST_LENGTH = 16  # digits
# The most characters of the headers Content-Type and Accept. Django reads them with the `email` package, whose time
# grows with the square of their length. Those of browsers have up to 300.
LONGEST_TYPE = 1_000
UTF8 = re.compile(r'(?i);\s*charset\s*=\s*(?:utf-?8|"utf-?8")\s*(?=;|\Z)')
CHUNK_BYTES = 64 * 1024
# Seconds that an upload waits for a slot, and seconds after which a refused client should try again.
SLOT_SECONDS, RETRY_AFTER = 30.0, b"60"
TOO_SLOW_TEXT = (
    "Votre envoi arrive trop lentement, nous ne l’avons pas reçu. Réessayez, ou appelez le numéro de l’annuaire."
)
HSTS = f"max-age={settings.SECURE_HSTS_SECONDS}; includeSubDomains".encode()
# The headers of each refusal that this module writes. Django adds the same ones to its own responses.
SAFE_HEADERS = [
    (b"cache-control", b"no-store"),
    (b"content-security-policy", b"default-src 'none'; frame-ancestors 'none'"),
    (b"x-content-type-options", b"nosniff"),
    *([(b"strict-transport-security", HSTS)] if settings.SECURE_HSTS_SECONDS else []),
    (b"connection", b"close"),
]
PLAIN_HEADERS = [(b"content-type", b"text/plain; charset=utf-8"), *SAFE_HEADERS]
NO_TRACE = (405, [*PLAIN_HEADERS, (b"allow", b"GET, HEAD, POST")], b"")
TOO_SLOW = (408, PLAIN_HEADERS, TOO_SLOW_TEXT.encode())
NO_SLOT_TEXT = (
    "D’autres fichiers arrivent en ce moment, nous n’avons pas reçu les vôtres. "
    "Réessayez dans quelques minutes, ou appelez le numéro de l’annuaire."
)
NO_SLOT = (503, [*PLAIN_HEADERS, (b"retry-after", RETRY_AFTER)], NO_SLOT_TEXT.encode())

NOT_UTF8_TEXT = "Nous n’avons pas compris cet envoi\N{NO-BREAK SPACE}: il doit être en UTF-8."
LONG_HEADER_TEXT = "Nous n’avons pas compris cet envoi\N{NO-BREAK SPACE}: un de ses en-têtes est trop long."
OTHER_BROWSER_TEXT = "Réessayez avec un autre navigateur, ou appelez le numéro de l’annuaire."


class BodyLost(OSError):
    """The client has disconnected or is too slow. Django handles this error like any OSError while it reads a body."""


class NoSlot(Exception):
    """No upload slot became free in time, or another upload of the same address or case did not end in time."""


class ClientTimer:
    """The time that a client has left. Time during which the server itself works does not count."""

    def __init__(self) -> None:
        self.seconds_left = GRACE_SECONDS

    async def await_step[T](self, step: Awaitable[T]) -> T:
        """Await a step that depends on the client, and return its result. Raises TimeoutError when the client has no
        time left.
        """
        began = monotonic()
        try:
            return await asyncio.wait_for(step, max(self.seconds_left, 0))
        finally:
            self.seconds_left -= monotonic() - began

    def add_time_for_bytes(self, count: int) -> None:
        """Add the time that the slowest accepted connection needs for this many bytes."""
        self.seconds_left += count / SLOWEST_BYTES_A_SECOND


class RequestBody:
    """The body of one request, read from the messages of the ASGI server. The client must keep the minimal pace."""

    def __init__(self, receive: Receive) -> None:
        self.receive, self.timer = receive, ClientTimer()
        self.is_over, self.is_slow = False, False

    async def read_next(self) -> bytes:
        """Return the next bytes, or b"" at the end. Raises BodyLost if the client has disconnected or is too slow."""
        if self.is_over:
            return b""
        try:
            message = await self.timer.await_step(self.receive())
        except TimeoutError:
            self.is_over = self.is_slow = True
            raise BodyLost from None
        self.is_over = not message.get("more_body", False)
        if message["type"] == "http.disconnect":
            self.is_over = True
            raise BodyLost
        content: bytes = message.get("body", b"")
        self.timer.add_time_for_bytes(len(content))
        return content

    async def read_whole(self, length: int) -> bytes:
        """Return `length` bytes, or fewer if the client sent fewer. Raises BodyLost if the client has disconnected or
        is too slow.
        """
        content = bytearray()
        while len(content) < length and not self.is_over:
            content += await self.read_next()
        return bytes(content[:length])

    async def wait_for_disconnection(self) -> None:
        """Wait until the client has disconnected. What it still sends is discarded."""
        while (await self.receive())["type"] != "http.disconnect":
            pass


class BodyReader:
    """The file from which Django reads a body: first the bytes in `content`, then those that `read_more` returns."""

    def __init__(self, content: bytes = b"", read_more: Callable[[], bytes] = bytes) -> None:
        self.content, self.read_more = bytearray(content), read_more

    def read(self, size: int = -1) -> bytes:
        while (size < 0 or len(self.content) < size) and (chunk := self.read_more()):
            self.content += chunk
        size = len(self.content) if size < 0 else size
        content = bytes(self.content[:size])
        del self.content[:size]
        return content

    def readline(self, size: int = -1) -> bytes:
        while b"\n" not in self.content and (size < 0 or len(self.content) < size) and (chunk := self.read_more()):
            self.content += chunk
        end = self.content.find(b"\n") + 1 or len(self.content)
        return self.read(end if size < 0 else min(end, size))


class UploadSlots:
    """The slots for uploads. An upload occupies a slot, and thus a thread, until its body has been read."""

    def __init__(self, count: int) -> None:
        self.free, self.names, self.change = count, set[str](), asyncio.Condition()

    @asynccontextmanager
    async def acquire(self, *names: str) -> AsyncIterator[None]:
        """Occupy a slot while the block runs. No other upload with one of these names runs meanwhile. Raises NoSlot
        after SLOT_SECONDS.
        """
        try:
            async with self.change, asyncio.timeout(SLOT_SECONDS):
                await self.change.wait_for(lambda: self.free and self.names.isdisjoint(names))
                self.free -= 1
                self.names.update(names)
        except TimeoutError:
            raise NoSlot from None
        try:
            yield
        finally:
            self.free += 1
            self.names.difference_update(names)
            async with self.change:
                self.change.notify_all()


class Gate:
    """An ASGI application that runs a WSGI application. Slow clients wait in the event loop, and occupy no thread."""

    def __init__(self, application: Application, *, threads: int) -> None:
        self.application = application
        self.threads = ThreadPoolExecutor(threads, thread_name_prefix="site")
        self.slots = UploadSlots(max(threads // 2, 1))

    async def __call__(self, scope: Message, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            return
        if scope["method"] == "TRACE":  # views of Django's admin would answer it as a GET
            await send_whole_response(send, *NO_TRACE)
            return
        environ, body = make_environ(scope), RequestBody(receive)
        if problem := find_types_problem(environ):
            await send_whole_response(send, *make_types_refusal(scope["path"], problem))
            return
        try:
            if scope["method"] == "POST" and STREAMED_PATHS.fullmatch(scope["path"]):
                async with self.slots.acquire(find_subscriber(environ), scope["path"]):
                    environ["wsgi.input"] = BodyReader(read_more=make_blocking(body.read_next))
                    await self.respond(environ, body, send)
            else:
                length = parse_length(environ)
                environ["wsgi.input"] = BodyReader(await body.read_whole(length) if length <= LONGEST_WHOLE else b"")
                await self.respond(environ, body, send)
        except NoSlot:
            await send_whole_response(send, *NO_SLOT)
        except OSError as error:  # The client has disconnected or is too slow.
            logger.info("not answered", error=type(error).__name__)
            if body.is_slow:
                await send_whole_response(send, *TOO_SLOW)

    async def respond(self, environ: Environ, body: RequestBody, send: Send) -> None:
        """Run Django in a thread and send its response. Raises OSError if the client has disconnected or is too
        slow.
        """
        response = WsgiResponse(self.application, environ)
        content = await self.run_in_thread(response.run_application)
        try:
            if body.is_slow:  # Django has responded to a lost body, and its response would not help the client.
                raise BodyLost
            if content is None:
                await self.send_chunks(response, body, send)
            else:
                await send_whole_response(send, response.status, response.headers, content)
        finally:
            if content is None:
                await self.run_in_thread(response.close)

    async def send_chunks(self, response: "WsgiResponse", body: RequestBody, send: Send) -> None:
        """Make and send the chunks of a response, one after the other, until the client disconnects. Raises
        TimeoutError if the client reads too slowly.
        """
        timer, end = ClientTimer(), asyncio.ensure_future(body.wait_for_disconnection())
        try:
            await send({"type": "http.response.start", "status": response.status, "headers": response.headers})
            while not end.done() and (chunk := await self.run_in_thread(response.next_chunk)):
                await timer.await_step(send({"type": "http.response.body", "body": chunk, "more_body": True}))
                timer.add_time_for_bytes(len(chunk))
            if not end.done():
                await timer.await_step(send({"type": "http.response.body", "body": b"", "more_body": False}))
        finally:
            end.cancel()

    def run_in_thread[T](self, work: Callable[[], T]) -> Awaitable[T]:
        """Run the work in one of the threads of the site."""
        return asyncio.get_running_loop().run_in_executor(self.threads, work)


class WsgiResponse:
    """The response of Django. Worker threads produce it, whole or in chunks."""

    def __init__(self, application: Application, environ: Environ) -> None:
        self.application, self.environ = application, environ
        self.status, self.headers = 500, list[tuple[bytes, bytes]]()
        self.chunks: Iterator[bytes] = iter(())
        self.opened = ExitStack()

    def start(self, status: str, headers: list[tuple[str, str]], _exception: Any = None) -> None:
        """Record the status and the headers. The WSGI application calls it as `start_response`."""
        self.status = int(status.partition(" ")[0])
        self.headers = [(name.lower().encode("latin-1"), value.encode("latin-1")) for name, value in headers]

    def run_application(self) -> bytes | None:
        """Run the application. Return the content of a response that has one chunk, or None for a longer one.

        After None, the caller reads the chunks with `next_chunk` and must call `close`.
        """
        with ExitStack() as resources:
            content = self.application(self.environ, self.start)
            resources.callback(getattr(content, "close", lambda: None))
            chunks = iter(content)
            first_chunk, second_chunk = next(chunks, b""), next(chunks, None)
            if second_chunk is None or self.environ["REQUEST_METHOD"] == "HEAD":  # A response to HEAD has no content.
                return first_chunk
            self.chunks, self.opened = filter(None, chain([first_chunk, second_chunk], chunks)), resources.pop_all()
        return None

    def next_chunk(self) -> bytes:
        """Return the next chunk, or b"" at the end."""
        return next(self.chunks, b"")

    def close(self) -> None:
        """Close the response and what it holds open, such as a file."""
        self.opened.close()


def make_blocking[**P, T](work: Callable[P, Awaitable[T]]) -> Callable[P, T]:
    """Return a function that a worker thread calls as if `work` were not a coroutine. The coroutine runs in the
    present event loop, and the thread waits for its result.
    """
    loop = asyncio.get_running_loop()

    async def await_work(*arguments: P.args, **keywords: P.kwargs) -> T:
        return await work(*arguments, **keywords)

    def run_and_wait(*arguments: P.args, **keywords: P.kwargs) -> T:
        return asyncio.run_coroutine_threadsafe(await_work(*arguments, **keywords), loop).result()

    return run_and_wait


async def send_whole_response(send: Send, status: int, headers: list[tuple[bytes, bytes]], content: bytes) -> None:
    """Send a response whose content is complete."""
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": content, "more_body": False})


def parse_length(environ: Environ) -> int:
    """Return the length of the body that the client announced. As in Django, a length that is not a number counts as
    0.
    """
    length = environ.get("CONTENT_LENGTH", "")
    return int(length) if length.isascii() and length.isdigit() and len(length) < LONGEST_LENGTH else 0


def find_types_problem(environ: Environ) -> str:
    """Return what is wrong with the headers about types, or "". They must be short and announce no other character
    set than UTF-8.

    Django would decode it with whatever codec of Python the request names. Some fail (« zlib »), some make characters
    that no database stores (« utf-7 »), and the time of others grows with the square of the length (« punycode »).
    Browsers send forms in the character set of the page. The names of RFC 2231 (« charset* ») have no use here.
    """
    kind, accepted = environ.get("CONTENT_TYPE", ""), environ.get("HTTP_ACCEPT", "")
    if max(len(kind), len(accepted)) > LONGEST_TYPE:
        return LONG_HEADER_TEXT
    others = UTF8.sub("", kind).lower()
    return NOT_UTF8_TEXT if "charset" in others or "*" in others else ""


def make_types_refusal(path: str, problem: str) -> tuple[int, list[tuple[bytes, bytes]], bytes]:
    """Return the status, the headers and the content of a refusal, which is a problem document under /api/."""
    if not path.startswith("/api/"):
        return 400, PLAIN_HEADERS, f"{problem} {OTHER_BROWSER_TEXT}".encode()
    document = json.dumps(make_problem_document(400, TITLES[400], problem), ensure_ascii=False)
    return 400, [(b"content-type", MEDIA_TYPE.encode()), *SAFE_HEADERS], document.encode()


def find_subscriber(environ: Environ) -> str:
    """Return the text by which one subscriber is recognised: the IPv4 address of the client, or the /56 network of an
    IPv6 address.
    """
    return get_subscriber_prefix(find_client_address(environ.get("HTTP_X_FORWARDED_FOR", ""), environ["REMOTE_ADDR"]))


def make_environ(scope: Message) -> Environ:
    """Return the WSGI environment of a request (PEP 3333) without its body."""
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
        "wsgi.file_wrapper": lambda file, _size=0: FileWrapper(file, CHUNK_BYTES),
    }
    for name, value in scope["headers"]:
        add_header(environ, name.decode("latin-1"), value.decode("latin-1"))
    return environ


def add_header(environ: Environ, name: str, value: str) -> None:
    """Add one header to the environment, but none whose name has « _ »: X_Forwarded_Proto could imitate another."""
    if "_" in name:
        return
    key = name.upper().replace("-", "_")
    key = key if key in {"CONTENT_TYPE", "CONTENT_LENGTH"} else f"HTTP_{key}"
    joint = "; " if key == "HTTP_COOKIE" else ","
    environ[key] = f"{environ[key]}{joint}{value}" if key in environ else value
    if key == "HTTP_X_FORWARDED_PROTO":  # Django reads the first of several, the nearest proxy wrote the last
        environ[key] = environ[key].rpartition(",")[2].strip()
