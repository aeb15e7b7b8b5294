"""People of a centre, a case of theirs; where evidence is kept: `store` runs a test on a folder, then on a bucket."""

import pytest

from tests.cast import a_responder, breizh_cyber, declare
from tests.incidents.transferring import another_centre
from tests.stores import bucket_server, in_a_bucket, in_a_folder


@pytest.fixture
def responder(client):
    """Signed in."""
    responder = a_responder()
    client.force_login(responder)
    return responder


@pytest.fixture
def colleague():
    return a_responder()


@pytest.fixture
def incident(db):
    breizh_cyber()
    return declare()


@pytest.fixture
def elsewhere():
    """Another centre, with people."""
    return another_centre()


@pytest.fixture
def giver():
    """Of the centre that has the case, as `taker` is of the other one."""
    return a_responder()


@pytest.fixture
def taker(elsewhere):
    return a_responder(elsewhere)


@pytest.fixture(scope="session")
def s3(tmp_path_factory):
    with bucket_server(tmp_path_factory.mktemp("s3")) as address:
        yield address


@pytest.fixture(params=["folder", "bucket"])
def store(request, settings, tmp_path):
    if request.param == "folder":
        place = in_a_folder(settings, tmp_path / "evidence")
    else:
        place = in_a_bucket(settings, request.getfixturevalue("s3"))
    with place as storage:
        yield storage
