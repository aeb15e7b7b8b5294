"""Private pages of people with powers say how long their session still lasts: a script warns before its end."""

from datetime import timedelta

import pytest
import time_machine
from django.utils import timezone
from selectolax.lexbor import LexborHTMLParser

from tests.cast import a_responder, an_agent, declare

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("short_limits")]


def read_remaining_seconds(response):
    """Return the seconds until the idle and the absolute limit that the page gives to its script, or None."""
    script = LexborHTMLParser(response.content).css_first("[data-session-limit]")
    return script and tuple(int(script.attributes[f"data-{limit}"]) for limit in ("idle", "absolute"))


@pytest.mark.parametrize("path", ["/compte/", "/admin/incidents/incident/"])
def test_a_page_says_how_long_its_session_still_lasts(client, path):
    """A script warns before the end (WCAG 2.2, 2.2.1). What it asks on its timer is answered, and is no activity."""
    client.force_login(a_responder())
    with time_machine.travel(timezone.now() + timedelta(minutes=10, seconds=-1), tick=False):
        idle, absolute = read_remaining_seconds(client.get(path, headers={"X-Timer": "1"}))
        assert 20 * 60 <= idle <= 20 * 60 + 1
        assert 710 * 60 <= absolute <= 710 * 60 + 1
        assert read_remaining_seconds(client.get(path, headers={"Accept": "text/html"}))[0] == 30 * 60
        assert read_remaining_seconds(client.get(path, headers={"X-Timer": "1"}))[0] == 30 * 60


def test_a_page_for_everybody_and_people_of_a_body_are_not_hurried(client):
    client.force_login(an_agent())
    assert read_remaining_seconds(client.get("/compte/")) is None
    client.force_login(a_responder())
    assert read_remaining_seconds(client.get("/annuaire/")) is None
    assert read_remaining_seconds(client.get(f"/suivi/{declare().reference}/"))
