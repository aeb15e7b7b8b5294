"""Small lists of collectivities in the place of the official one."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from django.db import connection

from tests.collectivities.lists import delete_bodies, load_list
from tests.collectivities.small_package import make_first_list, write_package


@pytest.fixture(scope="module")
def first_small_list(module_rows: None, tmp_path_factory: pytest.TempPathFactory) -> None:
    """Replace the official list, which is long, with a small one."""
    delete_bodies()
    load_list(write_package(tmp_path_factory.mktemp("first"), make_first_list(), "6.0.0"))
    connection.check_constraints()  # once, or else each test checks 36 354 deleted bodies


@pytest.fixture
def package(tmp_path: Path) -> Callable[..., Path]:
    """Write the package of a millésime."""

    def write(lists: dict[str, list[dict[str, Any]]], version: str = "6.0.0") -> Path:
        return write_package(tmp_path / version, lists, version)

    return write
