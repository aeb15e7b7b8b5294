"""Town halls that declare through the public page, several at once, as browsers do."""

import html
import re
import threading
from dataclasses import dataclass
from http.client import HTTPConnection, HTTPException
from itertools import count
from time import monotonic, sleep
from urllib.parse import urlencode

TYPES = ["rancon", "fuite", "panne"]
KEY = re.compile(r'name="cle" value="([^"]+)"')
TOKEN = re.compile(r'name="csrfmiddlewaretoken" value="([^"]+)"')
REFERENCE = re.compile(r"<title>\s*([0-9A-Z]{4})-([0-9A-Z]{4})\s*:")
COOKIE = re.compile(r"tocsin_csrf=([^;]+)")
PATIENCE_SECONDS = 90


@dataclass(frozen=True)
class Form:
    """A page of the form as a browser holds it: sending it again sends exactly the same."""

    path: str
    key: str
    body: str
    headers: dict[str, str]


@dataclass(frozen=True)
class Seen:
    """What a person has on the screen."""

    key: str
    reference: str
    at: float


class Visitor:
    def __init__(self, port: int) -> None:
        self.port = port
        self.connection: HTTPConnection | None = None

    def declare(self, body_uid: str, number: int) -> Seen:
        return self.send(self.fill(body_uid, number))

    def fill(self, body_uid: str, number: int) -> Form:
        path = f"/declarer/details/?quoi={TYPES[number % len(TYPES)]}&collectivite={body_uid}"
        page, cookies = self.insist("GET", path)
        key, token = KEY.search(page)[1], TOKEN.search(page)[1]
        said = {
            "csrfmiddlewaretoken": token,
            "cle": key,
            "description": f"Déclaration d’essai {number} : rien ne s’ouvre.",
            "contact_phone": "02 99 00 00 00",
            "contact_email": f"mairie-{number}@commune.example",
            "service": ["civil"],
        }
        headers = {
            "Cookie": f"tocsin_csrf={COOKIE.search(cookies)[1]}",
            "Content-Type": "application/x-www-form-urlencoded",
            "X-Forwarded-For": f"10.{number >> 16 & 255}.{number >> 8 & 255}.{number & 255}",
        }
        return Form(path, key, urlencode(said, doseq=True), headers)

    def send(self, form: Form) -> Seen:
        page, _cookies = self.insist("POST", form.path, form.body, form.headers)
        found = REFERENCE.search(html.unescape(page))
        assert found, page[:3000]
        return Seen(form.key, "".join(found.groups()), monotonic())

    def insist(self, method: str, path: str, body: str = "", headers: dict[str, str] | None = None) -> tuple[str, str]:
        """Again after no answer or a 5xx, as somebody who presses « reload » does. Gives the page and its cookies."""
        deadline = monotonic() + PATIENCE_SECONDS
        while True:
            try:
                status, page, cookies = self.ask(method, path, body, headers or {})
            except (OSError, HTTPException) as error:
                self.hang_up()
                status, page, cookies = 599, repr(error), ""
            if status == 200:
                return page, cookies
            assert status >= 500, f"{status} {page[:2000]}"
            assert monotonic() < deadline, f"{status} for {PATIENCE_SECONDS} s: {page[:500]}"
            sleep(0.2)

    def ask(self, method: str, path: str, body: str, headers: dict[str, str]) -> tuple[int, str, str]:
        if self.connection is None:
            self.connection = HTTPConnection("127.0.0.1", self.port, timeout=30)
        self.connection.request(method, path, body or None, headers)
        answer = self.connection.getresponse()
        page = answer.read().decode()
        return answer.status, page, "; ".join(answer.headers.get_all("Set-Cookie", []))

    def hang_up(self) -> None:
        if self.connection:
            self.connection.close()
        self.connection = None


class Crowd:
    """`number` declarations shared by some threads."""

    def __init__(self, port: int, bodies: list[str], *, threads: int) -> None:
        self.port, self.bodies = port, bodies
        self.seen: list[Seen] = []
        self.problems: list[BaseException] = []
        self.counter = count()
        self.threads = [threading.Thread(target=self.work, daemon=True) for _ in range(threads)]

    def start(self) -> None:
        for thread in self.threads:
            thread.start()

    def work(self) -> None:
        visitor = Visitor(self.port)
        try:
            while (number := next(self.counter)) < len(self.bodies):
                self.seen.append(visitor.declare(self.bodies[number], number))
        except BaseException as problem:  # noqa: BLE001 (told in the main thread)
            self.problems.append(problem)
        finally:
            visitor.hang_up()

    def wait_for(self, number: int, *, seconds: float = 120) -> None:
        deadline = monotonic() + seconds
        while len(self.seen) < number and any(thread.is_alive() for thread in self.threads):
            self.check()
            assert monotonic() < deadline, f"only {len(self.seen)} of {number}"
            sleep(0.02)
        self.check()

    def check(self) -> None:
        if self.problems:
            raise self.problems[0]

    def finish(self) -> None:
        self.wait_for(len(self.bodies))
        for thread in self.threads:
            thread.join(timeout=30)
        self.check()
