"""Texts that people approved: what a page or a mail says, kept in a file, so that a change of it is seen and read.

A test calls `check_approved`. After a change that is meant, write the files anew, and read their difference before you
commit it:

    APPROVE=1 .venv/bin/python -m pytest tests/test_approve_pages.py tests/notifications/test_approve_mails.py
"""

import os
import re
from difflib import unified_diff
from pathlib import Path

from selectolax.lexbor import LexborHTMLParser, LexborNode

FOLDER = Path(__file__).with_name("approved")
BLOCKS = {"p", "li", "dt", "dd", "tr", "h1", "h2", "h3", "h4", "legend", "summary", "label", "option", "button", "div"}
BLOCKS |= {
    "a",
    "caption",
    "figcaption",
    "section",
    "article",
    "form",
    "fieldset",
    "td",
    "th",
    "title",
    "ul",
    "ol",
    "dl",
}
SILENT = {"script", "style", "svg", "template"}
# Attributes that people perceive, or on which a form or a screen reader depends.
READ = ("href", "action", "name", "value", "aria-label", "aria-describedby", "aria-current", "aria-invalid", "title")
FLAGS = ("checked", "selected", "disabled", "required", "hidden", "open")
UNKNOWN_VALUES = ("csrfmiddlewaretoken", "version", "trait", "stylo", "cle", "key")
UID = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}")
TOKEN = re.compile(r"(?=[\w-]*[A-Z\d])[\w-]{20,}(?::[\w-]+)*")
CODE = re.compile(r"\b[2-9A-Z]{4}(?:-[2-9A-Z]{4})+\b")
SECRET_ADDRESS = re.compile(r"(?<=/acces/)\w+")
NAME = re.compile(r"(?<=Camille )[0-9a-f]{4}\b")  # of a person of the tests (`tests/cast.py`)
SPELLED_CODE = re.compile(r"\((?:\w+, ){7}\w+\)")
HASH = re.compile(r"\b(?=\d*[a-f])[0-9a-f]{8,}\b|(?<=-)[0-9a-f]{8}(?=@)")
APPLICATION_KEY = re.compile(r"(?:[A-Z2-7]{4} ){7}[A-Z2-7]{4}")
# Of the verification program, which is our own modules, and of the archive that holds it.
PROGRAM_SIZE = re.compile(r"(?:(?<=\.zip\n)|(?<=verify\.py\n))\d+(?:,\d)?(?=\sKo\b)")
WRITTEN_BY_TRIGGER = re.compile(r"\d+(?:er)? \w+ \d{4} \d\d:\d\d")  # by the clock of the database
MAX_LINES = 60  # of a difference that a test prints
MAX_OPTIONS = 12  # of a select; its other options, which are rows of a table, are only counted


def check_approved(name: str, text: str) -> None:
    """Compare the text with the approved text of this name, or approve it if APPROVE is set."""
    path = FOLDER / f"{name}.txt"
    if os.environ.get("APPROVE"):
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    approved = path.read_text().splitlines()
    difference = list(unified_diff(approved, text.splitlines(), "approved", "now", n=1, lineterm=""))
    assert not difference, "\n".join([f"{path.name} differs (see {Path(__file__).name}):", *difference[:MAX_LINES]])


def describe_page(content: str, places: dict[str, str]) -> str:
    """Return the texts, links and fields of a page, a line each. `places` replaces what differs from run to run."""
    tree = LexborHTMLParser(content)
    lines: list[str] = [tree.css_first("title").text(strip=True)] if tree.css_first("title") else []
    root = tree.css_first("main") or tree.css_first("#content") or tree.body
    if root is not None:
        describe_node(root, lines)
    return hide_variable_parts("\n".join(line for line in (" ".join(line.split()) for line in lines) if line), places)


def describe_node(node: LexborNode, lines: list[str]) -> None:
    for child in node.iter(include_text=True):
        if child.tag == "-text":
            lines[-1:] = [f"{lines[-1] if lines else ''} {child.text(deep=False)}"]
        elif child.tag == "select" and len(child.css("option")) > MAX_OPTIONS:
            chosen = ", ".join(option.text(strip=True) for option in child.css("option[selected]"))
            lines.append(f"{describe_attributes(child)} {chosen}, of {MAX_OPTIONS} options or more")
        elif child.tag not in SILENT:
            attributes = describe_attributes(child)
            if child.tag in BLOCKS or attributes:
                lines.append(attributes)
            describe_node(child, lines)
            if child.tag in BLOCKS:
                lines.append("")


def describe_attributes(node: LexborNode) -> str:
    attributes = node.attributes
    if attributes.get("name") in UNKNOWN_VALUES:
        return f"[{node.tag} name={attributes['name']}]"
    known = [f"{name}={attributes[name] or ''}" for name in READ if name in attributes]
    known += [name for name in FLAGS if name in attributes]
    return f"[{node.tag} {' '.join(known)}]" if known else ""


def hide_variable_parts(text: str, places: dict[str, str]) -> str:
    """Replace the references, identifiers and tokens, which are random, by names."""
    for value, name in sorted(places.items(), key=lambda place: -len(place[0])):
        text = text.replace(value, name)
    text = WRITTEN_BY_TRIGGER.sub("MOMENT", APPLICATION_KEY.sub("KEY", UID.sub("UID", text)))
    text = SECRET_ADDRESS.sub("SECRET", SPELLED_CODE.sub("(SPELLED)", CODE.sub("CODE", text)))
    # after the codes, whose second half may have digits only
    text = re.sub(r"(?<=[/=-])\d{1,7}(?=[/?\s\]]|$)", "N", text, flags=re.MULTILINE)
    text = PROGRAM_SIZE.sub("N", text)
    return HASH.sub("HASH", NAME.sub("NAME", TOKEN.sub("TOKEN", text)))
