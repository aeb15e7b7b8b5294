"""The server of production on the database and the folder of one test, and the cookies of a declarant."""

import http.client
import os
from collections.abc import Iterable, Sequence
from contextlib import closing
from pathlib import Path
from typing import cast

import psutil
from django.conf import settings
from django.test import Client

from config.devserver.embedded import find_free_port
from config.devserver.run import is_answering, make_granian_command
from incidents.models import Incident
from incidents.services.declarant.access import derive_secret
from tests.faults.deployment import Program, wait_until

TOKEN = "t" * 32


class Answer(http.client.HTTPResponse):
    words: str  # its body, read to the end


class Site:
    """Granian on the database and the folder of a test."""

    headers: dict[str, str]  # sent with each post, set by the test

    def __init__(self, database_url: str, home: Path) -> None:
        self.home = home
        self.environment = os.environ | {
            "DJANGO_SETTINGS_MODULE": "config.settings.dev",
            "DATABASE_URL": database_url,
            "EVIDENCE_DIR": str(home / "evidence"),
            "TMPDIR": str(home / "temporary"),
            "DATABASE_POOL": "8",
        }
        (home / "temporary").mkdir()

    def start(self, *, before: Sequence[str] = ()) -> None:
        """Start the server and wait until it responds. `before` is a command that runs the server, such as one that
        limits its disk.
        """
        self.port = find_free_port()
        command = [*before, *make_granian_command(self.port), "config.asgi:application"]
        self.program = Program("web", command, self.environment, self.home)
        self.program.start()
        wait_until(lambda: is_answering(self.port), what=self.program.read_log_end)

    def post(self, path: str, body: bytes | Iterable[bytes], kind: str, length: int) -> Answer:
        with closing(http.client.HTTPConnection("127.0.0.1", self.port, timeout=120)) as line:
            line.request("POST", path, body, self.headers | {"Content-Type": kind, "Content-Length": str(length)})
            answer = cast("Answer", line.getresponse())
            answer.words = answer.read().decode()
            return answer

    def memory(self) -> int:
        web = psutil.Process(self.program.process.pid)
        return sum(process.memory_info().rss for process in [web, *web.children(recursive=True)])


def make_holder_headers(incident: Incident) -> dict[str, str]:
    """Return the headers of a client that opened the case by its link, with a CSRF token."""
    client = Client()
    client.post(f"/suivi/acces/{derive_secret(incident.accesses.get(revoked_at=None))}/")
    cookies = f"{settings.CASE_COOKIE_NAME}={client.cookies[settings.CASE_COOKIE_NAME].value}; tocsin_csrf={TOKEN}"
    return {"Cookie": cookies, "X-CSRFToken": TOKEN}
