"""Words of strangers, made harmless in a mail, and lines set for a narrow screen."""

import re
import textwrap

from incidents.links import split_links
from incidents.text import defanged

WIDTH = 72
ADDRESS = re.compile(r"[\w.+-]+@[\w.-]+")
BLANK_LINES = re.compile(r"\n{3,}")
QUOTE = "> "
WHOLE_ADDRESS = re.compile(r"\bhttps://")
MARKER = re.compile(r"(- |\d\. )")


def inert(text: str) -> str:
    """One line that no mail program makes clickable: `hxxp://exemple[.]fr`. A bare mail address stays as it is."""
    line = " ".join("".join(c if c.isprintable() else " " for c in text).split())
    return line if ADDRESS.fullmatch(line) else defanged(line)


def quoted(text: str, hosts: frozenset[str] = frozenset()) -> str:
    """Each line as a quotation, so that nothing a stranger wrote can pass for ours.

    `hosts`: of a centre's own words, the sites to which they may lead (`incidents.links`).
    """
    return "\n".join(QUOTE + inert_but(line, hosts) for line in text.splitlines())


def inert_but(line: str, hosts: frozenset[str]) -> str:
    """The same as `inert`, but for addresses of these sites, which stay whole."""
    parts = list(split_links(line, hosts)) if hosts else []
    if not any(part.is_link for part in parts):
        return inert(line)
    spaced = (part.text if part.is_link else inert_within(part.text) for part in parts)
    return " ".join("".join(spaced).split())


def inert_within(text: str) -> str:
    """As `inert`, of a piece of a line: the space at its ends stays."""
    before, after = text[:1].isspace() * " ", text[-1:].isspace() * " "
    return f"{before}{inert(text)}{after}"


def set_in_lines(text: str) -> str:
    """At most 72 columns: list items keep their indent, quotations their mark, addresses stay whole."""
    lines = (piece for line in text.strip().splitlines() for piece in pieces(line.rstrip()))
    return BLANK_LINES.sub("\n\n", "\n".join(lines)) + "\n"


def pieces(line: str) -> list[str]:
    is_quotation = line.startswith(QUOTE)
    indent = QUOTE if is_quotation else " " * len(marker[0]) if (marker := MARKER.match(line)) else ""
    wrapped = textwrap.wrap(
        line,
        WIDTH,
        subsequent_indent=indent,
        # What a stranger wrote is never a whole address (`inert`): one that stands here stays in one piece.
        break_long_words=is_quotation and not WHOLE_ADDRESS.search(line),
        break_on_hyphens=False,
    )
    return wrapped or [line]


def counted(number: int) -> str:
    """4210 → « 4 210 »."""
    return f"{number:,}".replace(",", "\N{NARROW NO-BREAK SPACE}")
