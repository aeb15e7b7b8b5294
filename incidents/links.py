"""Links in the messages of a centre to a declarant. An address becomes a link only if its website is in a list. Any
other address is defanged.

The list contains the official websites that this software includes, this website itself, the published website of the
centre, and the websites that the lead of the centre added. No text of a declarant ever becomes a link.
"""

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple
from urllib.parse import urlsplit

from django.conf import settings

from csirts.models import Csirt

FILE = Path(__file__).parent / "data" / "official-sites.json"
OFFICIAL_HOSTS = frozenset(json.loads(FILE.read_text(encoding="utf-8"))["hosts"])
WEB_ADDRESS = re.compile(r"https://[^\s<>\"«»]+")
# Characters that end a sentence and do not belong to the address before them.
TRAILING_CHARACTERS = ".,;:!?)…\N{NO-BREAK SPACE}\N{NARROW NO-BREAK SPACE}"


class TextPart(NamedTuple):
    """A part of a text. If `is_link` is true, the whole part is the address of a website in the list."""

    text: str
    is_link: bool = False


def list_linkable_hosts(csirt: Csirt | None) -> frozenset[str]:
    """Return the hosts to which a message of this centre may link. Without a centre, only the hosts of this software
    count.
    """
    own = {find_link_host(settings.SITE_URL)}
    if csirt:
        own |= {find_link_host(csirt.website), *csirt.sites}
    return OFFICIAL_HOSTS | (own - {""})


def split_links(text: str, hosts: frozenset[str]) -> Iterator[TextPart]:
    """Split the text into links to these hosts and the text between them. Yield all parts in their order."""
    end = 0
    for match in WEB_ADDRESS.finditer(text):
        address = match[0].rstrip(TRAILING_CHARACTERS)
        if find_link_host(address) in hosts:
            yield TextPart(text[end : match.start()])
            yield TextPart(address, is_link=True)
            end = match.start() + len(address)
    yield TextPart(text[end:])


def find_link_host(address: str) -> str:
    """Return the host of a web address. Return "" if the address has a user name or a password, or if the text is no
    web address.
    """
    try:
        split = urlsplit(address)
        host, port = split.hostname or "", split.port
    except ValueError:
        return ""
    is_plain = split.scheme in ("https", "http") and split.netloc.lower() in (host, f"{host}:{port}")
    return host if is_plain else ""
