"""French typography for mails."""

import re

# With an ordinary space before a punctuation mark, or after « , a line break could separate the mark from its word.
BEFORE_MARK = re.compile(r"(?<=\S) (?=[:;!?»])|(?<=«) ")
QUOTED = ">"


def with_french_spaces(text: str) -> str:
    """Return the text with a no-break space between each punctuation mark and its word. Quoted lines (`>`) do not
    change.
    """
    lines = text.split("\n")
    return "\n".join(
        line if line.startswith(QUOTED) else BEFORE_MARK.sub("\N{NO-BREAK SPACE}", line) for line in lines
    )
