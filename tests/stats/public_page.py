"""The public page of figures."""

from selectolax.lexbor import LexborHTMLParser

from tests.stats.pages import plain

PAGE = "/statistiques/"


def read(client, **choice):
    """Return the main part of a page."""
    response = client.get(PAGE, choice)
    assert response.status_code == 200
    return LexborHTMLParser(response.content).css_first("main")


def words(node):
    return plain(" ".join(node.text(separator=" ").split()))
