"""The server of production on the database and the folder of one test, and who holds a case there."""

import http.client
import os
from contextlib import closing

import psutil
from django.test import Client

from config.devserver.run import is_answering, make_granian_command
from incidents.devices import cookie
from incidents.services.declarant.access import secret_of
from tests.faults.stage import Program, find_free_port, until

TOKEN = "t" * 32


class Site:
    """granian on this test's database and folder."""

    def __init__(self, database_url, home):
        self.home = home
        self.environment = os.environ | {
            "DJANGO_SETTINGS_MODULE": "config.settings.dev",
            "DATABASE_URL": database_url,
            "EVIDENCE_DIR": str(home / "evidence"),
            "TMPDIR": str(home / "temporary"),
            "DATABASE_POOL": "8",
        }
        (home / "temporary").mkdir()

    def start(self, *, before=()):
        """`before` are the words of a command that runs the server."""
        self.port = find_free_port()
        command = [*before, *make_granian_command(self.port), "config.asgi:application"]
        self.program = Program("web", command, self.environment, self.home)
        self.program.start()
        until(lambda: is_answering(f"http://127.0.0.1:{self.port}/sante/vivant/"))

    def post(self, path, body, kind, length):
        with closing(http.client.HTTPConnection("127.0.0.1", self.port, timeout=120)) as line:
            line.request("POST", path, body, self.headers | {"Content-Type": kind, "Content-Length": str(length)})
            answer = line.getresponse()
            answer.words = answer.read().decode()
            return answer

    def memory(self):
        web = psutil.Process(self.program.process.pid)
        return sum(one.memory_info().rss for one in [web, *web.children(recursive=True)])


def headers_of_holder(incident):
    """Those of somebody who opened the case by its link, with a token for forms."""
    client = Client()
    client.post(f"/suivi/acces/{secret_of(incident.accesses.get(revoked_at=None))}/")
    held = f"{cookie.NAME}={client.cookies[cookie.NAME].value}; tocsin_csrf={TOKEN}"
    return {"Cookie": held, "X-CSRFToken": TOKEN}
