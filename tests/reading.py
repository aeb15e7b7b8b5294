"""The text of a page, as a person reads it, and values of its markup."""

import re
from html import unescape

from selectolax.lexbor import LexborHTMLParser

from tests.responses import Response

NBSP = "\N{NO-BREAK SPACE}"


def read_text(response: Response) -> str:
    """Return the text of the page without markup, as a person reads it."""
    bare = re.sub(r"<[^>]+>", " ", response.content.decode())
    return " ".join(bare.replace("&nbsp;", " ").replace(NBSP, " ").split())


def read_markup(response: Response) -> str:
    """Return the markup with each run of spaces, no-break spaces too, as one space."""
    return " ".join(response.content.decode().replace("&nbsp;", " ").split())


def find_link(response: Response, rel: str) -> str | None:
    """Return the address of the link with this `rel`, such as "next"; None if the page has none."""
    match = re.search(rf'<a rel="{rel}" href="([^"]*)"', response.content.decode())
    return match and unescape(match[1])


def read_hidden_value(response: Response, name: str) -> str:
    """Return the value of the hidden field of this name."""
    return re.search(rf'name="{name}" value="([^"]*)"', response.content.decode())[1]


def read_field_errors(response: Response, name: str) -> list[str]:
    """Return the text of each error beside the control of this name."""
    tree = LexborHTMLParser(response.content.decode())
    errors = tree.css(f".field:has([name='{name}']) > .error")
    return [" ".join(error.text().replace(NBSP, " ").split()) for error in errors]


def list_descriptions(response: Response) -> dict[str, list[str]]:
    """Return, by the name of each control that has a description, the ids of its descriptions. Raise AssertionError if
    the page lacks one of them or has it twice: a screen reader would then not read it.
    """
    tree = LexborHTMLParser(response.content.decode())
    ids = [node.attributes["id"] for node in tree.css("[id]")]
    descriptions = {
        node.attributes["name"] or "": (node.attributes["aria-describedby"] or "").split()
        for node in tree.css("[name][aria-describedby]")
    }
    assert [id_ for names in descriptions.values() for id_ in names if ids.count(id_) != 1] == []
    return descriptions
