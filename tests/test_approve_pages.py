"""What each page of the matrix says to a role that may open it, and each form that it refuses, compared with what
people approved (`tests/approved.py`).
"""

from collections import defaultdict
from collections.abc import Iterator

import pytest
import time_machine
from django.db import transaction
from django.http import QueryDict

from incidents.access import CaseVisitor
from incidents.enums import ClosingReason, Screen
from incidents.facts.shapes import Interruption, Leak
from incidents.models import Incident
from incidents.services.correspondence.correspond import Letter, write_to_csirt
from incidents.services.handling.acknowledge import acknowledge_incident
from incidents.services.handling.close import close_incident
from incidents.services.search.index import index_pending_events
from tests.approved import check_approved, describe_page
from tests.cast import breizh_cyber, declare
from tests.incidents.journeys import SCREENS, WHERE, begin, make_address, send_screen
from tests.incidents.journeys import SENT as SENT_PAGE
from tests.permission_matrix import MATRIX, ROLES
from tests.permission_requests import Cast, create_cast, fill_places, get_person, make_cookies, send_request
from tests.responses import Response

NOW = "2026-11-16 10:00+01:00"
PAGES, REFUSED = 200, 422
# Addresses whose answer is no page of ours, or changes with what else the tests wrote.
LEFT_OUT = ("api/", "mails/", "sante/", "robots.txt", ".well-known/", "admin/jsi18n/", "admin/autocomplete/")


@pytest.fixture(scope="module")
def moment() -> Iterator[None]:
    with time_machine.travel(NOW, tick=False):
        yield


@pytest.fixture(scope="module")
def case_with_message(moment: None, module_rows: None) -> Incident:
    """Return a case with services, data, a message and words, which somebody has taken."""
    breizh_cyber()
    incident = declare(
        supplier="Exemple SAS",
        description="Les fichiers portent un nom que personne ne connaît.",
        service_stopped="yes",
        interruptions=(Interruption(service="civil", extent="stopped", people_affected=40),),
        data_concerned="yes",
        leak=Leak(status="suspected", categories=("nir",), person_categories=("employes",)),
    )
    visitor = CaseVisitor(access_uid=incident.accesses.get(revoked_at=None).uid)
    write_to_csirt(reference=incident.reference, visitor=visitor, letter=Letter(text="Que faire ?", key="k"))
    return incident


@pytest.fixture(scope="module")
def people(case_with_message: Incident) -> Cast:
    people = create_cast(case_with_message)
    for role, user in people.items():
        if user:
            user.display_name, user.email = f"Camille {role.title()}", f"{role.replace(' ', '-')}@demo.example"
            user.save()
    acknowledge_incident(reference=case_with_message.reference, actor=get_person(people, "responder"))
    index_pending_events()
    return people


def list_requests() -> Iterator[tuple[str, str, str]]:
    """Yield (method, route, role) of each page and of each refused form, for the first roles that get it."""
    for method, route, *codes in MATRIX:
        if route.startswith(LEFT_OUT):
            continue
        codes_of_roles = dict(zip(ROLES, codes * len(ROLES) if len(codes) == 1 else codes, strict=True))
        expected_code = PAGES if method == "get" else REFUSED
        roles = [role for role, code in codes_of_roles.items() if code == expected_code]
        for role in roles[:1] if "nobody" in roles else [role for role in roles if "another" not in role][:2]:
            yield method, route, role


def group_requests() -> dict[str, list[tuple[str, str, str]]]:
    """Return the requests by the file that holds their pages: the application or the first word of the address."""
    groups = defaultdict(list)
    for method, route, role in list_requests():
        words = [word for word in route.split("/") if word and "{" not in word]
        name = "-".join(words[: 3 if words[:1] == ["admin"] else 1]) or "accueil"
        groups[name].append((method, route, role))
    return dict(groups)


GROUPS = group_requests()


@pytest.mark.django_db
@pytest.mark.parametrize("name", GROUPS)
def test_pages_of_the_matrix_say_what_was_approved(case_with_message, people, name):
    sections = []
    for method, route, role in GROUPS[name]:
        with transaction.atomic():
            url = "/" + route.format(**fill_places(route, case_with_message, people))
            response = send_request(method, route, url, people[role], case_with_message, make_cookies(people[role]))
            if is_page(response):
                sections.append(describe_response(f"{method} {route} ({role})", response, case_with_message))
            transaction.set_rollback(True)
    check_approved(name, "\n".join(sections))


@pytest.mark.django_db
def test_screens_of_a_declaration_say_what_was_approved(case_with_message, client):
    """Each screen is opened, then refused where it may be, then sent."""
    client.defaults["REMOTE_ADDR"] = make_address()
    begin(client, body=case_with_message.collectivity)
    wrong = {Screen.SERVICES: {"occurred_date": "demain"}, Screen.CALLER: {"contact_phone": "02 98"}}
    right = {Screen.CALLER: {"contact_phone": "02 99 00 00 00"}}
    sections = []
    for screen in SCREENS:
        sections.append(describe_response(f"get {screen}", client.get(WHERE[screen]), case_with_message))
        if screen in wrong:
            response = client.get(send_screen(client, screen, make_post(wrong[screen]))["Location"])
            sections.append(describe_response(f"post {screen}", response, case_with_message))
        send_screen(client, screen, make_post(right.get(screen, {})))
    receipt = client.get(SENT_PAGE)
    new = Incident.objects.latest("id")
    sections += [describe_response("get the receipt", receipt, new)]
    sections += [describe_response("get the follow-up", client.get(f"/suivi/{new.reference}/"), new)]
    check_approved("declaration", "\n".join(sections))


@pytest.mark.django_db
def test_a_closed_case_says_what_was_approved(case_with_message, people, client):
    responder = get_person(people, "responder")
    close_incident(
        reference=case_with_message.reference, reason=ClosingReason.NOT_AN_INCIDENT, actor=responder, why="Vu."
    )
    client.force_login(responder)
    pages = (f"/admin/incidents/incident/{case_with_message.reference}/", f"/suivi/{case_with_message.reference}/")
    sections = [describe_response(page.split("/")[1], client.get(page), case_with_message) for page in pages]
    check_approved("closed", "\n".join(sections))


def make_post(fields: dict[str, str]) -> QueryDict:
    posted = QueryDict(mutable=True)
    posted.update(fields)
    return posted


def is_page(response: Response) -> bool:
    return not response.streaming and response.headers.get("Content-Type", "").startswith("text/html")


def describe_response(name: str, response: Response, incident: Incident) -> str:
    text = describe_page(response.content.decode(), list_places(incident))
    return f"## {name}: {response.status_code}\n{text}\n"


def list_places(incident: Incident) -> dict[str, str]:
    """Return a dict from each spelling of the case's reference to the word that replaces it."""
    half = len(incident.reference) // 2
    first, last = incident.reference[:half], incident.reference[half:]
    return {f"{first}{mark}{last}": "RÉFÉRENCE" for mark in ("", "-", " ", "\N{NO-BREAK SPACE}")}
