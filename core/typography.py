"""French typography for mails."""

import re

# An ordinary space before a punctuation mark, or after « , could leave the mark alone at the start or end of a line.
BEFORE_MARK = re.compile(r"(?<=\S) (?=[:;!?»])|(?<=«) ")
QUOTED = ">"


def with_french_spaces(text: str) -> str:
    """Put a no-break space between a punctuation mark and its word. Lines that quote somebody
    (`>`) are not changed.
    """
    lines = text.split("\n")
    return "\n".join(
        line if line.startswith(QUOTED) else BEFORE_MARK.sub("\N{NO-BREAK SPACE}", line) for line in lines
    )
