"""A visitor who checks that each page is harmless, follows its links and fills in its forms with hostile texts.

Forms are read from the page, so that a new field needs no change here.
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
from incidents.questions.catalogue import get_current_version
from tests import harmless
from tests.hostile import MAILBOXES
from tests.responses import Response

WRITTEN = {"", "text", "search", "email", "tel", "url", "number", "date", "time", "datetime-local"}
# Answers that leave nothing to say, or that contradict every other choice of their question.
UNTICKED_VALUES = {"nsp", "unknown"} | {
    question.alone for section in get_current_version().sections for question in section.questions if question.alone
}
UNTICKED = re.compile(r"(nsp|gone|no_siren|DELETE|initial-\w+)$")  # checkboxes that remove an answer
NAME_PATTERNS = {"email": "email", "tel": "phone", "date": "_date|-date|_on$", "time": "_time|-time"}
SHAPE_PATTERNS = {shape: re.compile(sign) for shape, sign in NAME_PATTERNS.items()}
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
        return not is_number and "__prefix__" not in self.name and find_shape(self) not in ("date", "time")


class Form(NamedTuple):
    address: str
    method: str
    controls: list[Control]

    @property
    def written(self) -> list[Control]:
        return [control for control in self.controls if control.is_written]

    @property
    def route(self) -> str:
        return find_route_of(self.address)


class Answer(Response):
    """A response that a visitor has read."""

    tree: LexborHTMLParser | None  # None if the response is no page
    address: str
    forms: list[Form]


def find_route_of(address: str) -> str:
    return resolve_route(urlsplit(address).path)


@cache
def resolve_route(path: str) -> str:
    return resolve(path).route


def list_forms(tree: LexborHTMLParser, address: str) -> list[Form]:
    return [parse_form(node, address) for node in tree.css("form")] + [
        parse_button_form(button, tree, address) for button in tree.css("button[form][formaction]")
    ]


def parse_button_form(button: LexborNode, tree: LexborHTMLParser, address: str) -> Form:
    """Return the form of a button that posts the controls around it to an address of its own."""
    place = button.parent
    while place.parent is not None and "data-form" not in place.attributes:
        place = place.parent
    around = place if "data-form" in place.attributes else button.parent
    nodes = [*tree.css(f"form#{button.attributes['form']} input[name]"), *around.css(CONTROLS)]
    action = urljoin(address, button.attributes["formaction"]).partition("#")[0]
    return Form(action, "post", [parse_control(inner) for inner in nodes])


def parse_form(node: LexborNode, address: str) -> Form:
    action = urljoin(address, node.attributes.get("action") or address).partition("#")[0]
    method = (node.attributes.get("method") or "get").lower()
    controls = [parse_control(child) for child in node.css(CONTROLS)]
    return Form(action, method, controls)


def parse_control(node: LexborNode) -> Control:
    attributes = node.attributes
    kind = (attributes.get("type") or "").lower() if node.tag == "input" else node.tag or ""
    limit = int(attributes.get("maxlength") or (LONGEST if kind == "textarea" else LONGEST_LINE))
    value = node.text() if kind == "textarea" else attributes.get("value")
    if kind == "select":
        chosen = node.css_first("option[selected]") or node.css_first("option")
        value = chosen.attributes.get("value") if chosen else ""
    return Control(attributes.get("name") or "", kind, value or "", limit, node)


class Log:
    """The routes and the fields that several visitors have met."""

    def __init__(self) -> None:
        self.read: set[str] = set()  # routes whose response was read
        self.answered: set[str] = set()  # routes that answered 200
        self.public: set[str] = set()  # public routes, which one visitor has read for the others
        self.form_routes: set[str] = set()  # routes to which a form is sent
        self.met: dict[tuple[str, str], tuple[Visitor, Form, Control]] = {}  # fields shown, with their form
        self.kept: set[tuple[str, str]] = set()  # fields that accepted hostile text
        self.sent: set[str] = set()  # routes whose form was sent

    def list_untouched_fields(self) -> set[tuple[str, str]]:
        """Return the text fields of posted forms that were shown and accepted no hostile text."""
        posted = {key: control for key, (_visitor, form, control) in self.met.items() if form.method == "post"}
        return {key for key, control in posted.items() if control.is_for_words} - self.kept


class Visitor:
    """A visitor with some hostile `words`. Each field starts with another of them."""

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
        answer.tree = harmless.check_response(response)
        answer.address = address
        answer.forms = list_forms(answer.tree, address) if answer.tree else []
        self.log.read.add(find_route_of(address))
        self.log.answered |= {find_route_of(address)} if answer.status_code == 200 else set()
        self.log.form_routes |= {form.route for form in answer.forms}
        for form in answer.forms:
            self.log.met |= {
                (form.route, strip_row_number(control.name)): (self, form, control) for control in form.written
            }
        return answer

    def crawl(self, *starts: str, most: int = 2) -> Counter[tuple[str, tuple[str, ...]]]:
        """Follow links and searches, each route and set of parameters at most `most` times. Return the number of
        visits of each.
        """
        waiting, visits = [*starts], Counter[tuple[str, tuple[str, ...]]]()
        while waiting:
            address = waiting.pop()
            visits[key := make_visit_key(address)] += 1
            if visits[key] <= most and (key[0] not in self.log.public or address in starts):
                response = self.get(address)
                assert response.status_code < 500, address
                waiting += self.list_links(response)
        return visits

    def list_links(self, response: Answer) -> list[str]:
        if response.status_code in (301, 302, 303):
            return [urljoin(response.address, response["Location"])]
        if response.tree is None:
            return []
        links = [node.attributes.get("href") or "" for node in response.tree.css("a[href]")]
        links += [node.attributes.get("hx-get") or "" for node in response.tree.css("[hx-get]")]
        searches = [self.search(form) for form in response.forms if form.method == "get" and form.written]
        links = [urljoin(response.address, link.partition("#")[0]) for link in links] + searches
        return [link for link in links if link.startswith("/") and not link.startswith(("/static/", "//"))]

    def search(self, form: Form) -> str:
        """Return the address of a search, as a browser builds it."""
        query = {control.name: self.first_word(control.limit) for control in form.written}
        return Client().get("/", query).wsgi_request.get_full_path().replace("/", urlsplit(form.address).path, 1)

    # SectionEdit

    def fill(self, address: str, *, to: str = "", leave: str = "", **fields: Any) -> Answer:
        """Post the form of that page with the most text fields, of those whose address ends with `to`. Return the
        response.

        `fields` are posted as they are, and the controls whose name begins with `leave` as the page shows them. A
        field that refuses hostile text gets milder text, then plain text.
        """
        page = self.get(address)
        assert page.status_code == 200, (page.status_code, address)
        posts = [form for form in page.forms if form.method == "post" and form.address.endswith(to)]
        form = max(posts, key=lambda post: len(post.written))
        left_alone = [control for control in form.controls if leave and control.name.startswith(leave)]
        fields |= {control.name: control.value for control in left_alone}
        mildness: defaultdict[str, int] = defaultdict(int)
        for _attempt in range(8):
            response = self.send(form, mildness, fields)
            if response.status_code == 303 and "erreur=oui" in response["Location"]:  # to the errors of the screen
                response = self.get(urljoin(form.address, response["Location"]))
            if not (refused := find_refused_fields(response, form)):
                hostile = (control for control in form.written if self.is_hostile(control, mildness, fields))
                self.log.kept |= {(form.route, strip_row_number(control.name)) for control in hostile}
                return response
            for name in refused - set(fields):
                mildness[name] += 1
            same = (other for other in response.forms if other.route == form.route)
            names = list_field_names(form)
            form = next((other for other in same if list_field_names(other) == names), form)
        raise AssertionError(f"{form.address} refuses {refused}: {harmless.read_page_text(response.tree)}")  # type: ignore[arg-type]

    def send_remaining_forms(self) -> None:
        """Post once each form that this visitor has met and nobody has posted. The site may refuse it, if the response
        is harmless.
        """
        own_forms = [form for visitor, form, _control in self.log.met.values() if visitor is self]
        for form in own_forms:
            if form.method == "post" and form.route not in self.log.sent:
                self.send(form, defaultdict(int), {})

    def send(self, form: Form, mildness: defaultdict[str, int], fields: dict[str, Any]) -> Answer:
        """Post a form by its first button, as the Enter key does."""
        data: dict[str, list[str]] = {}
        buttons = [control for control in form.controls if control.kind == "button"]
        for control in [control for control in form.controls if control.name and control not in buttons[1:]]:
            if (value := self.choose_value(control, mildness)) is not None:
                data.setdefault(control.name, [])
                data[control.name] += [value] if control.kind != "radio" or not data[control.name] else []
        self.log.sent.add(form.route)
        response = self.client.post(form.address, data | fields)
        return self.read(response, form.address)

    def choose_value(self, control: Control, mildness: defaultdict[str, int]) -> str | None:
        if control.is_written:
            return self.choose_text(control, mildness[control.name])
        if control.kind in ("checkbox", "radio"):
            is_ticked = not UNTICKED.search(control.name) and control.value not in UNTICKED_VALUES
            return (control.value or "on") if is_ticked else None
        return control.value if control.kind in ("hidden", "select", "button") else None

    def choose_text(self, control: Control, mildness: int) -> str:
        values = self.list_values(control)
        return values[min(mildness, len(values) - 1)]

    def list_values(self, control: Control) -> list[str]:
        """Return the values to try in a field, from all hostile texts to none."""
        all_words = ["\n".join(self.rotate_words())] if control.kind == "textarea" else []
        return [*all_words, self.join_words(control.limit), *self.list_shaped_values(control)]

    def is_hostile(self, control: Control, mildness: defaultdict[str, int], fields: dict[str, Any]) -> bool:
        if control.name in fields:
            return any(" ".join(word.split()) in fields[control.name] for word in self.words)
        return mildness[control.name] < len(self.list_values(control)) - 1

    def list_shaped_values(self, control: Control) -> list[str]:
        """Return hostile values of the shape that the field asks for, and last a plain one."""
        match find_shape(control):
            case "email":
                return [MAILBOXES[next(self.turn) % len(MAILBOXES)], "mairie@plouexemple.example"]
            case "tel":
                return [f"02 99 00 00 00, {self.first_word(24)}", "02 99 00 00 00"]
            case "date" | "time" as shape:
                return ["2026-01-02" if shape == "date" else ""]
        if not control.is_for_words:
            return ["3"]
        return [self.first_word(min(control.limit, SHORT)), "<b id=piege>gras</b>", ""]

    def rotate_words(self) -> list[str]:
        at = next(self.turn)
        return [*self.words[at:], *self.words[:at]]

    def first_word(self, limit: int) -> str:
        return next((word for word in self.rotate_words() if len(word) <= limit), "<b id=piege>")

    def join_words(self, limit: int) -> str:
        """Return as many texts as fit into `limit` characters."""
        text = ""
        for word in self.rotate_words():
            text = f"{text} {word}" if text and len(text) + len(word) < limit else text or word[:limit]
        return text


def strip_row_number(name: str) -> str:
    """Return the name of a field without the number of its row."""
    return re.sub(r"^(r|contacts-)\d+-", r"\1-", name)


def find_shape(control: Control) -> str:
    return next(
        (shape for shape, names in SHAPE_PATTERNS.items() if control.kind == shape or names.search(control.name)), ""
    )


def make_visit_key(address: str) -> tuple[str, tuple[str, ...]]:
    names = (name for name, _value in parse_qsl(urlsplit(address).query, keep_blank_values=True))
    return find_route_of(address), tuple(sorted(names))


def list_field_names(form: Form) -> set[str]:
    """Return the names of a form's fields, which distinguish it from other forms with the same address."""
    return {strip_row_number(control.name) for control in form.written}


def find_refused_fields(response: Answer, form: Form) -> set[str]:
    """Return the names of the fields that the response marks as wrong, or of all fields if it names none."""
    if response.status_code in (302, 303) or response.tree is None:
        return set()
    marks = response.tree.css("[aria-invalid=true], .errorlist, .errornote, .errors, .field--wrong")
    if response.status_code == 200 and not marks:
        return set()
    links = response.tree.css('a[href^="#id_"], .errors a[href]')
    targets = {(link.attributes.get("href") or "")[1:] for link in links}
    written = {control.name for control in form.written}
    names = {control.name for control in form.written if any(is_error_target(control, target) for target in targets)}
    names |= {node.attributes.get("name") or "" for node in response.tree.css("[aria-invalid=true][name]")}
    return names & written or written or {"?"}


def is_error_target(control: Control, target: str) -> bool:
    """Tell whether an error link goes to this control. An error about a moment links to its date."""
    at = control.node.attributes.get("id") or f"id_{control.name}"
    return at == target or (target.endswith("_date") and at == target.removesuffix("_date") + "_time")
