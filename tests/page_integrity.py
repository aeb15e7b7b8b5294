"""A check that a page is whole: its ids and the references to them, its links and buttons, its title and heading.

`tests/conftest.py` calls it for each page that the client of a test receives. A broken page therefore fails the test
that opened it, whatever that test asserts. The parser is that of a browser engine: most pages take half a millisecond.
"""

import re
from collections.abc import Iterator
from functools import lru_cache
from urllib.parse import urlsplit

from django.urls import Resolver404, resolve
from selectolax.lexbor import LexborHTMLParser, LexborNode

from incidents.triage.acts import ACTS
from tests.responses import Response

# Attributes that contain ids of the page, separated by spaces.
REFERENCES = (
    *("for", "form", "list", "headers", "aria-activedescendant", "aria-controls", "aria-describedby"),
    *("aria-details", "aria-errormessage", "aria-labelledby", "aria-owns"),
)
NAMES = ("aria-label", "aria-labelledby", "title")
# What a page shows when a template lacks a value.
LEAK = re.compile(r"(?<!\S)(?:None|\[\])(?!\S)")
UNUSABLE = ("", "#")


def check_page(response: Response) -> None:
    """Raise AssertionError with all that is broken on the page. A response that is not HTML passes."""
    is_html = response.headers.get("Content-Type", "").startswith("text/html")
    if is_html and not response.streaming and "Content-Encoding" not in response.headers:
        problems = list_problems(response.content)
        assert not problems, f"{response.request['PATH_INFO']}: {'; '.join(problems)}"


def list_problems(page: bytes) -> list[str]:
    """Return what is broken on the page. A fragment, which a script inserts into a page, may refer to ids of that
    page.
    """
    tree = LexborHTMLParser(page)
    for link in tree.css("a.cancel-link"):
        link.decompose()  # of Django's page that confirms a deletion: its script goes back in the history
    ids = [node.attributes["id"] or "" for node in tree.css("[id]")]
    problems = [*list_repeated_ids(ids), *list_nameless(tree), *list_empty_names(tree)]
    problems += [*list_dead_addresses(tree), *list_leaks(tree)]
    if page[:100].lstrip().lower().startswith(b"<!doctype html"):
        problems += [*list_dangling_references(tree, {*ids}), *list_missing_titles(tree)]
    return problems


def list_repeated_ids(ids: list[str]) -> Iterator[str]:
    if len({*ids}) < len(ids):
        yield from (f"id {id_!r} is there twice" for id_ in sorted({*ids}) if ids.count(id_) > 1)


def list_dangling_references(tree: LexborHTMLParser, ids: set[str]) -> Iterator[str]:
    for name in REFERENCES:
        for node in tree.css(f"[{name}]"):
            yield from (f"{name}={id_!r} has no id" for id_ in (node.attributes[name] or "").split() if id_ not in ids)
    for node in tree.css("a[href^='#']"):
        target = (node.attributes["href"] or "")[1:]
        if target not in ids:
            yield f"#{target} has no id"


def list_nameless(tree: LexborHTMLParser) -> Iterator[str]:
    """Yield the links and buttons that a screen reader cannot name."""
    yield from (f"{node.html} has no name" for node in tree.css("a, button") if not has_name(node))


def has_name(node: LexborNode) -> bool:
    return bool(
        node.text().strip()
        or any(node.attributes.get(name) for name in NAMES)
        or any(image.attributes["alt"] for image in node.css("img[alt]"))
    )


def list_empty_names(tree: LexborHTMLParser) -> Iterator[str]:
    """Yield the fields whose name is empty, as when a template reads a name that is missing.

    No form sends their value.
    """
    yield from (f"{node.html} has an empty name" for node in tree.css("[name='']"))


def list_dead_addresses(tree: LexborHTMLParser) -> Iterator[str]:
    """Yield the links without an address and the forms that no view receives. `action=""` is the page itself."""
    yield from (f"{node.html} leads nowhere" for node in tree.css("a[href]") if node.attributes["href"] in UNUSABLE)
    for name in ("action", "formaction"):
        for node in tree.css(f"[{name}^='/']"):
            path = urlsplit(node.attributes[name] or "").path
            if not has_view(path):
                yield f"{name}={path!r} has no view"


@lru_cache(maxsize=4096)
def has_view(path: str) -> bool:
    """Tell whether a view receives this path. One view receives all acts on a case, and knows them by their code."""
    try:
        match = resolve(path)
    except Resolver404:
        return False
    return "act" not in match.kwargs or match.kwargs["act"] in ACTS


def list_leaks(tree: LexborHTMLParser) -> Iterator[str]:
    for node in tree.css("dd, td, a"):
        yield from (f"{leak} is written in {node.html}" for leak in LEAK.findall(node.text(separator=" ")))


def list_missing_titles(tree: LexborHTMLParser) -> Iterator[str]:
    headings = len(tree.css("h1"))
    if headings != 1:
        yield f"the page has {headings} h1"
    if not any(title.text().strip() for title in tree.css("head > title")):
        yield "the page has no title"
