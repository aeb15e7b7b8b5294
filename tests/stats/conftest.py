"""Fixtures of several tests of figures."""

from collections.abc import Iterator
from pathlib import Path

import pytest
import time_machine
from django.test import Client

from accounts.enums import Role
from accounts.models import User
from stats.models import Release
from stats.open_data.edition import load_edition
from tests.cast import a_person
from tests.stats.cases import paris_time
from tests.stats.packages import ARCHIVE, HOME, unpack
from tests.stats.releases import save_next_release, save_year_of_releases


@pytest.fixture
def march_of_2026() -> Iterator[None]:
    with time_machine.travel(paris_time(2026, 3, 20)):
        yield


@pytest.fixture
def national(client: Client) -> User:
    national = a_person(Role.NATIONAL)
    client.force_login(national)
    return national


@pytest.fixture
def release(db: None) -> Release:
    load_edition.cache_clear()
    return save_year_of_releases()


@pytest.fixture
def unpacked(client: Client, release: Release, tmp_path: Path) -> Path:
    return unpack(client, HOME + ARCHIVE, tmp_path)


@pytest.fixture
def six_releases(db: None) -> tuple[Release, Release]:
    """Save the four quarters of 2025, their year, and the first quarter of 2026. Return the last two."""
    load_edition.cache_clear()
    return save_year_of_releases(), save_next_release()
