"""A request whose end is ambiguous hides no second one: the server of production refuses it, or closes the line after
it (RFC 9112, 6.3; OWASP ASVS 5.0, 4.2.1).
"""

import os
import re
import socket
from collections.abc import Iterator
from pathlib import Path

import pytest

from config.devserver.embedded import find_free_port
from config.devserver.run import is_answering, make_granian_command
from tests.faults.deployment import Program, wait_until

HIDDEN = "GET /cachee/ HTTP/1.1\r\nHost: localhost\r\n\r\n"
CHUNKS = f"0\r\n\r\n{HIDDEN}"  # an empty body, if it is read in chunks


@pytest.fixture(scope="module")
def port(tmp_path_factory: pytest.TempPathFactory) -> Iterator[int]:
    home: Path = tmp_path_factory.mktemp("echo")
    port = find_free_port()
    program = Program("web", [*make_granian_command(port), "tests.faults.echo:application"], dict(os.environ), home)
    program.start()
    wait_until(lambda: is_answering(port), what=program.read_log_end)
    yield port
    program.kill()


def send(port, headers, rest):
    """Return the statuses and the requests that the server saw in one line, until it closes or says nothing more."""
    received = b""
    with socket.create_connection(("127.0.0.1", port), timeout=2) as line:
        line.sendall(f"POST /ouverte/ HTTP/1.1\r\nHost: localhost\r\n{headers}\r\n\r\n{rest}".encode())
        try:
            while chunk := line.recv(65536):
                received += chunk
        except TimeoutError:
            pass
    return re.findall(r"HTTP/1\.1 (\d+)", received.decode()), re.findall(r"(?:POST|GET) /\w+/", received.decode())


def test_two_requests_in_a_row_are_seen(port):
    """What the tests below look for would be found."""
    assert send(port, "Content-Length: 0", HIDDEN) == (["200", "200"], ["POST /ouverte/", "GET /cachee/"])


def test_chunks_decide_over_a_length_and_end_the_line(port):
    headers = "Content-Length: {}\r\nTransfer-Encoding: chunked"
    for length in (4, len(CHUNKS)):
        assert send(port, headers.format(length), CHUNKS) == (["200"], ["POST /ouverte/"])


@pytest.mark.parametrize(
    "headers",
    [
        f"Content-Length: 0\r\nContent-Length: {len(HIDDEN)}",
        f"Content-Length: 0, {len(HIDDEN)}",
        f"Transfer-Encoding : chunked\r\nContent-Length: {len(CHUNKS)}",
        f"Transfer-Encoding: xchunked\r\nContent-Length: {len(CHUNKS)}",
    ],
    ids=["two lengths", "list of lengths", "space", "unknown coding"],
)
def test_an_ambiguous_length_is_refused(port, headers):
    assert send(port, headers, CHUNKS) == (["400"], [])
