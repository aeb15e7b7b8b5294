import pytest
from pytest_django import Settings


@pytest.fixture
def new_store(settings: Settings) -> None:
    """Begin with an empty store of files: new settings open it anew."""
    settings.STORAGES = dict(settings.STORAGES)
