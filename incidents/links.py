"""Links that a centre writes to a declarant: whole where their site is listed, broken like any other where it is not.

Listed are the official sites that this software ships, this site itself, and for each centre its published site and
those that its lead listed as its own. Nothing that a declarant writes is ever a link.
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
OFFICIAL = frozenset(json.loads(FILE.read_text(encoding="utf-8"))["hosts"])
ADDRESS = re.compile(r"https://[^\s<>\"«»]+")
# What ends a sentence is no part of an address.
AFTER = ".,;:!?)…\N{NO-BREAK SPACE}\N{NARROW NO-BREAK SPACE}"


class Part(NamedTuple):
    """A piece of a text: `is_link` only where the whole of it is an address of a listed site."""

    text: str
    is_link: bool = False


def listed_hosts(csirt: Csirt | None) -> frozenset[str]:
    """Return the sites to which a message of this centre may lead."""
    own = {host_of(settings.SITE_URL)}
    if csirt:
        own |= {host_of(csirt.website), *csirt.sites}
    return OFFICIAL | (own - {""})


def split_links(text: str, hosts: frozenset[str]) -> Iterator[Part]:
    """Yield the text in pieces that together are the whole of it."""
    end = 0
    for found in ADDRESS.finditer(text):
        address = found[0].rstrip(AFTER)
        if host_of(address) in hosts:
            yield Part(text[end : found.start()])
            yield Part(address, is_link=True)
            end = found.start() + len(address)
    yield Part(text[end:])


def host_of(address: str) -> str:
    """Return the host of an https address that has nothing else before its path; empty for any other."""
    try:
        split = urlsplit(address)
        host, port = split.hostname or "", split.port
    except ValueError:
        return ""
    is_plain = split.scheme in ("https", "http") and split.netloc.lower() in (host, f"{host}:{port}")
    return host if is_plain else ""
