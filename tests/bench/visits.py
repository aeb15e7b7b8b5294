"""The people who open the pages, with their cookies. For a child process, after django.setup()."""

import os
from collections.abc import Iterable
from typing import NamedTuple

from django.test import Client

from accounts.models import User
from collectivities.models import Collectivity
from config.demo.accounts import COMMUNE, DOMAIN, PASSWORD
from incidents.models import Incident
from tests.cast import signed_in


class Visit(NamedTuple):
    """One page, opened with these cookies. `name` is its path without the parts that change from run to run."""

    name: str
    path: str
    cookies: list[dict[str, str]]

    @property
    def address(self) -> str:
        return os.environ["BENCH_SITE"] + self.path


def get_rennes() -> Collectivity:
    return Collectivity.objects.get(insee_code=COMMUNE)


def make_client() -> Client:
    return Client(SERVER_NAME="localhost")


def sign_in_from_demonstration(name: str) -> Client:
    return signed_in(make_client(), User.objects.get(email=f"{name}@{DOMAIN}"))


def sign_in_without_code() -> Client:
    """Return a client that has given the password and not the second factor."""
    client = make_client()
    answer = client.post("/connexion/", {"login": f"responder@{DOMAIN}", "password": PASSWORD})
    assert answer.headers.get("Location", "").startswith("/connexion/code/"), answer.status_code
    return client


def begin_declaration(client: Client) -> None:
    """Fill in the first two screens of a declaration."""
    client.get("/declarer/")
    client.post("/declarer/", {"quoi": "rancon"})
    client.post("/declarer/qui/", {"collectivite": str(get_rennes().uid)})


def declare_as_visitor() -> tuple[Client, Incident]:
    """Return the client of somebody who has just declared, and the case."""
    client = make_client()
    begin_declaration(client)
    answer = client.post("/declarer/rappel/", {"contact_phone": "02 99 00 00 00", "confirme": "oui"})
    assert answer.status_code == 303, answer.status_code
    return client, Incident.objects.order_by("-pk")[0]


def make_visits(client: Client, pages: Iterable[str], **values: object) -> list[Visit]:
    """Return a visit of each path. Each key of `values` is a placeholder in the paths for a value that changes from
    run to run.
    """
    cookies = [make_cookie(name, morsel.value) for name, morsel in client.cookies.items()]
    return [Visit(page, fill_path(page, values), cookies) for page in pages]


def fill_path(path: str, values: dict[str, object]) -> str:
    return "/".join(str(values.get(part, part)) for part in path.split("/"))


def make_cookie(name: str, value: str) -> dict[str, str]:
    return {"name": name, "value": value, "domain": "localhost", "path": "/"}
