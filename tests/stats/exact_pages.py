"""The pages of exact figures and their readers."""

from typing import Any

from django.test import Client

from accounts.enums import Role
from accounts.models import Membership, User
from collectivities.models import Region
from incidents.models import Incident
from stats.services import fold_new_events
from tests.cast import a_person, breizh_cyber
from tests.incidents.transferring import create_other_centre
from tests.stats.cases import Case, bodies, paris_time, store

NATION = "/statistiques/exacts/france/"
BRETAGNE = "/statistiques/exacts/region/53/"
CENTRE = "/statistiques/exacts/centre/breizh-cyber/"


def an_analyst(code: str = "53", **flag: Any) -> User:
    analyst = a_person(Role.ANALYST, region=Region.objects.get(code=code))
    flags = {"exact_since_on": "2026-01-01", "exact_act": "Délibération du 12 décembre 2025"} | flag
    Membership.objects.filter(user=analyst).update(**flags)
    return analyst


def read_html(client: Client, url: str, **choice: str | int) -> str:
    page = client.get(url, choice)
    assert page.status_code == 200
    return page.content.decode().replace("&nbsp;", " ").replace("\N{NO-BREAK SPACE}", " ")


def get_status(user: User, url: str) -> int:
    client = Client()
    client.force_login(user)
    return client.get(url).status_code


def store_cases_of_two_centres() -> list[Incident]:
    """Store the cases of a body with two centres in two years, a signalement, and a case of another région."""
    centre, other_centre = breizh_cyber(), create_other_centre()
    first, second, third = bodies("53", 3)
    (far,) = bodies("11", 1)
    incidents = store(
        [
            Case(body=first, at=paris_time(2026, 1, 5), csirt=centre, hours=(2, 30), leaks=(("confirmed", "6-50"),)),
            Case(body=first, at=paris_time(2026, 2, 5), csirt=other_centre),
            Case(body=second, at=paris_time(2026, 2, 6), csirt=centre),
            Case(body=third, at=paris_time(2026, 3, 7), csirt=centre, nature="report"),
            Case(body=first, at=paris_time(2025, 7, 7), csirt=centre),
            Case(body=far, at=paris_time(2026, 1, 7), csirt=other_centre, hours=(5,)),
        ]
    )
    fold_new_events()
    return incidents
