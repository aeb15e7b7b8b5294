"""Requests each route of the matrix of permissions as each of its roles: the people, the objects of the addresses, the
fields that are posted.
"""

import json
from collections.abc import Callable
from copy import deepcopy
from http.cookies import SimpleCookie
from typing import Any, cast
from uuid import UUID, uuid4

from django.contrib.contenttypes.models import ContentType
from django.test import Client
from django.utils import timezone

from accounts.enums import LinkPurpose, Role
from accounts.models import AccessLink, Membership, User
from accounts.services.links import make_link
from collectivities.models import Region
from csirts.models import Coverage, Csirt
from incidents.enums import BulkAct
from incidents.models import BulkJob, CaseGroup, Incident, MessageTemplate, Task
from incidents.services.bulk.jobs import start_bulk_job
from retention.models import DataRequest
from stats.disclosure.tables import Period
from stats.models import Release
from tests.cast import a_person, an_agent, an_evidence_file, an_upload, plouexemple
from tests.factories.accounts import make_api_token
from tests.incidents.observing import an_observable
from tests.permission_matrix import ROLES
from tests.permission_posts import SENT
from tests.responses import Response
from tests.stats.printing import print_release, spread_tables

# A person of each role of the matrix.
type Cast = dict[str, User | None]


def create_cast(incident: Incident) -> Cast:
    """Create a person of each role, and another centre and another body for those who may not see the case."""
    csirt, region = cast(Csirt, incident.csirt), cast(Region, incident.region)
    elsewhere = Csirt.objects.create(slug="ailleurs", name="Ailleurs")
    neighbour = plouexemple(insee_code="29998", name="Saint-Exemple", stem="saintexemple")
    people = [
        *[None, an_agent(incident.collectivity), an_agent(neighbour)],
        *[a_person(Role.RESPONDER, csirt=csirt), a_person(Role.RESPONDER, csirt=elsewhere)],
        *[a_person(Role.LEAD, csirt=csirt), a_person(Role.LEAD, csirt=elsewhere)],
        *[a_person(Role.ANALYST, region=region), a_person(Role.NATIONAL), a_person(Role.ADMINISTRATOR)],
    ]
    return dict(zip(ROLES, people, strict=True))


def make_cookies(user: User | None) -> SimpleCookie:
    """Return the cookies of this person, signed in."""
    client = Client()
    if user:
        client.force_login(user)
    return client.cookies


def send_request(
    method: str, route: str, url: str, user: User | None, incident: Incident, cookies: SimpleCookie
) -> Response:
    """Request the address with the fields of SENT, or as the API of this person if the route is of the API."""
    if route.startswith("api/"):
        return call_api(method, route, url, incident, make_api_token(user) if user else "")
    client = Client(raise_request_exception=False)
    client.cookies = deepcopy(cookies)
    data = {name: value(incident) if callable(value) else value for name, value in SENT.get(route, {}).items()}
    return cast(Response, getattr(client, method)(url, data))


def call_api(method: str, route: str, url: str, incident: Incident, token: str) -> Response:
    """Call the API with this token, or without any if it is empty."""
    client = Client(raise_request_exception=False)
    headers = {"Authorization": f"Bearer {token}"} if token else {}
    if method == "get":
        return client.get(url, cast(dict[str, str], SENT.get(route, {})), headers=headers)
    declaration = {"collectivity": str(incident.collectivity.uid), "contact": {"phone": "06 39 98 00 12"}}
    return client.post(url, json.dumps(declaration | {"type": "rancon"}), "application/json", headers=headers)


def fill_places(route: str, incident: Incident, people: Cast) -> dict[str, Any]:
    """Return the values for the brackets of an address: the case, the agent of its body, or another object."""
    agent = get_person(people, "agent")
    objects = {
        "admin/accounts/sitenotice/": 1,
        "admin/accounts/user/": agent.pk,
        "admin/collectivities/collectivity/": incident.collectivity_id,
        "admin/csirts/csirt/": incident.csirt_id,
        "admin/csirts/coverage/": Coverage.objects.filter(csirt=incident.csirt)[0].pk,
    }
    return {
        "reference": incident.reference,
        "secret": "2222-2222-2222",
        "code": "29999",
        "number": get_number(route),
        "role": create_awaited_role(incident).pk if "{role}" in route else 0,
        "name": "datapackage.json",
        "region": "53",
        "body_uid": incident.collectivity.uid,
        "key": uuid4(),
        "token": "0" * 64,
        "pk": 1,
        "person": agent.uid,
        "slug": "breizh-cyber",
        "suffix": "csv",
        "kind": "rancon",
        "form": "qualifier",
        "act": "clore",
        "section": "rappel",
        "place": "france",
        "id": agent.pk,
        "object_id": create_data_request(incident, people)
        if "datarequest/" in route
        else next((pk for start, pk in objects.items() if route.startswith(start)), incident.pk),
        "content_type_id": ContentType.objects.get_for_model(Incident).pk,
        "app_label": "incidents",
        "url": "inconnu",
        "uid": get_uid(route, incident, people),
    }


def create_data_request(incident: Incident, people: Cast) -> int:
    """Return the key of a request of a person, which the centre of the case answers."""
    today = timezone.localdate()
    fields = {"kind": "access", "received_on": today, "answer_by": today, "asker": "Nour", "proof": "Vue au guichet"}
    return DataRequest.objects.create(csirt=incident.csirt, taken_by=get_person(people, "lead"), **fields).pk


def get_person(people: Cast, role: str) -> User:
    return cast(User, people[role])


def get_number(route: str) -> int | str:
    """Return the number of the release of a year where the address has one, else that of a département."""
    if "publications/" in route or "releases/" in route:
        year = Period(2025)
        return (Release.objects.first() or print_release(year, spread_tables(year, 90))).number
    return "29"


# The object that the public identifier of an address names, by a part of the address.
NAMED: dict[str, Callable[[Incident, Cast], Any]] = {
    "ma-collectivite/": lambda incident, people: incident.collectivity,
    "equipe/invitations/": lambda incident, people: create_invitation(incident.csirt, people).user,
    "equipe/": lambda incident, people: people["responder"],
    "/taches/": lambda incident, people: Task.objects.create(
        incident=incident, title="Rappeler", author=people["lead"]
    ),
    "/messages-types/": lambda incident, people: MessageTemplate.objects.create(
        csirt=cast(Csirt, incident.csirt), title=str(uuid4()), text="Bonjour", author=get_person(people, "lead")
    ),
    "/indicateurs/": lambda incident, people: an_observable(incident, actor=people["responder"]),
    "/groupes/": lambda incident, people: CaseGroup.objects.create(
        csirt=cast(Csirt, incident.csirt), kind="other", title="Panne", author=get_person(people, "responder")
    ),
    "/actes/": lambda incident, people: create_bulk_job(incident, get_person(people, "responder")),
    "/pieces/{uid}/reprendre/": lambda incident, people: an_evidence_file(incident),
    "triage/{": lambda incident, people: an_evidence_file(incident),
    "": lambda incident, people: an_upload(incident),
}


def get_uid(route: str, incident: Incident, people: Cast) -> UUID:
    make = next(make for part, make in NAMED.items() if part in route)
    return cast(UUID, make(incident, people).uid)


def create_invitation(csirt: Csirt | None, people: Cast) -> AccessLink:
    """Create an invitation by its lead that nobody has answered."""
    return make_link(LinkPurpose.INVITATION, user=get_person(people, "agent"), made_by=people["lead"], csirt=csirt)


def create_awaited_role(incident: Incident) -> Membership:
    """Create a role that the administrator has given in the centre of the case, and that no lead has answered."""
    person = User.objects.create_user(f"{uuid4()}@demo.example", display_name="Alix Exemple")
    return Membership.objects.create(user=person, role=Role.RESPONDER, csirt=incident.csirt, awaits_confirmation=True)


def create_bulk_job(incident: Incident, actor: User) -> BulkJob:
    return start_bulk_job(actor=actor, act=BulkAct.TAKE, references=[incident.reference], choices={}, key="essai")
