"""Clients that send a long post one byte at a time, so that a server with one thread for each has no thread left."""

import socket
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager, suppress
from threading import Event, Thread

CLIENTS = 30
BETWEEN_BYTES_SECONDS = 3
FORM = "Content-Type: application/x-www-form-urlencoded"
HEAD = f"POST {{path}} HTTP/1.1\r\nHost: localhost\r\n{FORM}\r\nContent-Length: 900\r\n{{more}}\r\n"


class SlowClients:
    """Clients that each begin a long post and send a byte every few seconds. A client that is disconnected begins
    again.
    """

    def __init__(self, port: int, path: str, headers: Mapping[str, str]) -> None:
        more = "".join(f"{name}: {value}\r\n" for name, value in headers.items())
        self.port, self.head = port, HEAD.format(path=path, more=more).encode() + b"a"
        self.lines = [self.begin() for _ in range(CLIENTS)]
        self.is_over = Event()
        self.thread = Thread(target=self.trickle, daemon=True)
        self.thread.start()

    def begin(self) -> socket.socket:
        line = socket.create_connection(("127.0.0.1", self.port))
        line.sendall(self.head)
        return line

    def trickle(self) -> None:
        while not self.is_over.wait(BETWEEN_BYTES_SECONDS):
            for number, line in enumerate(self.lines):
                try:
                    line.sendall(b"a")
                except OSError:
                    line.close()
                    with suppress(OSError):
                        self.lines[number] = self.begin()

    def leave(self) -> None:
        self.is_over.set()
        self.thread.join()
        for line in self.lines:
            line.close()


@contextmanager
def run_slow_clients(
    port: int, path: str = "/declarer/", headers: Mapping[str, str] | Iterable[tuple[str, str]] = ()
) -> Iterator[SlowClients]:
    crowd = SlowClients(port, path, dict(headers))
    try:
        yield crowd
    finally:
        crowd.leave()
