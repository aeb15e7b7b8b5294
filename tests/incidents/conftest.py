"""Where evidence is kept, for the tests that ask: `store` runs them on a folder, then on a bucket."""

import pytest

from tests.stores import bucket_server, in_a_bucket, in_a_folder


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
