"""The gate before Django: a client is waited for without a thread, at a pace; the rest is what WSGI promises."""

import asyncio
from io import BytesIO
from threading import Event

import pytest

from config import gate
from config.gate import BodyReader, Gate, find_client_address, make_environ

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


def bodies(*pieces, pause=0, ends=True):
    """The messages of a client that sends these pieces, with a pause before each; None: it goes away."""
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


def ask(application, said, receive, *, threads=2):
    """The status and the content of the answer; None where there was none."""
    sent = []

    async def send(message):
        sent.append(message)

    asyncio.run(Gate(application, threads=threads)(said, receive, send))
    return (sent[0]["status"], b"".join(message["body"] for message in sent[1:])) if sent else None


def test_it_works():
    assert ask(echo, scope(length=10), bodies(b"hello", b"world")) == (200, b"helloworld")


@pytest.fixture
def impatient(monkeypatch):
    monkeypatch.setattr(gate, "GRACE_SECONDS", 0.1)


def never(environ, start_response):
    raise AssertionError


def test_a_body_that_is_too_slow_takes_no_thread_and_is_told(impatient):
    status, words = ask(never, scope(length=10), bodies(b"a", b"b", b"c", pause=0.06))
    assert status == 408
    assert "Réessayez" in words.decode()


def test_a_client_that_says_nothing_more_is_cut_too(impatient):
    assert ask(never, scope(length=10), bodies(b"a", ends=False))[0] == 408


def test_a_slow_line_that_keeps_its_pace_is_waited_for(impatient, monkeypatch):
    monkeypatch.setattr(gate, "SLOWEST_BYTES_A_SECOND", 10)
    assert ask(echo, scope(length=40), bodies(*[b"abcd"] * 10, pause=0.02)) == (200, b"abcd" * 10)


@pytest.mark.parametrize("path", ["/declarer/", PIECES])
def test_a_client_that_goes_away_leaves_nothing(path):
    read = []

    def application(environ, start_response):
        read.append(environ["wsgi.input"].read(10))
        start_response("200 OK", [])
        return [b""]

    assert ask(application, scope(path, length=10), bodies(b"a", None)) in (None, (500, b""))
    assert read == []


def test_a_body_beyond_what_is_accepted_is_left_to_django_unread():
    assert ask(echo, scope(length=gate.LONGEST_WHOLE + 1), bodies(b"a")) == (200, b"")


def test_files_are_read_as_they_come(monkeypatch):
    """Django has the first bytes before the last have left."""
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

    assert ask(application, scope(PIECES, length=9), receive) == (200, b"firstlast")


def test_files_that_are_too_slow_end(impatient):
    assert ask(echo, scope(PIECES, length=10), bodies(b"a", b"b", b"c", pause=0.06))[0] == 408


class Client:
    """Sends a byte of what it announces and reads nothing but the head of an answer, until it leaves."""

    def __init__(self):
        self.left, self.sent, self.began = asyncio.Event(), [], False

    async def receive(self):
        if self.began:
            await self.left.wait()
            return {"type": "http.disconnect"}
        self.began = True
        return {"type": "http.request", "body": b"a", "more_body": True}

    async def send(self, message):
        self.sent.append(message)
        if message.get("more_body"):
            await self.left.wait()


async def status_of(site, said, *pieces):
    """Of the answer to a client that is as fast as can be."""
    sent = []

    async def send(message):
        sent.append(message)

    await asyncio.wait_for(site(said, bodies(*pieces), send), 20)
    return sent[0]["status"]


async def beside(site, busy, work):
    """What `work` gives while a client each does what is in `busy`; then all of them leave."""
    clients = [Client() for _ in busy]
    tasks = [
        asyncio.create_task(site(said, client.receive, client.send))
        for said, client in zip(busy, clients, strict=True)
    ]
    await asyncio.sleep(0.1)
    result = await work
    for client in clients:
        client.left.set()
    await asyncio.gather(*tasks, return_exceptions=True)
    return result


def files_of(reference, address):
    return scope(f"/suivi/{reference}/pieces/", length=9, headers=[(b"x-forwarded-for", address.encode())])


def test_files_leave_half_of_the_threads_to_others():
    """More slow files than threads, and a page is answered all the same."""
    site = Gate(echo, threads=2)
    busy = [files_of(f"ABCD123{number}", f"192.0.2.{number}") for number in range(4)]
    assert asyncio.run(beside(site, busy, status_of(site, scope(length=2), b"ok"))) == 200


@pytest.mark.parametrize(
    ("busy", "asked", "status"),
    [
        (("A", "192.0.2.1"), ("B", "192.0.2.1"), 503),
        (("A", "192.0.2.1"), ("A", "192.0.2.2"), 503),
        (("A", "2001:db8:0:1::1"), ("B", "2001:db8:0:1:ffff::2"), 503),
        (("A", "192.0.2.1"), ("B", "192.0.2.2"), 200),
        (("A", "2001:db8:0:1::1"), ("B", "2001:db8:0:2::1"), 200),
    ],
)
def test_one_place_at_most_for_each_address_and_each_case(monkeypatch, busy, asked, status):
    monkeypatch.setattr(gate, "PLACE_SECONDS", 0.1)
    site = Gate(echo, threads=4)
    work = status_of(site, files_of(*asked), b"123456789")
    assert asyncio.run(beside(site, [files_of(*busy)], work)) == status


def test_whoever_finds_no_place_is_told_when_to_come_back(monkeypatch):
    """Two slow clients have both places: the third does not wait for ever."""
    monkeypatch.setattr(gate, "PLACE_SECONDS", 0.1)
    site, third = Gate(echo, threads=4), Client()
    busy = [files_of("A", "192.0.2.1"), files_of("B", "192.0.2.2")]
    work = asyncio.wait_for(site(files_of("C", "192.0.2.3"), third.receive, third.send), 20)
    asyncio.run(beside(site, busy, work))
    start, content = third.sent
    assert start["status"] == 503
    assert dict(start["headers"])[b"retry-after"] == b"60"
    assert "Réessayez" in content["body"].decode()
    assert not third.began  # nothing of it was read


def test_a_place_that_is_left_goes_to_whoever_waits():
    async def one_after_the_other():
        site, first = Gate(echo, threads=2), Client()
        held = asyncio.create_task(site(files_of("A", "192.0.2.1"), first.receive, first.send))
        await asyncio.sleep(0.1)
        waiting = asyncio.create_task(status_of(site, files_of("A", "192.0.2.1"), b"123456789"))
        await asyncio.sleep(0.1)
        assert not waiting.done()
        first.left.set()
        await held
        return await waiting

    assert asyncio.run(one_after_the_other()) == 200


@pytest.mark.parametrize(
    ("forwarded", "address"),
    [
        (b"", "192.0.2.1"),
        (b"198.51.100.7, 192.0.2.9", "192.0.2.9"),
        (b"2001:db8::1", "2001:db8::/64"),
        (b"::ffff:192.0.2.9", "192.0.2.9"),
        (b"unknown", "unknown"),
    ],
)
def test_an_address_is_what_the_last_proxy_says(forwarded, address):
    assert find_client_address(make_environ(scope(headers=[(b"x-forwarded-for", forwarded)]))) == address


class Pieces:
    """An answer of many pieces, which counts those that were asked for."""

    def __init__(self, count=1000):
        self.count, self.made, self.closed = count, 0, 0

    def __call__(self, environ, start_response):
        if environ["REQUEST_METHOD"] == "POST":
            return echo(environ, start_response)
        start_response("206 Partial Content", [("X-Mark", "é")])
        return self

    def __iter__(self):
        return self

    def __next__(self):
        if self.made == self.count:
            raise StopIteration
        self.made += 1
        return b"abc"

    def close(self):
        self.closed += 1


def test_an_answer_of_many_pieces_is_sent_as_it_is_made_and_closed():
    pieces = Pieces(3)
    assert ask(pieces, scope(method="GET"), bodies()) == (206, b"abcabcabc")
    assert (pieces.made, pieces.closed) == (3, 1)


def test_nothing_is_made_for_whoever_asks_for_the_head():
    pieces = Pieces()
    assert ask(pieces, scope(method="HEAD"), bodies())[0] == 206
    assert (pieces.made <= 2, pieces.closed) == (True, 1)


def test_readers_of_nothing_take_no_thread():
    """Eight of them on two threads, and a page is answered; two pieces were made for each, no more."""
    pieces = Pieces()
    site = Gate(pieces, threads=2)
    busy = [scope(method="GET")] * 8

    async def look():
        status = await status_of(site, scope(length=2), b"ok")
        return status, pieces.made

    assert asyncio.run(beside(site, busy, look())) == (200, 16)
    assert pieces.closed == 8


def test_a_reader_that_is_too_slow_is_given_up(impatient):
    pieces, client = Pieces(), Client()
    asyncio.run(asyncio.wait_for(Gate(pieces, threads=1)(scope(method="GET"), client.receive, client.send), 20))
    assert [message.get("more_body") for message in client.sent] == [None, True]  # no end: the answer is not whole
    assert (pieces.made, pieces.closed) == (2, 1)


def test_nothing_more_is_made_for_a_reader_that_has_gone():
    """A server takes what is sent to nobody without a word."""
    pieces, client = Pieces(10**9), Client()
    client.left.set()
    asyncio.run(asyncio.wait_for(Gate(pieces, threads=1)(scope(method="GET"), client.receive, client.send), 20))
    assert pieces.closed == 1


def test_a_header_cannot_pass_for_another():
    """« X_Forwarded_Proto » would have the name of the one that the proxy sets."""
    said = [(b"x_forwarded_proto", b"https"), (b"cookie", b"a=1"), (b"cookie", b"b=2"), (b"accept", b"x")]
    environ = make_environ(scope("/é%00/", headers=[*said, (b"accept", b"y"), (b"content-type", b"text/plain")]))
    assert "HTTP_X_FORWARDED_PROTO" not in environ
    assert (environ["HTTP_COOKIE"], environ["HTTP_ACCEPT"]) == ("a=1; b=2", "x,y")
    assert (environ["CONTENT_TYPE"], environ["REMOTE_ADDR"]) == ("text/plain", "192.0.2.1")
    assert environ["PATH_INFO"].encode("latin-1") == "/é\0/".encode()


@pytest.mark.parametrize("length", ["-1", "x", "²", "9" * 20, ""])
def test_a_length_that_is_none_reads_nothing(length):
    assert ask(lambda environ, start: (start("200 OK", []), [b"ok"])[1], scope(length=length), bodies(b"a")) == (
        *(200, b"ok"),
    )


def test_a_body_is_read_by_lines_and_by_sizes():
    pieces = [b"one\ntw", b"o\nthree"]
    reader = BodyReader(read_more=lambda: pieces.pop(0) if pieces else b"")
    assert (reader.readline(), reader.readline(2), reader.readline()) == (b"one\n", b"tw", b"o\n")
    assert (reader.read(2), reader.read(), reader.read(1), reader.readline()) == (b"th", b"ree", b"", b"")


def test_files_of_the_site_are_sent_in_large_pieces():
    wrapper = make_environ(scope())["wsgi.file_wrapper"](BytesIO(b"a" * (gate.CHUNK + 1)), 4096)
    assert [len(piece) for piece in wrapper] == [gate.CHUNK, 1]
