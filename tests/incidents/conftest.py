"""People of a centre, their case, and `store`, which runs a test with evidence in a folder, then in a bucket."""

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest
from django.core.files.storage import Storage
from django.test import Client
from pytest_django import Settings

from accounts.models import User
from collectivities.models import Collectivity
from csirts.models import Csirt
from incidents.files import vault
from incidents.models import CaseGroup, Incident
from incidents.services.declarant.access import derive_secret
from incidents.services.transfer import reroute
from tests.cast import a_lead, a_responder, breizh_cyber, declare, plouexemple
from tests.incidents.desk import acknowledge_as
from tests.incidents.devices import sign_in_as
from tests.incidents.grouping import a_group_of_towns
from tests.incidents.journeys import make_address
from tests.incidents.merging import MAYOR
from tests.incidents.transferring import create_other_centre
from tests.stores import list_stored_objects, run_bucket_server, store_in_bucket, store_in_folder


@pytest.fixture
def responder_client(incident: Incident) -> Client:
    """Return a client of its own, signed in as a responder of the centre that has the case."""
    return sign_in_as(a_responder())


@pytest.fixture
def case_lead(db: None) -> User:
    return a_lead()


@pytest.fixture
def lead_client(case_lead: User) -> Client:
    return sign_in_as(case_lead)


@pytest.fixture
def responder(db: None, client: Client) -> User:
    """Return a responder, as whom the client is signed in."""
    responder = a_responder()
    client.force_login(responder)
    return responder


@pytest.fixture
def colleague(db: None) -> User:
    return a_responder()


@pytest.fixture
def centre(db: None) -> Csirt:
    """Return the centre of the territory in which the tests declare."""
    return breizh_cyber()


@pytest.fixture
def incident(db: None) -> Incident:
    breizh_cyber()
    return declare()


@pytest.fixture
def cases(responder: User) -> list[Incident]:
    """Return three cases, for an act on many."""
    return [declare() for _ in range(3)]


@pytest.fixture
def main(db: None) -> Incident:
    """Return the first of two declarations of one incident. The second one is `duplicate`."""
    breizh_cyber()
    return declare()


@pytest.fixture
def duplicate(main: Incident) -> Incident:
    return declare(caller=MAYOR, description="Tout est bloqué depuis ce matin.")


@pytest.fixture
def elsewhere(db: None) -> Csirt:
    """Return another centre, with people."""
    return create_other_centre()


@pytest.fixture
def giver(db: None) -> User:
    """Return a person of the centre that has the case. `taker` is a person of the other centre."""
    return a_responder()


@pytest.fixture
def taker(elsewhere: Csirt) -> User:
    return a_responder(elsewhere)


@pytest.fixture(scope="session")
def s3(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    with run_bucket_server(tmp_path_factory.mktemp("s3")) as address:
        yield address


@pytest.fixture(params=["folder", "bucket"])
def store(request: pytest.FixtureRequest, settings: Settings, tmp_path: Path) -> Iterator[Storage]:
    if request.param == "folder":
        place = store_in_folder(settings, tmp_path / "evidence")
    else:
        place = store_in_bucket(settings, request.getfixturevalue("s3"))
    with place as storage:
        yield storage


@pytest.fixture
def town(db: None, client: Client) -> Collectivity:
    """Return a town whose centre exists. The client has an address of its own, from which nothing was declared."""
    client.defaults["REMOTE_ADDR"] = make_address()
    breizh_cyber()
    return plouexemple()


@pytest.fixture
def case(responder: User) -> Incident:
    """Return a case that the responder has acknowledged."""
    return acknowledge_as(responder, declare())


@pytest.fixture
def group(responder: User) -> CaseGroup:
    return a_group_of_towns(responder)


@pytest.fixture
def holder(client: Client, incident: Incident) -> Client:
    """Return the client, which has opened the case by its secret link."""
    client.post(f"/suivi/acces/{derive_secret(incident.accesses.get(revoked_at=None))}/")
    return client


@pytest.fixture
def empty_store() -> None:
    for name in list_stored_objects():
        vault.remove_object(name)


@pytest.fixture
def follow_changes_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """Follow a change at once, without the minutes in which it may be undone."""
    monkeypatch.setattr(reroute, "CASES_FOLLOW_AFTER", timedelta())
