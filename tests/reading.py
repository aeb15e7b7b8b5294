"""What a page says, as a person reads it."""

import re
from html import unescape

from tests.responses import Response

NBSP = "\N{NO-BREAK SPACE}"


def text(response: Response) -> str:
    """Return the words without markup, as a person reads them."""
    bare = re.sub(r"<[^>]+>", " ", response.content.decode())
    return " ".join(bare.replace("&nbsp;", " ").replace(NBSP, " ").split())


def text_of(response: Response) -> str:
    """Return the markup with each run of spaces, no-break spaces among them, as one space."""
    return " ".join(response.content.decode().replace("&nbsp;", " ").split())


def link_to(response: Response, rel: str) -> str | None:
    """Return the address of the link drawn with this `rel`, such as "next"; None if the page draws none."""
    match = re.search(rf'<a rel="{rel}" href="([^"]*)"', response.content.decode())
    return match and unescape(match[1])


def hidden(response: Response, name: str) -> str:
    """Return the value of the hidden field of this name."""
    return re.search(rf'name="{name}" value="([^"]*)"', response.content.decode())[1]
