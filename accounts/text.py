"""How French is set where no page does it: in mails."""

import re

# An ordinary space before a mark, or after an opening one, may leave the mark alone at the end of a line.
BEFORE_MARK = re.compile(r"(?<=\S) (?=[:;!?»])|(?<=«) ")
QUOTED = ">"


def with_french_spaces(text: str) -> str:
    """No line may break between a mark and its word. Words of strangers, quoted, stay as they were written."""
    lines = text.split("\n")
    return "\n".join(
        line if line.startswith(QUOTED) else BEFORE_MARK.sub("\N{NO-BREAK SPACE}", line) for line in lines
    )
