"""The national message templates, and the replacement of placeholders in braces by the values of a case.

National messages are data (`data/messages.json`), and the messages of a centre are rows
(`services/library/templates.py`). Nothing is evaluated: a known placeholder is replaced once, and its value is
not searched for placeholders.
"""

import json
import re
from collections.abc import Collection, Mapping
from pathlib import Path
from typing import NamedTuple

from core.french import choose_plural, quote_words

FILE = Path(__file__).parent.parent / "data" / "messages.json"
PLACEHOLDERS: dict[str, str] = {
    "collectivite": "le nom de la collectivité",
    "reference": "la référence du dossier",
    "type": "ce qui arrive, d’après le type que le dossier a aujourd’hui",
    "centre": "le nom de votre centre",
    "telephone": "le téléphone publié de votre centre",
    "prenom_nom": "votre nom, tel qu’il signe vos messages",
}
BRACED = re.compile(r"\{([^{}\n]*)\}")
# A line that its author left to fill in: « - ce qui est fait : … », « - ce qui est fait : […] », or « … » alone.
BLANK_LINE = re.compile(r"(?:.*:)?[\s\-–—•*]*[\[(]?\s*(?:…|\.\.\.)[\s.]*[\])]?\s*")
MAX_BLANKS_QUOTED, MAX_QUOTE = 10, 60


class OfferedTemplate(NamedTuple):
    """A message template that a page offers to a responder. Without `types`, it is offered on every case."""

    code: str
    title: str
    text: str
    types: tuple[str, ...] = ()


def list_unknown_placeholders(text: str) -> list[str]:
    """Return the texts in braces that are not placeholders, spelled as somebody typed them."""
    return [name for name in dict.fromkeys(BRACED.findall(text)) if name not in PLACEHOLDERS]


def list_names_in_braces(text: str) -> list[str]:
    """Return the texts in braces that look like a placeholder: a single word that could be an identifier. Other texts
    in braces, such as code and numbers, are left out.
    """
    return [name for name in dict.fromkeys(BRACED.findall(text)) if name.isidentifier()]


def find_blanks_problem(text: str) -> str:
    """Return an error message that counts and quotes the lines still to fill in, or "" if there are none."""
    visible_text = "".join(character for character in text if character.isprintable() or character.isspace())
    blanks = [line.strip() for line in visible_text.splitlines() if BLANK_LINE.fullmatch(line)]
    if not blanks:
        return ""
    sentence = choose_plural(
        "Une ligne reste à compléter\N{NO-BREAK SPACE}: %(lines)s. Complétez-la, ou retirez-la.",
        "%(number)s lignes restent à compléter\N{NO-BREAK SPACE}: %(lines)s. Complétez-les, ou retirez-les.",
        len(blanks),
    )
    quoted = quote_words(line[-MAX_QUOTE:] for line in blanks[:MAX_BLANKS_QUOTED])
    return sentence % {"number": len(blanks), "lines": quoted}


def fill_placeholders(text: str, values: Mapping[str, str]) -> str:
    """Return `text` with each placeholder replaced by its value. A placeholder without a value stays visible, so that
    the writer notices it.
    """
    return BRACED.sub(lambda match: values.get(match[1]) or match[0], text)


def is_offered_for_type(types: list[str] | tuple[str, ...], kind: str) -> bool:
    """Tell whether a template with these `types` is offered on a case of the type `kind`.

    A template without types is offered on every case.
    """
    return not types or kind in types


def list_national_templates(centre_titles: Collection[str]) -> list[OfferedTemplate]:
    """Return the national templates that are offered to a centre. A template of the centre replaces the national one
    with the same title. `centre_titles` are the titles of the centre's templates.
    """
    return [message for message in NATIONAL_TEMPLATES if message.title not in centre_titles]


_FILE_CONTENT = json.loads(FILE.read_text(encoding="utf-8"))

VERSION: int = _FILE_CONTENT["version"]
NATIONAL_TEMPLATES: tuple[OfferedTemplate, ...] = tuple(
    OfferedTemplate(message["code"], message["title"], message["text"], tuple(message["types"]))
    for message in _FILE_CONTENT["messages"]
)
