"""What anyone reads on the public page, taken from the HTML that is really served."""

import re
from html.parser import HTMLParser
from typing import NamedTuple

REGROUPED = {"regroupé", "regr."}
NO_FIGURE = ("à venir", "pas publié", "aucune collectivité", "")


class Merged(NamedTuple):
    """One number over several rows or columns; `key` tells two of the same value apart."""

    value: int
    key: int


class Text(NamedTuple):
    text: str
    rows: int
    columns: int
    key: int


class Tables(HTMLParser):
    """Every table of a page: caption → rows of cells, heads and feet included, each cell in every place it covers."""

    def __init__(self):
        super().__init__()
        self.tables, self.rows, self.text = {}, None, None
        self.caption, self.span, self.key, self.over = "", (1, 1), 0, {}

    def handle_starttag(self, tag, attrs):
        if tag == "table":
            self.rows, self.caption, self.over = [], "", {}
        elif tag == "tr":
            self.rows.append([])
            self.fill()
        if tag in ("th", "td", "caption"):
            self.text = ""
            said = dict(attrs)
            self.span = int(said.get("rowspan", 1)), int(said.get("colspan", 1))

    def handle_data(self, data):
        if self.text is not None:
            self.text += data

    def handle_endtag(self, tag):
        if tag == "caption":
            self.caption = self.text
        elif tag in ("th", "td"):
            self.key += 1
            self.put(Text(" ".join(self.text.split()), *self.span, self.key))
        elif tag == "table":
            self.tables[self.caption] = self.rows
        if tag in ("th", "td", "caption"):
            self.text = None

    def put(self, cell):
        for _ in range(cell.columns):
            for below in range(1, cell.rows):
                self.over[len(self.rows) - 1 + below, len(self.rows[-1])] = cell
            self.rows[-1].append(cell)
        self.fill()

    def fill(self):
        """Cells that began in a row above."""
        while (here := (len(self.rows) - 1, len(self.rows[-1]))) in self.over:
            self.rows[-1].append(self.over[here])


def rows_of(client, **choice):
    """caption → rows of texts, the head included."""
    response = client.get("/statistiques/", choice)
    assert response.status_code == 200
    parser = Tables()
    parser.feed(response.content.decode())
    return parser.tables


def tables_of(client, **choice):
    """caption → {row label: [figures]}, None for what is regrouped, to come or not there; the head is left out."""
    return {
        caption: {label.text: [number(cell) for cell in cells] for label, *cells in rows[1:]}
        for caption, rows in rows_of(client, **choice).items()
    }


def number(cell):
    """A figure, a merged one, None, or the share of a rate as it is written."""
    text = re.sub(r"[\u202f\u00a0]", "", cell.text)
    if cell.text in REGROUPED or cell.text in NO_FIGURE:
        return None
    if "%" in text:
        return cell.text
    found = re.fullmatch(r"(\d+)( pour le trimestre| pour l’année| regroupés)?", text)
    assert found, cell
    value = int(found[1])
    return Merged(value, cell.key) if found[2] or cell.rows * cell.columns > 1 else value
