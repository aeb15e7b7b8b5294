"""The words of strangers, made harmless and wrapped as quotations in a mail."""

import re
import textwrap

from core.text import defang_links
from incidents.links import split_links

WIDTH = 72
ADDRESS = re.compile(r"[\w.+-]+@[\w.-]+")
BLANK_LINES = re.compile(r"\n{3,}")
QUOTE = "> "
INTACT_LINK_START = re.compile(r"\bhttps://")


def defang_line(text: str) -> str:
    """Return the text as one line in which no mail program finds a link: `hxxp://exemple[.]fr`. A text that is only a
    mail address does not change.
    """
    line = " ".join("".join(c if c.isprintable() else " " for c in text).split())
    return line if ADDRESS.fullmatch(line) else defang_links(line)


def quote_lines(text: str, hosts: frozenset[str] = frozenset()) -> str:
    """Return the text as a quotation, with each line marked and its links defanged.

    Thus the text of a stranger cannot pass for ours. `hosts` are the sites whose links stay clickable in the text of a
    centre (`incidents.links`).
    """
    return "\n".join(QUOTE + defang_unlisted_links(line, hosts) for line in text.splitlines())


def defang_unlisted_links(line: str, hosts: frozenset[str]) -> str:
    """Return the line as `defang_line` does, but with the links to `hosts` unchanged."""
    parts = list(split_links(line, hosts)) if hosts else []
    if not any(part.is_link for part in parts):
        return defang_line(line)
    texts = (part.text if part.is_link else defang_part(part.text) for part in parts)
    return " ".join("".join(texts).split())


def defang_part(text: str) -> str:
    """Return a part of a line as `defang_line` does, but keep a space at either end."""
    before, after = text[:1].isspace() * " ", text[-1:].isspace() * " "
    return f"{before}{defang_line(text)}{after}"


def wrap_quotations(text: str) -> str:
    """Return the text with its quotations wrapped at 72 columns, each line with its mark.

    The other lines stay whole, because mail programs fit them to the screen. A line cut at 72 columns would be ragged
    on a telephone.
    """
    lines = (part for line in text.strip().splitlines() for part in wrap_quotation(line.rstrip()))
    return BLANK_LINES.sub("\n\n", "\n".join(lines)) + "\n"


def wrap_quotation(line: str) -> list[str]:
    """Return the lines of a wrapped quotation, or the line itself if it is not a quotation."""
    if not line.startswith(QUOTE):
        return [line]
    # A whole address in a quotation belongs to the centre (`defang_unlisted_links`) and must not be cut.
    keep_address = INTACT_LINK_START.search(line) is not None
    return textwrap.wrap(
        line, WIDTH, subsequent_indent=QUOTE, break_long_words=not keep_address, break_on_hyphens=False
    ) or [line]
