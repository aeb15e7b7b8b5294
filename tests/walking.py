"""A person who reads each page to see that it is harmless, follows its links and fills its forms with hostile words.

Forms are taken as the page shows them, so that a field added to a page is filled without a word here.
"""

import re
from collections import Counter, defaultdict
from functools import cache
from itertools import cycle
from typing import Any, NamedTuple, cast
from urllib.parse import parse_qsl, urljoin, urlsplit

from django.test import Client
from django.urls import resolve
from selectolax.lexbor import LexborHTMLParser, LexborNode

from accounts.models import User
from tests import harmless
from tests.hostile import MAILBOXES
from tests.responses import Response

WRITTEN = {"", "text", "search", "email", "tel", "url", "number", "date", "time", "datetime-local"}
LEFT_ALONE = re.compile(r"(nsp|gone|no_siren|DELETE|initial-\w+)$")  # ticks that take an answer away
SIGNS = {"email": "email", "tel": "phone", "date": "_date|-date|_on$", "time": "_time|-time"}
SHAPES = {shape: re.compile(sign) for shape, sign in SIGNS.items()}
CONTROLS = "input[name], textarea[name], select[name], button"
LONGEST, LONGEST_LINE, SHORT = 3000, 110, 40


class Control(NamedTuple):
    name: str
    kind: str  # the type of an input, or the element
    value: str
    limit: int
    node: LexborNode

    @property
    def is_written(self) -> bool:
        return self.kind == "textarea" or self.kind in WRITTEN

    @property
    def is_for_words(self) -> bool:
        is_number = self.kind == "number" or (self.node.attributes.get("inputmode") or "") in ("numeric", "decimal")
        return not is_number and "__prefix__" not in self.name and shape_asked(self) not in ("date", "time")


class Form(NamedTuple):
    address: str
    method: str
    controls: list[Control]

    @property
    def written(self) -> list[Control]:
        return [one for one in self.controls if one.is_written]

    @property
    def route(self) -> str:
        return route_of(self.address)


class Answer(Response):
    """A response that was read."""

    tree: LexborHTMLParser | None  # None for what is no page
    address: str
    forms: list[Form]


def route_of(address: str) -> str:
    return route_at(urlsplit(address).path)


@cache
def route_at(path: str) -> str:
    return resolve(path).route


def forms_in(tree: LexborHTMLParser, address: str) -> list[Form]:
    return [form_of(node, address) for node in tree.css("form")] + [
        form_around(button, tree, address) for button in tree.css("button[form][formaction]")
    ]


def form_around(button: LexborNode, tree: LexborHTMLParser, address: str) -> Form:
    """A button that sends a form of the page elsewhere, with the controls around it: a form to whoever fills it."""
    place = button.parent
    while place.parent is not None and "data-form" not in place.attributes:
        place = place.parent
    around = place if "data-form" in place.attributes else button.parent
    nodes = [*tree.css(f"form#{button.attributes['form']} input[name]"), *around.css(CONTROLS)]
    action = urljoin(address, button.attributes["formaction"]).partition("#")[0]
    return Form(action, "post", [control(one) for one in nodes])


def form_of(node: LexborNode, address: str) -> Form:
    action = urljoin(address, node.attributes.get("action") or address).partition("#")[0]
    method = (node.attributes.get("method") or "get").lower()
    named = [control(one) for one in node.css(CONTROLS)]
    return Form(action, method, named)


def control(node: LexborNode) -> Control:
    said = node.attributes
    kind = (said.get("type") or "").lower() if node.tag == "input" else node.tag or ""
    limit = int(said.get("maxlength") or (LONGEST if kind == "textarea" else LONGEST_LINE))
    value = node.text() if kind == "textarea" else said.get("value")
    if kind == "select":
        chosen = node.css_first("option[selected]") or node.css_first("option")
        value = chosen.attributes.get("value") if chosen else ""
    return Control(said.get("name") or "", kind, value or "", limit, node)


class Log:
    """What was met by several visitors."""

    def __init__(self) -> None:
        self.read: set[str] = set()  # routes whose answer was read
        self.answered: set[str] = set()  # those with a page
        self.public: set[str] = set()  # those that a stranger has read for everybody
        self.leads: set[str] = set()  # routes that a form leads to
        self.met: dict[tuple[str, str], tuple[Visitor, Form, Control]] = {}  # fields shown, with their form
        self.kept: set[tuple[str, str]] = set()  # those that took hostile words
        self.sent: set[str] = set()  # routes whose form was sent

    def untouched(self) -> set[tuple[str, str]]:
        """Fields for words that took none."""
        shown = {key for key, (_visitor, form, one) in self.met.items() if form.method == "post" and one.is_for_words}
        return shown - self.kept


class Visitor:
    """`words`: the handful of this person; each field begins with another of them."""

    def __init__(
        self,
        words: list[str],
        log: Log,
        *,
        client: Client | None = None,
        user: User | None = None,
        address: str = "2001:db8::1",
    ) -> None:
        self.client = client or Client(REMOTE_ADDR=address)
        self.words, self.turn, self.log = words, cycle(range(len(words))), log
        if user:
            self.client.force_login(user)

    # Reading

    def get(self, address: str, data: dict[str, str] | None = None) -> Answer:
        return self.read(self.client.get(address, data or {}), address)

    def read(self, response: Response, address: str) -> Answer:
        answer = cast("Answer", response)
        answer.tree = harmless.answer(response)
        answer.address = address
        answer.forms = forms_in(answer.tree, address) if answer.tree else []
        self.log.read.add(route_of(address))
        self.log.answered |= {route_of(address)} if answer.status_code == 200 else set()
        self.log.leads |= {form.route for form in answer.forms}
        self.log.met |= {
            (form.route, plainly(one.name)): (self, form, one) for form in answer.forms for one in form.written
        }
        return answer

    def crawl(self, *starts: str, most: int = 2) -> Counter[tuple[str, tuple[str, ...]]]:
        """What links lead to, `most` times a route and a set of parameters, and what its searches find."""
        waiting, seen = [*starts], Counter[tuple[str, tuple[str, ...]]]()
        while waiting:
            address = waiting.pop()
            seen[key := shape_of(address)] += 1
            if seen[key] <= most and (key[0] not in self.log.public or address in starts):
                response = self.get(address)
                assert response.status_code < 500, address
                waiting += self.leads_from(response)
        return seen

    def leads_from(self, response: Answer) -> list[str]:
        if response.status_code in (301, 302, 303):
            return [urljoin(response.address, response["Location"])]
        if response.tree is None:
            return []
        links = [one.attributes.get("href") or "" for one in response.tree.css("a[href]")]
        links += [one.attributes.get("hx-get") or "" for one in response.tree.css("[hx-get]")]
        searches = [self.search(form) for form in response.forms if form.method == "get" and form.written]
        leads = [urljoin(response.address, one.partition("#")[0]) for one in links] + searches
        return [one for one in leads if one.startswith("/") and not one.startswith(("/static/", "//"))]

    def search(self, form: Form) -> str:
        """Its address, as a browser makes it."""
        query = {one.name: self.first_word(one.limit) for one in form.written}
        return Client().get("/", query).wsgi_request.get_full_path().replace("/", urlsplit(form.address).path, 1)

    # Writing

    def fill(self, address: str, *, to: str = "", leave: str = "", **said: Any) -> Answer:
        """The form of that page with the most to write, or the one that leads `to`. Gives the answer to the post.

        `said` stands as it is, what begins with `leave` as it was shown. A field that refuses hostile words gets
        milder ones, then plain ones.
        """
        page = self.get(address)
        assert page.status_code == 200, (page.status_code, address)
        posts = [form for form in page.forms if form.method == "post" and form.address.endswith(to)]
        form = max(posts, key=lambda one: len(one.written))
        said |= {one.name: one.value for one in form.controls if leave and one.name.startswith(leave)}
        mildness: defaultdict[str, int] = defaultdict(int)
        for _attempt in range(8):
            response = self.send(form, mildness, said)
            if not (refused := refused_by(response, form)):
                hostile = (one for one in form.written if self.is_hostile(one, mildness, said))
                self.log.kept |= {(form.route, plainly(one.name)) for one in hostile}
                return response
            for name in refused - set(said):
                mildness[name] += 1
            form = next(
                (
                    one
                    for one in response.forms
                    if one.route == form.route and list_field_names(one) == list_field_names(form)
                ),
                form,
            )
        raise AssertionError(f"{form.address} refuses {refused}: {harmless.words_of(response.tree)}")  # type: ignore[arg-type]

    def send_the_rest(self) -> None:
        """Each form that this person has met and nobody has sent, once: it may refuse, harmlessly."""
        mine = [form for visitor, form, _one in self.log.met.values() if visitor is self and form.method == "post"]
        for form in mine:
            if form.route not in self.log.sent:
                self.send(form, defaultdict(int), {})

    def send(self, form: Form, mildness: defaultdict[str, int], said: dict[str, Any]) -> Answer:
        """By its first button, as the Enter key does."""
        data: dict[str, list[str]] = {}
        buttons = [one for one in form.controls if one.kind == "button"]
        for one in [one for one in form.controls if one.name and one not in buttons[1:]]:
            if (value := self.choice_of(one, mildness)) is not None:
                data.setdefault(one.name, [])
                data[one.name] += [value] if one.kind != "radio" or not data[one.name] else []
        self.log.sent.add(form.route)
        response = self.client.post(form.address, data | said)
        return self.read(response, form.address)

    def choice_of(self, one: Control, mildness: defaultdict[str, int]) -> str | None:
        if one.is_written:
            return self.word_for(one, mildness[one.name])
        if one.kind in ("checkbox", "radio"):
            wanted = not LEFT_ALONE.search(one.name) and one.value not in ("nsp", "unknown")
            return (one.value or "on") if wanted else None
        return one.value if one.kind in ("hidden", "select", "button") else None

    def word_for(self, one: Control, mildness: int) -> str:
        said = self.ladder(one)
        return said[min(mildness, len(said) - 1)]

    def ladder(self, one: Control) -> list[str]:
        """From all the words to none: what is refused is said again more mildly."""
        all_of_them = ["\n".join(self.turned())] if one.kind == "textarea" else []
        return [*all_of_them, self.joined(one.limit), *self.like(one)]

    def is_hostile(self, one: Control, mildness: defaultdict[str, int], said: dict[str, Any]) -> bool:
        if one.name in said:
            return any(" ".join(word.split()) in said[one.name] for word in self.words)
        return mildness[one.name] < len(self.ladder(one)) - 1

    def like(self, one: Control) -> list[str]:
        """Hostile, but of the shape that is asked for; last, what nothing is said against."""
        match shape_asked(one):
            case "email":
                return [MAILBOXES[next(self.turn) % len(MAILBOXES)], "mairie@plouexemple.example"]
            case "tel":
                return [f"02 99 00 00 00 {self.first_word(24)}", "02 99 00 00 00"]
            case "date" | "time" as shape:
                return ["2026-01-02" if shape == "date" else ""]
        if not one.is_for_words:
            return ["3"]
        return [self.first_word(min(one.limit, SHORT)), "<b id=piege>gras</b>", ""]

    def turned(self) -> list[str]:
        at = next(self.turn)
        return [*self.words[at:], *self.words[:at]]

    def first_word(self, limit: int) -> str:
        return next((word for word in self.turned() if len(word) <= limit), "<b id=piege>")

    def joined(self, limit: int) -> str:
        """As many as fit."""
        said = ""
        for word in self.turned():
            said = f"{said} {word}" if said and len(said) + len(word) < limit else said or word[:limit]
        return said


def plainly(name: str) -> str:
    """All rows of a list have the same fields."""
    return re.sub(r"^(r|contacts-)\d+-", r"\1-", name)


def shape_asked(one: Control) -> str:
    return next((shape for shape, names in SHAPES.items() if one.kind == shape or names.search(one.name)), "")


def shape_of(address: str) -> tuple[str, tuple[str, ...]]:
    names = (name for name, _value in parse_qsl(urlsplit(address).query, keep_blank_values=True))
    return route_of(address), tuple(sorted(names))


def list_field_names(form: Form) -> set[str]:
    """A page may hold several forms that lead to one address."""
    return {plainly(one.name) for one in form.written}


def refused_by(response: Answer, form: Form) -> set[str]:
    """The names of the fields that the answer finds wrong; of all, where it names none."""
    if response.status_code in (302, 303) or response.tree is None:
        return set()
    marks = response.tree.css("[aria-invalid=true], .errorlist, .errornote, .errors, .field--wrong")
    if response.status_code == 200 and not marks:
        return set()
    targets = {(one.attributes.get("href") or "")[1:] for one in response.tree.css('a[href^="#id_"], .errors a[href]')}
    names = {one.name for one in form.written if any(is_at(one, target) for target in targets)}
    names |= {one.attributes.get("name") or "" for one in response.tree.css("[aria-invalid=true][name]")}
    names &= {one.name for one in form.written}
    return names or {one.name for one in form.written} or {"?"}


def is_at(one: Control, target: str) -> bool:
    """A complaint about a moment leads to its day."""
    at = one.node.attributes.get("id") or f"id_{one.name}"
    return at == target or (target.endswith("_date") and at == target.removesuffix("_date") + "_time")
