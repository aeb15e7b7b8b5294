"""What anyone reads on the public page, taken from the HTML that is really served."""

import re
from html.parser import HTMLParser

REGROUPED = "regroupé"


class Tables(HTMLParser):
    """Every table of a page: caption → rows of cells, heads and feet included."""

    def __init__(self):
        super().__init__()
        self.tables, self.rows, self.text = {}, None, None
        self.caption = ""

    def handle_starttag(self, tag, attrs):
        if tag == "table":
            self.rows, self.caption = [], ""
        elif tag == "tr":
            self.rows.append([])
        if tag in ("th", "td", "caption"):
            self.text = ""

    def handle_data(self, data):
        if self.text is not None:
            self.text += data

    def handle_endtag(self, tag):
        if tag == "caption":
            self.caption = self.text
        elif tag in ("th", "td"):
            self.rows[-1].append(self.text.strip())
        elif tag == "table":
            self.tables[self.caption] = self.rows
        if tag in ("th", "td", "caption"):
            self.text = None


def tables_of(client, **choice):
    """caption → {row label: [figures]}, None for what is regrouped; the head is left out."""
    response = client.get("/statistiques/", choice)
    assert response.status_code == 200
    parser = Tables()
    parser.feed(response.content.decode())
    return {
        caption: {label: [number(text) for text in cells] for label, *cells in rows[1:]}
        for caption, rows in parser.tables.items()
    }


def number(text):
    if text == REGROUPED:
        return None
    assert re.fullmatch(r"\d{1,3}( \d{3})*", text), text
    return int(text.replace("\N{NARROW NO-BREAK SPACE}", ""))
