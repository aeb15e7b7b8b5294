"""Fills in the five screens of a declaration as a browser does, to the confirmation or to the first screen that
refuses.
"""

from ipaddress import IPv6Address
from secrets import token_bytes
from typing import Any

from django.conf import settings
from django.http import QueryDict
from django.test import Client

from collectivities.models import Collectivity
from incidents.declare.screens import read_screen_values
from incidents.enums import Screen
from tests.cast import plouexemple
from tests.responses import Response

KEY = "a"
START, SENT = "/declarer/", "/declarer/envoyee/"
WHERE: dict[str, str] = {
    Screen.WHAT: START,
    Screen.WHO: "/declarer/qui/",
    Screen.SERVICES: "/declarer/services/",
    Screen.DATA: "/declarer/donnees/",
    Screen.CALLER: "/declarer/rappel/",
}
SCREENS = [Screen.SERVICES, Screen.DATA, Screen.CALLER]


def begin(client: Client, *, quoi: str = "rancon", body: Collectivity | None = None) -> Response:
    """Begin a new draft for this client, up to the third screen."""
    client.cookies.pop(settings.DRAFT_COOKIE_NAME, None)
    client.get(START)
    client.post(START, {"quoi": quoi})
    return client.post(WHERE[Screen.WHO], {"collectivite": str((body or plouexemple()).uid)})


def post(
    client: Client, data: dict[str, Any] | None = None, *, quoi: str = "rancon", body: Collectivity | None = None
) -> Response:
    """Post each field of `data` on its screen. `cle` names the draft: the same key continues the same draft.

    Return the response of the first screen that refuses, else the page at the end.
    """
    fields = {"cle": KEY, "contact_phone": "02 99 00 00 00"} | (data or {})
    open_draft(client, fields.pop("cle"), quoi=quoi, body=body)
    posted = QueryDict(mutable=True)
    for name, value in fields.items():
        posted.setlist(name, value if isinstance(value, list) else [value])
    for screen in SCREENS:
        response = send_screen(client, screen, posted)
        is_refused = f"{WHERE[screen]}?" in response.get("Location", "")
        if response.status_code != 303 or response["Location"] == SENT or is_refused:
            break
    return client.get(response["Location"]) if response.status_code == 303 else response


def open_draft(client: Client, key: str, *, quoi: str, body: Collectivity | None) -> None:
    drafts = client.__dict__.setdefault("drafts", {})
    if key in drafts:
        client.cookies[settings.DRAFT_COOKIE_NAME] = drafts[key]
        return
    begin(client, quoi=quoi, body=body)
    drafts[key] = client.cookies[settings.DRAFT_COOKIE_NAME].value


def send_screen(client: Client, screen: Screen, posted: QueryDict) -> Response:
    """Post the fields of the screen. The last screen also takes the two fields that no screen saves (trap,
    confirmation). The page is read before only if this client saved the screen earlier: its version must then be sent.
    """
    saved_pages = client.__dict__.setdefault("saved_pages", set())
    page = client.cookies[settings.DRAFT_COOKIE_NAME].value, screen
    version = read_version(client, screen) if page in saved_pages else ""
    saved_pages.add(page)
    values = read_screen_values(screen, posted)
    if screen == Screen.CALLER:
        values |= {name: posted.getlist(name) for name in ("site_web", "confirme") if name in posted}
    return client.post(WHERE[screen], values | {"version": version})


def read_version(client: Client, screen: str) -> str:
    """Return the hidden version of the screen as the page shows it now."""
    page = client.get(WHERE[screen])
    return page.context["version"] if page.status_code == 200 else ""


def make_address() -> str:
    return str(IPv6Address(int.from_bytes(token_bytes(16))))


def search_bodies(client: Client, **query: str) -> Response:
    """Choose the type, then search on the second screen."""
    client.get(START)
    client.post(START, {"quoi": "rancon"})
    return client.get(WHERE["qui"], query)


def find_commune(name: str) -> Collectivity:
    return Collectivity.objects.get(name=name, kind="commune")
