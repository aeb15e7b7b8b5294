"""The public page of figures."""

from django.test import Client
from selectolax.lexbor import LexborHTMLParser, LexborNode

from tests.stats.pages import plain

PAGE = "/statistiques/"


def read_main(client: Client, **choice: str | int) -> LexborNode:
    """Return the main part of a page."""
    response = client.get(PAGE, choice)
    assert response.status_code == 200
    return LexborHTMLParser(response.content).css_first("main")  # type: ignore[return-value]  # each page has one


def words(node: LexborNode) -> str:
    return plain(" ".join(node.text(separator=" ").split()))
