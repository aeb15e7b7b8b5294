"""The gate before Django: it waits for a client's body without a thread, at a minimal pace, then acts as WSGI says."""

import asyncio
import json
from io import BytesIO
from threading import Event

import pytest

from config import gate
from config.gate import BodyReader, Gate, find_subscriber, make_environ

PIECES = "/suivi/ABCD1234/pieces/"


def scope(path="/declarer/", *, method="POST", length=None, headers=()):
    sized = [(b"content-length", str(length).encode())] if length is not None else []
    return {
        "type": "http",
        "method": method,
        "path": path,
        "raw_path": path.encode(),
        "query_string": b"a=b",
        "http_version": "1.1",
        "scheme": "http",
        "server": ("127.0.0.1", 8000),
        "client": ("192.0.2.1", 1234),
        "headers": [(b"host", b"localhost"), *sized, *headers],
    }


def echo(environ, start_response):
    content = environ["wsgi.input"].read(int(environ.get("CONTENT_LENGTH") or 0))
    start_response("200 OK", [("Content-Type", "text/plain")])
    return [content]


def receive_pieces(*pieces, pause=0, ends=True):
    """Return the `receive` of a client that sends these pieces, with a pause before each. The client disconnects at a
    piece that is None.
    """
    waiting = list(pieces)

    async def receive():
        await asyncio.sleep(pause)
        if not waiting:
            await asyncio.sleep(60)
        piece = waiting.pop(0)
        if piece is None:
            return {"type": "http.disconnect"}
        return {"type": "http.request", "body": piece, "more_body": bool(waiting) or not ends}

    return receive


def run_gate(application, request, receive, *, threads=2):
    """Return the status and the content of the answer, or None if there was none."""
    messages = []

    async def send(message):
        messages.append(message)

    asyncio.run(Gate(application, threads=threads)(request, receive, send))
    return (messages[0]["status"], b"".join(message["body"] for message in messages[1:])) if messages else None


def test_a_body_in_two_chunks_reaches_the_application():
    assert run_gate(echo, scope(length=10), receive_pieces(b"hello", b"world")) == (200, b"helloworld")


@pytest.fixture
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(gate, "GRACE_SECONDS", 0.1)


def fail_if_called(environ, start_response):
    raise AssertionError


def test_a_body_that_is_too_slow_is_refused_before_it_takes_a_thread(impatient):
    status, words = run_gate(fail_if_called, scope(length=10), receive_pieces(b"a", b"b", b"c", pause=0.06))
    assert status == 408
    assert "Réessayez" in words.decode()


def test_a_client_that_falls_silent_is_refused(impatient):
    assert run_gate(fail_if_called, scope(length=10), receive_pieces(b"a", ends=False))[0] == 408


def test_the_server_waits_for_a_slow_client_that_keeps_sending(impatient, monkeypatch):
    monkeypatch.setattr(gate, "SLOWEST_BYTES_A_SECOND", 10)
    assert run_gate(echo, scope(length=40), receive_pieces(*[b"abcd"] * 10, pause=0.02)) == (200, b"abcd" * 10)


@pytest.mark.parametrize("path", ["/declarer/", PIECES])
def test_the_body_of_a_client_that_goes_away_is_not_read(path):
    read = []

    def application(environ, start_response):
        read.append(environ["wsgi.input"].read(10))
        start_response("200 OK", [])
        return [b""]

    assert run_gate(application, scope(path, length=10), receive_pieces(b"a", None)) in (None, (500, b""))
    assert read == []


def test_a_body_that_is_too_long_reaches_django_unread():
    assert run_gate(echo, scope(length=gate.LONGEST_WHOLE + 1), receive_pieces(b"a")) == (200, b"")


def test_files_are_read_while_they_arrive(monkeypatch):
    """Django gets the first bytes before the client sends the last."""
    has_read = Event()

    async def receive():
        if not receive.called:
            receive.called = True
            return {"type": "http.request", "body": b"first", "more_body": True}
        await asyncio.to_thread(has_read.wait, 5)
        return {"type": "http.request", "body": b"last", "more_body": False}

    receive.called = False

    def application(environ, start_response):
        first = environ["wsgi.input"].read(5)
        has_read.set()
        start_response("200 OK", [])
        return [first + environ["wsgi.input"].read(4)]

    assert run_gate(application, scope(PIECES, length=9), receive) == (200, b"firstlast")


def test_files_that_are_too_slow_are_refused(impatient):
    assert run_gate(echo, scope(PIECES, length=10), receive_pieces(b"a", b"b", b"c", pause=0.06))[0] == 408


class Client:
    """A client that sends one byte of the body that it announces, and reads only the head of the answer. It waits
    until it leaves.
    """

    def __init__(self):
        self.leaving, self.messages, self.began = asyncio.Event(), [], False

    async def receive(self):
        if self.began:
            await self.leaving.wait()
            return {"type": "http.disconnect"}
        self.began = True
        return {"type": "http.request", "body": b"a", "more_body": True}

    async def send(self, message):
        self.messages.append(message)
        if message.get("more_body"):
            await self.leaving.wait()


async def get_status(site, request, *pieces):
    """Return the status of the answer to a client that sends at once."""
    messages = []

    async def send(message):
        messages.append(message)

    await asyncio.wait_for(site(request, receive_pieces(*pieces), send), 20)
    return messages[0]["status"]


async def run_beside(site, busy, work):
    """Return the result of `work`. While it runs, one client makes each request of `busy`. All clients leave
    afterwards.
    """
    clients = [Client() for _ in busy]
    tasks = [
        asyncio.create_task(site(request, client.receive, client.send))
        for request, client in zip(busy, clients, strict=True)
    ]
    await asyncio.sleep(0.1)
    result = await work
    for client in clients:
        client.leaving.set()
    await asyncio.gather(*tasks, return_exceptions=True)
    return result


def upload_scope(reference, address):
    return scope(f"/suivi/{reference}/pieces/", length=9, headers=[(b"x-forwarded-for", address.encode())])


def test_uploads_leave_half_of_the_threads_to_pages():
    """With more slow files than threads, a page is still answered."""
    site = Gate(echo, threads=2)
    busy = [upload_scope(f"ABCD123{number}", f"192.0.2.{number}") for number in range(4)]
    assert asyncio.run(run_beside(site, busy, get_status(site, scope(length=2), b"ok"))) == 200


@pytest.mark.parametrize(
    ("busy", "upload", "status"),
    [
        (("A", "192.0.2.1"), ("B", "192.0.2.1"), 503),
        (("A", "192.0.2.1"), ("A", "192.0.2.2"), 503),
        (("A", "2001:db8:0:1::1"), ("B", "2001:db8:0:ff::2"), 503),
        (("A", "192.0.2.1"), ("B", "192.0.2.2"), 200),
        (("A", "2001:db8:0:1::1"), ("B", "2001:db8:0:100::1"), 200),
    ],
)
def test_one_address_or_one_case_uploads_one_file_at_a_time(monkeypatch, busy, upload, status):
    monkeypatch.setattr(gate, "SLOT_SECONDS", 0.1)
    site = Gate(echo, threads=4)
    work = get_status(site, upload_scope(*upload), b"123456789")
    assert asyncio.run(run_beside(site, [upload_scope(*busy)], work)) == status


def test_a_refused_upload_is_told_when_to_try_again(monkeypatch):
    """Two slow clients have both places, and the third does not wait for ever."""
    monkeypatch.setattr(gate, "SLOT_SECONDS", 0.1)
    site, third = Gate(echo, threads=4), Client()
    busy = [upload_scope("A", "192.0.2.1"), upload_scope("B", "192.0.2.2")]
    work = asyncio.wait_for(site(upload_scope("C", "192.0.2.3"), third.receive, third.send), 20)
    asyncio.run(run_beside(site, busy, work))
    start, content = third.messages
    assert start["status"] == 503
    assert dict(start["headers"])[b"retry-after"] == b"60"
    assert "Réessayez" in content["body"].decode()
    assert not third.began  # nothing of it was read


def test_the_next_upload_starts_when_another_ends():
    async def run_clients_in_turn():
        site, first = Gate(echo, threads=2), Client()
        upload = asyncio.create_task(site(upload_scope("A", "192.0.2.1"), first.receive, first.send))
        await asyncio.sleep(0.1)
        waiting = asyncio.create_task(get_status(site, upload_scope("A", "192.0.2.1"), b"123456789"))
        await asyncio.sleep(0.1)
        assert not waiting.done()
        first.leaving.set()
        await upload
        return await waiting

    assert asyncio.run(run_clients_in_turn()) == 200


@pytest.mark.parametrize(
    ("forwarded", "address"),
    [
        (b"", "192.0.2.1"),
        (b"198.51.100.7, 192.0.2.9", "192.0.2.9"),
        (b"2001:db8:0:12ff::1", "2001:db8:0:1200::/56"),
        (b"::ffff:192.0.2.9", "192.0.2.9"),
        (b"unknown", "unknown"),
    ],
)
def test_the_address_is_the_one_given_by_the_last_proxy(forwarded, address):
    assert find_subscriber(make_environ(scope(headers=[(b"x-forwarded-for", forwarded)]))) == address


class Pieces:
    """An answer of many pieces, which counts those that it yielded."""

    def __init__(self, count=1000):
        self.count, self.yielded, self.closed = count, 0, 0

    def __call__(self, environ, start_response):
        if environ["REQUEST_METHOD"] == "POST":
            return echo(environ, start_response)
        start_response("206 Partial Content", [("X-Mark", "é")])
        return self

    def __iter__(self):
        return self

    def __next__(self):
        if self.yielded == self.count:
            raise StopIteration
        self.yielded += 1
        return b"abc"

    def close(self):
        self.closed += 1


def test_a_response_of_many_chunks_is_streamed_and_closed():
    pieces = Pieces(3)
    assert run_gate(pieces, scope(method="GET"), receive_pieces()) == (206, b"abcabcabc")
    assert (pieces.yielded, pieces.closed) == (3, 1)


def test_the_body_of_a_response_to_head_is_not_generated():
    pieces = Pieces()
    assert run_gate(pieces, scope(method="HEAD"), receive_pieces())[0] == 206
    assert (pieces.yielded <= 2, pieces.closed) == (True, 1)


def test_clients_that_do_not_read_the_response_occupy_no_thread():
    """A page is answered beside eight such clients on two threads. Only two pieces were generated for each client."""
    pieces = Pieces()
    site = Gate(pieces, threads=2)
    busy = [scope(method="GET")] * 8

    async def look():
        status = await get_status(site, scope(length=2), b"ok")
        return status, pieces.yielded

    assert asyncio.run(run_beside(site, busy, look())) == (200, 16)
    assert pieces.closed == 8


def test_a_client_that_reads_too_slowly_is_disconnected(impatient):
    pieces, client = Pieces(), Client()
    asyncio.run(asyncio.wait_for(Gate(pieces, threads=1)(scope(method="GET"), client.receive, client.send), 20))
    assert [message.get("more_body") for message in client.messages] == [None, True]  # no end: the answer is not whole
    assert (pieces.yielded, pieces.closed) == (2, 1)


def test_a_response_stops_when_its_client_has_gone():
    """A server accepts messages for a client that has gone without an error."""
    pieces, client = Pieces(10**9), Client()
    client.leaving.set()
    asyncio.run(asyncio.wait_for(Gate(pieces, threads=1)(scope(method="GET"), client.receive, client.send), 20))
    assert pieces.closed == 1


def test_a_header_with_underscores_cannot_pass_for_another():
    """In WSGI, « X_Forwarded_Proto » would get the name of the header that the proxy sets."""
    headers = [(b"x_forwarded_proto", b"https"), (b"cookie", b"a=1"), (b"cookie", b"b=2"), (b"accept", b"x")]
    environ = make_environ(scope("/é%00/", headers=[*headers, (b"accept", b"y"), (b"content-type", b"text/plain")]))
    assert "HTTP_X_FORWARDED_PROTO" not in environ
    assert (environ["HTTP_COOKIE"], environ["HTTP_ACCEPT"]) == ("a=1; b=2", "x,y")
    assert (environ["CONTENT_TYPE"], environ["REMOTE_ADDR"]) == ("text/plain", "192.0.2.1")
    assert environ["PATH_INFO"].encode("latin-1") == "/é\0/".encode()


@pytest.mark.parametrize("length", ["-1", "x", "²", "9" * 20, ""])
def test_a_request_with_a_wrong_length_has_an_empty_body(length):
    answer_ok = lambda environ, start: (start("200 OK", []), [b"ok"])[1]  # noqa: E731
    assert run_gate(answer_ok, scope(length=length), receive_pieces(b"a")) == (200, b"ok")


@pytest.mark.parametrize(
    ("header", "why"),
    [
        *((b"multipart/form-data; boundary=b; charset=" + name, gate.NOT_UTF8_TEXT) for name in (b"zlib", b"utf-7")),
        (b"application/x-www-form-urlencoded;charset = 'latin-1'", gate.NOT_UTF8_TEXT),
        (b"text/plain; CharSet*=idna''%ff", gate.NOT_UTF8_TEXT),
        (b"text/plain; charset=utf-8; charset*0=zlib", gate.NOT_UTF8_TEXT),
        (b'text/plain; charset="utf-8;zlib"', gate.NOT_UTF8_TEXT),
        (b'a/b;"' + b";" * 60_000, gate.LONG_HEADER_TEXT),
    ],
)
@pytest.mark.parametrize("path", ["/declarer/", PIECES])
def test_a_type_that_is_long_or_not_in_utf_8_is_refused_unread(header, why, path):
    """The codecs of Python are slow or fail, and so does the reader of these headers."""
    request = scope(path, length=1, headers=[(b"content-type", header)])
    status, words = run_gate(fail_if_called, request, receive_pieces(b"a"))
    assert (status, words.decode()) == (400, f"{why} {gate.OTHER_BROWSER_TEXT}")


@pytest.mark.parametrize(
    ("header", "why"),
    [
        ((b"accept", b'a/b;"' + b";" * 60_000), "un de ses en-têtes est trop long."),
        ((b"content-type", b"application/json; charset=utf-16"), "il doit être en UTF-8."),
    ],
)
def test_the_api_answers_a_bad_type_with_a_problem_document(header, why):
    client = Client()
    asyncio.run(Gate(fail_if_called, threads=1)(scope("/api/v1/x/", headers=[header]), client.receive, client.send))
    begin, words = client.messages
    assert (begin["status"], dict(begin["headers"])[b"content-type"]) == (400, b"application/problem+json")
    document = json.loads(words["body"])
    assert (document["status"], document["title"]) == (400, "Demande incorrecte")
    assert document["detail"].endswith(why)


@pytest.mark.parametrize(
    "kind",
    [
        b"",
        b"multipart/form-data; boundary=----WebKitFormBoundary7MA4YWxkTrZu0gW",
        b"application/x-www-form-urlencoded;charset=UTF-8",
        b'application/json; charset="utf8"; version=1',
    ],
)
def test_the_types_of_browsers_and_programs_are_accepted(kind):
    headers = [(b"content-type", kind), (b"accept", b"text/html,application/xhtml+xml;q=0.9,*/*;q=0.8")]
    assert run_gate(echo, scope(length=1, headers=headers), receive_pieces(b"a")) == (200, b"a")


def test_a_body_is_read_by_lines_and_by_sizes():
    pieces = [b"one\ntw", b"o\nthree"]
    reader = BodyReader(read_more=lambda: pieces.pop(0) if pieces else b"")
    assert (reader.readline(), reader.readline(2), reader.readline()) == (b"one\n", b"tw", b"o\n")
    assert (reader.read(2), reader.read(), reader.read(1), reader.readline()) == (b"th", b"ree", b"", b"")


def test_files_of_the_site_are_sent_in_large_chunks():
    wrapper = make_environ(scope())["wsgi.file_wrapper"](BytesIO(b"a" * (gate.CHUNK_BYTES + 1)), 4096)
    assert [len(piece) for piece in wrapper] == [gate.CHUNK_BYTES, 1]
