"""French typography for mails."""

import re

# With an ordinary space before a punctuation mark, or after « , a line break could separate the mark from its word.
SPACE_AT_PUNCTUATION = re.compile(r"(?<=\S) (?=[:;!?»])|(?<=«) ")
QUOTE_PREFIX = ">"


def set_no_break_spaces(text: str) -> str:
    """Return the text with a no-break space between each punctuation mark and its word. Quoted lines (`>`) do not
    change.
    """
    lines = text.split("\n")
    return "\n".join(
        line if line.startswith(QUOTE_PREFIX) else SPACE_AT_PUNCTUATION.sub("\N{NO-BREAK SPACE}", line)
        for line in lines
    )
