"""Town halls that declare on the public pages, several at once, as browsers do."""

import html
import json
import re
import threading
from base64 import urlsafe_b64decode
from dataclasses import dataclass
from http.client import HTTPConnection, HTTPException
from itertools import count
from time import monotonic, sleep
from urllib.parse import urlencode

TYPES = ["rancon", "fuite", "panne"]
TOKEN = re.compile(r'name="csrfmiddlewaretoken" value="([^"]+)"')
REFERENCE = re.compile(r"<title>\s*([0-9A-Z]{4})-([0-9A-Z]{4})\s*:")
COOKIE = re.compile(r"(tocsin_(?:csrf|declaration)=[^;]+)")
PATIENCE_SECONDS = 90


@dataclass(frozen=True)
class Form:
    """The last screen as a browser has it. Sending it again sends exactly the same bytes."""

    path: str
    key: str
    body: str
    headers: dict[str, str]


@dataclass(frozen=True)
class Receipt:
    """The confirmation that a visitor sees."""

    key: str
    reference: str
    at: float


@dataclass(frozen=True)
class Answer:
    status: int
    page: str
    cookies: str
    location: str


class Visitor:
    """A visitor who declares again and again, each time without cookies and from another address."""

    def __init__(self, port: int) -> None:
        self.port = port
        self.connection: HTTPConnection | None = None
        self.cookies: dict[str, str] = {}
        self.token = ""
        self.number = 0

    def declare(self, body_uid: str, number: int) -> Receipt:
        return self.send(self.fill(body_uid, number))

    def fill(self, body_uid: str, number: int) -> Form:
        """Fill in the first four screens and return the form of the last one."""
        self.begin(number)
        self.post("/declarer/", quoi=TYPES[number % len(TYPES)])
        self.post("/declarer/qui/", collectivite=body_uid)
        self.post("/declarer/services/", service_stopped="yes", service="civil")
        self.post("/declarer/donnees/", passer="oui")
        fields = {
            "csrfmiddlewaretoken": self.token,
            "description": f"Déclaration d’essai {number} : rien ne s’ouvre.",
            "contact_phone": "02 99 00 00 00",
            "contact_email": f"mairie-{number}@commune.example",
        }
        return Form("/declarer/rappel/", f"draft:{self.draft_uid}", urlencode(fields), self.headers)

    def begin(self, number: int) -> None:
        self.number, self.cookies = number, {}
        self.token = TOKEN.search(self.get("/declarer/"))[1]

    @property
    def draft_uid(self) -> str:
        """Return the uid of the draft, which anybody can read in the signed cookie."""
        payload = self.cookies["tocsin_declaration"].strip('"').split(":")[0]
        return json.loads(urlsafe_b64decode(payload + "=" * (-len(payload) % 4)))[0]

    @property
    def headers(self) -> dict[str, str]:
        return {
            "Cookie": "; ".join(f"{name}={value}" for name, value in self.cookies.items()),
            "Content-Type": "application/x-www-form-urlencoded",
            "X-Forwarded-For": f"10.{self.number >> 16 & 255}.{self.number >> 8 & 255}.{self.number & 255}",
        }

    def send(self, form: Form) -> Receipt:
        answer = self.insist("POST", form.path, form.body, form.headers)
        assert answer.location == "/declarer/envoyee/", answer
        page = self.insist("GET", answer.location, "", form.headers).page
        match = REFERENCE.search(html.unescape(page))
        assert match, page[:3000]
        return Receipt(form.key, "".join(match.groups()), monotonic())

    def get(self, path: str) -> str:
        return self.insist("GET", path, "", self.headers).page

    def post(self, path: str, **fields: str) -> str:
        """Post a screen and return the address to which it redirects."""
        body = urlencode(fields | {"csrfmiddlewaretoken": self.token})
        return self.insist("POST", path, body, self.headers).location

    def insist(self, method: str, path: str, body: str, headers: dict[str, str]) -> Answer:
        """Send a request until the server responds, as somebody who presses « reload » does."""
        deadline = monotonic() + PATIENCE_SECONDS
        while True:
            try:
                answer = self.ask(method, path, body, headers)
            except (OSError, HTTPException) as error:
                self.hang_up()
                answer = Answer(599, repr(error), "", "")
            if answer.status in {200, 303}:
                self.keep_cookies(answer)
                return answer
            assert answer.status >= 500, f"{answer.status} {answer.page[:2000]}"
            assert monotonic() < deadline, f"{answer.status} for {PATIENCE_SECONDS} s: {answer.page[:500]}"
            sleep(0.2)

    def keep_cookies(self, answer: Answer) -> None:
        self.cookies |= dict(cookie.split("=", 1) for cookie in COOKIE.findall(answer.cookies))

    def ask(self, method: str, path: str, body: str, headers: dict[str, str]) -> Answer:
        if self.connection is None:
            self.connection = HTTPConnection("127.0.0.1", self.port, timeout=30)
        self.connection.request(method, path, body or None, headers)
        answer = self.connection.getresponse()
        page = answer.read().decode()
        cookies = "; ".join(answer.headers.get_all("Set-Cookie", []))
        return Answer(answer.status, page, cookies, answer.headers.get("Location", ""))

    def hang_up(self) -> None:
        if self.connection:
            self.connection.close()
        self.connection = None


class Crowd:
    """Declarations of many town halls, shared by some threads."""

    def __init__(self, port: int, bodies: list[str], *, threads: int) -> None:
        self.port, self.bodies = port, bodies
        self.receipts: list[Receipt] = []
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
                self.receipts.append(visitor.declare(self.bodies[number], number))
        except BaseException as problem:  # noqa: BLE001 (raised again in the main thread)
            self.problems.append(problem)
        finally:
            visitor.hang_up()

    def wait_for(self, number: int, *, seconds: float = 120) -> None:
        deadline = monotonic() + seconds
        while len(self.receipts) < number and any(thread.is_alive() for thread in self.threads):
            self.check()
            assert monotonic() < deadline, f"only {len(self.receipts)} of {number}"
            sleep(0.02)
        self.check()

    def count_receipts(self) -> int:
        self.check()
        return len(self.receipts)

    def check(self) -> None:
        if self.problems:
            raise self.problems[0]

    def finish(self) -> None:
        self.wait_for(len(self.bodies))
        for thread in self.threads:
            thread.join(timeout=30)
        self.check()
