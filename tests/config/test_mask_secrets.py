"""Secrets in addresses stay out of the logs."""

import re

import pytest

from config.logs import make_logging_settings, mask_text
from tests.routes import list_routes

HOLDS_SECRET = re.compile(r"<(?:\w+:)?(?:token|secret|code)>")
SECRET = "9fJ2-mystere"
# The code of a commune is no secret.
PUBLIC = {"api/v1/csirts/for/<str:code>/"}


def list_secret_routes():
    return sorted({route for route in list_routes() if HOLDS_SECRET.search(route)} - PUBLIC)


def test_the_secret_of_an_address_is_masked():
    line = f"Not Found: /equipe/adresse/confirmer/{SECRET}/"
    assert mask_text(line) == "Not Found: /equipe/adresse/confirmer/***"


@pytest.mark.parametrize("route", list_secret_routes())
def test_no_secret_of_a_route_is_logged(route):
    path = "/" + HOLDS_SECRET.sub(SECRET, route)
    assert SECRET not in mask_text(f"Not Found: {path}")
    assert SECRET not in mask_text(f"Not Found: {path}?suite=1")


def test_routes_with_a_secret_are_found():
    assert len(list_secret_routes()) >= 4


@pytest.mark.parametrize("as_json", [True, False])
def test_lines_go_to_the_console_alone(as_json):
    """No handler writes a file, or sends a mail or a message."""
    logging = make_logging_settings(as_json=as_json)
    assert [handler["class"] for handler in logging["handlers"].values()] == ["logging.StreamHandler"]
    loggers = [logging["root"], *logging["loggers"].values()]
    assert {name for logger in loggers for name in logger.get("handlers", [])} == {"console"}
