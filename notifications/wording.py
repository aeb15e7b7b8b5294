"""Words of strangers, made harmless in a mail, and lines set for a narrow screen."""

import re
import textwrap

from incidents.text import defanged

WIDTH = 72
ADDRESS = re.compile(r"[\w.+-]+@[\w.-]+")
BLANK_LINES = re.compile(r"\n{3,}")
QUOTE = "> "
MARKER = re.compile(r"(- |\d\. )")


def inert(text: str) -> str:
    """One line that no mail program makes clickable: `hxxp://exemple[.]fr`. A bare mail address stays as it is."""
    line = " ".join("".join(c if c.isprintable() else " " for c in text).split())
    return line if ADDRESS.fullmatch(line) else defanged(line)


def quoted(text: str) -> str:
    """Each line as a quotation, so that nothing a stranger wrote can pass for ours."""
    return "\n".join(QUOTE + inert(line) for line in text.splitlines())


def set_in_lines(text: str) -> str:
    """At most 72 columns: list items keep their indent, quotations their mark, addresses stay whole."""
    lines = (piece for line in text.strip().splitlines() for piece in pieces(line.rstrip()))
    return BLANK_LINES.sub("\n\n", "\n".join(lines)) + "\n"


def pieces(line: str) -> list[str]:
    is_quotation = line.startswith(QUOTE)
    indent = QUOTE if is_quotation else " " * len(marker[0]) if (marker := MARKER.match(line)) else ""
    wrapped = textwrap.wrap(
        line, WIDTH, subsequent_indent=indent, break_long_words=is_quotation, break_on_hyphens=False
    )
    return wrapped or [line]


def counted(number: int) -> str:
    """4210 → « 4 210 »."""
    return f"{number:,}".replace(",", "\N{NARROW NO-BREAK SPACE}")
