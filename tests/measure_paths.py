"""Counts how many of our modules an action runs through, printed by `make figures`. No number of modules fails.

A module is counted when one of its functions is called. Code that runs when a module is imported is not counted.
"""

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType

import pytest
from django.core.mail import EmailMessage
from django.test import Client
from django.urls import reverse

from incidents.enums import Screen
from incidents.services.declarant.access import derive_secret
from notifications.dispatch import announce_all_events, send_due_deliveries
from stats.pages.freshness import page_cache
from stats.services import publish_due_periods
from tests.cast import breizh_cyber, declare, plouexemple
from tests.incidents.journeys import WHERE, begin
from tests.measure_house import APPS
from tests.stats.cases import bodies, one_each, paris_time, store

pytestmark = pytest.mark.django_db


@contextmanager
def count_modules(action: str) -> Iterator[None]:
    """Print the modules that run in this context, with their number."""
    reverse("admin:index")  # loads the addresses of the site, whose modules call each other as they are imported
    modules = set()

    def record_module(frame: FrameType, event: str, _arg: object) -> None:
        name = frame.f_globals.get("__name__", "")
        if event == "call" and name.partition(".")[0] in APPS and frame.f_code.co_name != "<module>":
            modules.add(name)

    sys.setprofile(record_module)
    try:
        yield
    finally:
        sys.setprofile(None)
    sys.stdout.write(f"\n{action}: {len(modules)} modules\n  {' '.join(sorted(modules))}\n")


def test_last_screen_to_case(client: Client) -> None:
    breizh_cyber()
    begin(client)
    client.post(WHERE[Screen.SERVICES], {"passer": "oui"})
    client.post(WHERE[Screen.DATA], {"data_concerned": "unknown"})
    with count_modules("last screen → committed case"):
        answer = client.post(
            WHERE[Screen.CALLER], {"contact_phone": "02 99 00 00 00", "description": "Tout est bloqué."}
        )
    assert answer.status_code == 303


def test_case_to_mail(mailoutbox: list[EmailMessage]) -> None:
    breizh_cyber()
    plouexemple()
    declare()
    with count_modules("case → mail"):
        announce_all_events()
        send_due_deliveries()
    assert mailoutbox


def test_published_number_to_rows() -> None:
    store(one_each(bodies("53", 60), paris_time(2025, 2, 1), hours=(2,)))
    with count_modules("rows → published number"):
        publish_due_periods(now=paris_time(2026, 4, 1))


def test_page_of_published_numbers(client: Client) -> None:
    store(one_each(bodies("53", 60), paris_time(2025, 2, 1), hours=(2,)))
    publish_due_periods(now=paris_time(2026, 4, 1))
    page_cache.clear()
    with count_modules("published number → page"):
        assert client.get("/statistiques/?annee=2025").status_code == 200


def test_why_a_case_is_not_shown(client: Client) -> None:
    breizh_cyber()
    incident = declare()
    client.post(reverse("follow_up_access", args=[derive_secret(incident.accesses.get())]))
    with count_modules("why is it not shown?"):
        assert client.get(reverse("figures_of_case", args=[incident.reference])).status_code == 200
