"""Checks that a response with hostile text in it is harmless. A page is read by the parser of a browser engine.

Each function raises AssertionError with what is wrong and where.
"""

import io
import json
import re
from functools import cache
from pathlib import Path
from typing import Any
from urllib.parse import unquote
from xml.etree import ElementTree

import django
import pypdf
from selectolax.lexbor import LexborHTMLParser, LexborNode

from tests.backend import ROOT
from tests.hostile import COMPUTED, MARK
from tests.post import Mail
from tests.responses import Response

# Controls except tab and line ends, characters of reading order, line separators: no reader may receive them raw.
RAW = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069]")
LEADING = (
    "href",
    "src",
    "action",
    "formaction",
    "data",
    "poster",
    "ping",
    "background",
    "cite",
    "xlink:href",
    "hx-get",
)
OURS = re.compile(r"(/(?![/\\])|\?|#|$|tel:[+0-9 ]*$|mailto:|otpauth://totp/|http://localhost:8000/|\.)")
# Attributes whose value is text that people read.
WORDED = ("value", "title", "aria-label", "placeholder", "content", "alt")
NEVER = ("style", "srcdoc", "srcset", "is", "slot", "manifest", "http-equiv")
UNWRITTEN = ("template", "iframe", "object", "embed", "base", "style", "math", "noscript", "frame", "applet")
# Elements of icons, and attributes that widgets and icons add to those of the templates.
DRAWN = "svg g path circle ellipse line polyline rect"
ADDED = """
    inputmode cols rows media colspan download spellcheck step min max minlength autocapitalize size required checked
    selected disabled readonly multiple autofocus open hidden defer async novalidate reversed fill stroke stroke-width
    d cx cy r x y x1 x2 y1 y2 rx ry transform width height points viewbox xmlns shape-rendering version
"""
INNER = re.compile(r"\{%.*?%\}|\{\{.*?\}\}|\{#.*?#\}", re.DOTALL)

# Types of files that browsers save and do not display.
SAVED = (
    "application/pdf",
    "application/octet-stream",
    "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
    "application/zip",
    "text/csv",
    "text/markdown",
    "text/x-python",
)


@cache
def list_vocabulary() -> tuple[set[str], set[str]]:
    """Return the elements and the attributes that appear in our templates and Django's, with those that our widgets
    add.
    """
    homes = [*ROOT.glob("*/templates"), *ROOT.glob("*/*/templates")]
    homes += [Path(django.__file__).parent / part for part in ("contrib/admin/templates", "forms/templates")]
    elements, attributes = {"html", "head", "body", "tbody"}, {*WORDED, *LEADING}
    for template in (path for home in homes for path in home.rglob("*.html")):
        text = INNER.sub(" ", template.read_text())
        elements |= {name.lower() for name in re.findall(r"<([a-zA-Z][\w-]*)", text)}
        attributes |= {name.lower() for name in re.findall(r"[\s\"']([a-zA-Z][\w:-]*)(?==)", text)}
    elements |= set(DRAWN.split())
    attributes |= set(ADDED.split())
    return elements - set(UNWRITTEN), {name for name in attributes if not name.startswith("on")} - set(NEVER)


def check_page(text: str) -> LexborHTMLParser:
    """Check that a page has only elements and attributes of templates, no script and no link to another site."""
    tree = LexborHTMLParser(text)
    for node in tree.root.traverse(include_text=True):
        if node.tag == "-text":
            check_text(node.text_content or "")
        elif not node.tag.startswith("-"):
            check_element(node)
    assert not COMPUTED.search(text), "a template was evaluated"
    return tree


def check_element(node: LexborNode) -> None:
    elements, attributes = list_vocabulary()
    assert node.tag in elements, f"no template writes {quote(node)}"
    for name, value in ((name.lower(), value or "") for name, value in node.attributes.items()):
        assert name in attributes or name.startswith(("data-", "aria-")), f"no template writes {name}: {quote(node)}"
        check_text(value)
        if name in LEADING:
            assert OURS.match(value) or is_known_address(value), f"leads away: {quote(node)}"
        elif name not in WORDED and not name.startswith(("data-", "aria-")):
            assert MARK not in value, quote(node)
    if node.tag == "script" and node.attributes.get("type") != "application/json":
        assert (node.attributes.get("src") or "").startswith(("/static/", "/admin/jsi18n/")), quote(node)
        assert not node.text().strip(), quote(node)


def quote(node: LexborNode) -> str:
    return node.html[:200]


@cache
def is_known_address(address: str) -> bool:
    """Tell whether an address appears in the code or in its data."""
    if not address.startswith(("https://", "http://", "data:image/")) or MARK in address:
        return False
    kinds = ("*.html", "*.py", "*.json")
    homes = [path for path in ROOT.iterdir() if path.is_dir() and path.name[0] != "." and path.name != "tests"]
    return any(address in path.read_text() for home in homes for kind in kinds for path in home.rglob(kind))


def check_text(words: str) -> None:
    """Check that a text contains no raw invisible character."""
    match = RAW.search(words)
    assert not match, f"{match[0]!r} is shown raw in {words[max(0, match.start() - 40) : match.end() + 40]!r}"


def check_headers(response: Response) -> None:
    """Check that headers contain no user's text except an ASCII file name, and that their types and policies run
    nothing.
    """
    for name, value in response.items():
        assert value.isprintable(), f"{name}: {value!r}"
        if name != "Content-Disposition":
            assert MARK not in unquote(value), f"{name}: {value!r}"
    if location := response.get("Location"):
        assert re.match(r"(http://testserver)?/(?![/\\])", location) or location.startswith("?"), location
    kind = response.get("Content-Type", "").lower()
    assert not kind.startswith("text/") or re.search(r"charset=\"?utf-8", kind), kind
    assert response.get("X-Content-Type-Options") == "nosniff"
    policy = response.get("Content-Security-Policy", "")
    assert "unsafe" not in policy
    assert "default-src" in policy, "no policy"


def check_response(response: Response) -> LexborHTMLParser | None:
    """Check a response by its type. Return the tree of a page, and None for other types."""
    check_headers(response)
    kind = response.get("Content-Type", "").partition(";")[0]
    if kind == "text/html":
        return check_page(response.content.decode())
    if kind in ("application/json", "application/problem+json"):
        check_json(json.loads(response.content))
    elif kind == "application/atom+xml":
        check_feed(response.content)
    elif kind not in ("application/vnd.oai.openapi", "text/javascript") and (response.streaming or response.content):
        check_file(response, kind)
    return None


def check_feed(content: bytes) -> None:
    for node in ElementTree.fromstring(content).iter():  # noqa: S314 (our own)
        check_text(node.text or "")
        assert OURS.match(node.attrib.get("href", "#")), node.attrib


def check_json(data: Any) -> None:
    match data:
        case str():
            check_text(data)
        case dict():
            for name, value in data.items():
                check_text(name)
                check_json(value)
        case list():
            for value in data:
                check_json(value)


def check_file(response: Response, kind: str) -> None:
    """Check a download, which must be an attachment of a type that runs nothing, under a plain name."""
    content = response.getvalue()
    disposition = response["Content-Disposition"]
    assert disposition.startswith("attachment; filename"), disposition
    assert disposition.isascii()
    name = unquote(disposition.partition("=")[2].removeprefix("utf-8''").strip('"'))
    check_text(name)
    assert not set(name) & set('/\\:*?"<>|%\n\r\t'), name
    assert kind in SAVED, kind
    if kind == "application/pdf":
        check_pdf(content)


def check_pdf(content: bytes) -> str:
    """Check that a PDF does nothing when it is opened and has no link from a user's text. Return its text."""
    reader = pypdf.PdfReader(io.BytesIO(content))
    active = {"/JavaScript", "/JS", "/Launch", "/AA", "/OpenAction", "/EmbeddedFile", "/SubmitForm", "/RichMedia"}
    for number in range(1, len(reader.xref_objStm) + sum(map(len, reader.xref.values())) + 1):
        dictionary = reader.get_object(pypdf.generic.IndirectObject(number, 0, reader))
        if isinstance(dictionary, pypdf.generic.DictionaryObject):
            assert not active & {*dictionary, dictionary.get("/S"), dictionary.get("/Subtype")}, dictionary
            assert MARK not in str(dictionary.get("/URI", "")), dictionary
    words = "\n".join(page.extract_text() for page in reader.pages)
    assert "root:x:" not in words
    assert not COMPUTED.search(words), "a template was evaluated"
    return words


def check_mail(message: Mail) -> str:
    """Check a mail as a mail server received it. Return its text."""
    allowed = {"subject", "from", "to", "date", "message-id", "auto-submitted", "mime-version"}
    allowed |= {"content-type", "content-transfer-encoding", "x-peer", "x-mailfrom", "x-rcptto"}
    assert {name.lower() for name in message.keys()} <= allowed, message.items()  # noqa: SIM118  (a mail is no dict)
    assert len(message.get_all("to", [])) == len(message.went_to) == 1
    body, *attached = message.iter_parts() if message.is_multipart() else [message]
    for part in attached:
        assert part.get_content_type() == "application/json"
        assert re.fullmatch(r"[0-9A-Z]{8}\.json", part.get_filename() or "")
        check_json(json.loads(part.get_content()))
    assert body.get_content_type() == "text/plain"
    words = body.get_content().replace("\r\n", "\n")
    for text in (message["Subject"], words):
        check_text(text)
        assert not re.search(rf"(?i)(https?://|www\.)[^\s]*{MARK}", text), f"a program makes a link of it: {text}"
        assert not COMPUTED.search(text), "a template was evaluated"
    return words


def read_page_text(tree: LexborHTMLParser) -> str:
    return " ".join(tree.body.text(separator=" ").split())[:1500]
