"""People of a centre, their case, and `store`, which runs a test with evidence in a folder, then in a bucket."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from django.core.files.storage import Storage
from django.test import Client
from pytest_django import Settings

from accounts.models import User
from csirts.models import Csirt
from incidents.models import Incident
from tests.cast import a_responder, breizh_cyber, declare
from tests.incidents.merging import MAYOR
from tests.incidents.transferring import create_other_centre
from tests.stores import run_bucket_server, store_in_bucket, store_in_folder


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
