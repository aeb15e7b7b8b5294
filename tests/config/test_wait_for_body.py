"""The gate before Django: a body is waited for without a thread, at a pace; the rest is what WSGI promises."""

import asyncio
from io import BytesIO
from threading import Event

import pytest

from config import gate
from config.gate import Gate, Reader, environ_of

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


def test_files_leave_half_of_the_threads_to_others(monkeypatch):
    """More slow files than threads, and a page is answered all the same."""
    monkeypatch.setattr(gate, "GRACE_SECONDS", 1)
    answered = []

    async def both():
        site = Gate(echo, threads=2)

        async def send(message):
            answered.append(message)

        slow = [asyncio.create_task(site(scope(PIECES, length=9), bodies(b"a", ends=False), ignore)) for _ in range(4)]
        await asyncio.sleep(0.1)
        await asyncio.wait_for(site(scope(length=2), bodies(b"ok"), send), 0.5)
        for task in slow:
            task.cancel()

    async def ignore(message):
        pass

    asyncio.run(both())
    assert answered[1]["body"] == b"ok"


def test_an_answer_of_many_pieces_is_sent_as_it_is_made_and_closed():
    closed = []

    class Pieces(list):
        def close(self):
            closed.append(True)

    def application(environ, start_response):
        start_response("206 Partial Content", [("X-Mark", "é")])
        return Pieces([b"a", b"b", b"c"])

    assert ask(application, scope(method="GET"), bodies()) == (206, b"abc")
    assert closed == [True]


def test_a_header_cannot_pass_for_another():
    """« X_Forwarded_Proto » would have the name of the one that the proxy sets."""
    said = [(b"x_forwarded_proto", b"https"), (b"cookie", b"a=1"), (b"cookie", b"b=2"), (b"accept", b"x")]
    environ = environ_of(scope("/é%00/", headers=[*said, (b"accept", b"y"), (b"content-type", b"text/plain")]))
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
    reader = Reader(more=lambda: pieces.pop(0) if pieces else b"")
    assert (reader.readline(), reader.readline(2), reader.readline()) == (b"one\n", b"tw", b"o\n")
    assert (reader.read(2), reader.read(), reader.read(1), reader.readline()) == (b"th", b"ree", b"", b"")


def test_files_of_the_site_are_sent_in_large_pieces():
    wrapper = environ_of(scope())["wsgi.file_wrapper"](BytesIO(b"a" * (gate.CHUNK + 1)), 4096)
    assert [len(piece) for piece in wrapper] == [gate.CHUNK, 1]
