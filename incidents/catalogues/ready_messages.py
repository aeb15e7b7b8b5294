"""The messages that a centre sends often, and how the names in braces become a case's own words.

The national ones are data (`data/messages.json`), those of a centre are rows
(`services/correspondence/templates.py`). Nothing is evaluated: a name that is known is replaced once, and what
replaces it is not read again.
"""

import json
import re
from collections.abc import Mapping
from pathlib import Path
from typing import NamedTuple

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


class ReadyMessage(NamedTuple):
    code: str
    title: str
    text: str
    types: tuple[str, ...] = ()


def unknown_placeholders(text: str) -> list[str]:
    """What stands in braces and is no name that we know, as it was typed."""
    return [name for name in dict.fromkeys(BRACED.findall(text)) if name not in PLACEHOLDERS]


def names_in_braces(text: str) -> list[str]:
    """What a reader would take for a word left to be replaced: no code, no number, no identifier of a machine."""
    return [name for name in dict.fromkeys(BRACED.findall(text)) if name.isidentifier()]


def filled(text: str, values: Mapping[str, str]) -> str:
    """`text` with each known name replaced by its value; what has no value keeps its name, for a person to see."""
    return BRACED.sub(lambda found: values.get(found[1]) or found[0], text)


def suits(types: list[str] | tuple[str, ...], kind: str) -> bool:
    """Whether a message that is offered for `types` is offered on a case of that type."""
    return not types or kind in types


_NATIONAL = json.loads(FILE.read_text(encoding="utf-8"))

VERSION: int = _NATIONAL["version"]
NATIONAL: tuple[ReadyMessage, ...] = tuple(
    ReadyMessage(one["code"], one["title"], one["text"], tuple(one["types"])) for one in _NATIONAL["messages"]
)
