"""Root may not run PostgreSQL: each way to drop root's rights starts it, keeps its data, and starts it again."""

import os
import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path

import psutil
import psycopg
import pytest

from config.devserver import confinement
from config.devserver.confinement import Confinement, Programs, choose_confinement
from config.devserver.embedded import Servers

pytestmark = pytest.mark.skipif(os.getuid() != 0, reason="only root has to find a way down")

# Bound before any test puts another in its place.
find_programs_in_wheels = Programs.find_in_wheels
REFUSED = Confinement(find_programs_in_wheels(), Path("/"), prefix=("/bin/false",))


def namespaces_are_refused():
    return subprocess.run(["unshare", "-U", "true"], capture_output=True, check=False).returncode != 0


@pytest.fixture
def readable_folder(monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """Yield a folder of root's that anybody can read, with the programs in it."""
    with tempfile.TemporaryDirectory(dir="/var/tmp", ignore_cleanup_errors=True) as name:
        folder = Path(name)
        folder.chmod(0o755)
        (folder / "programs").mkdir(mode=0o755)
        programs = find_programs_in_wheels().copy_to(folder / "programs")
        monkeypatch.setattr(Programs, "find_in_wheels", lambda: programs)
        yield folder


@pytest.fixture
def private_folder(tmp_path: Path) -> Path:
    """Return a folder that only root can read."""
    tmp_path.chmod(0o700)
    return tmp_path


@pytest.fixture
def state_folder(monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """Replace /var/lib by a temporary folder."""
    with tempfile.TemporaryDirectory(dir="/var/tmp", ignore_cleanup_errors=True) as name:
        Path(name).chmod(0o755)
        monkeypatch.setattr(confinement, "STATE", Path(name))
        yield Path(name)


@pytest.fixture
def no_namespaces(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(confinement, "confine_to_namespace", lambda programs, data: REFUSED)


def count_starts(home):
    """Start and stop a server on this folder. Return how often it was started, and the user who ran it."""
    postgres = Servers(home).postgres
    postgres.start()
    try:
        with psycopg.connect(postgres.make_url(), autocommit=True) as connection:
            connection.execute("CREATE TABLE IF NOT EXISTS start (at timestamptz)")
            connection.execute("INSERT INTO start VALUES (now())")
            starts = connection.execute("SELECT count(*) FROM start").fetchone()[0]
        pid = postgres.find_pid()
        user = psutil.Process(pid).uids().real
    finally:
        postgres.stop()
    assert not psutil.pid_exists(pid)
    return starts, user


@pytest.mark.proof
def test_an_unprivileged_user_runs_the_database_where_the_folder_is_readable(readable_folder):
    home = readable_folder / "home"
    nobody = confinement.find_unprivileged_uid()

    assert count_starts(home) == (1, nobody)
    assert count_starts(home) == (2, nobody)

    assert (home / "data").stat().st_uid == nobody
    assert readable_folder.stat().st_mode & 0o777 == 0o755
    assert not (home / "place").exists()


@pytest.mark.skipif(namespaces_are_refused(), reason="this system refuses user namespaces")
@pytest.mark.proof
def test_a_namespace_runs_the_database_in_a_private_folder(private_folder):
    home = private_folder / "home"

    assert count_starts(home) == (1, 0)  # as seen from outside
    assert count_starts(home) == (2, 0)

    assert choose_confinement(home).prefix[1] == "-U"
    assert private_folder.stat().st_mode & 0o777 == 0o700
    assert (home / "data").stat().st_uid == 0


@pytest.mark.proof
def test_the_data_live_elsewhere_where_namespaces_are_refused(private_folder, state_folder, no_namespaces):
    home = private_folder / "home"
    nobody = confinement.find_unprivileged_uid()

    assert count_starts(home) == (1, nobody)
    assert count_starts(home) == (2, nobody)

    place = Path((home / "place").read_text())
    assert place.parent == state_folder
    assert (place / "data").stat().st_mode & 0o777 == 0o700
    assert private_folder.stat().st_mode & 0o777 == 0o700
    Servers(home).remove()
    assert not place.exists()


@pytest.mark.proof
def test_data_follow_when_the_folder_becomes_private(readable_folder, state_folder, no_namespaces):
    home = readable_folder / "home"
    count_starts(home)
    home.chmod(0o700)

    assert count_starts(home) == (2, confinement.find_unprivileged_uid())
    assert Path((home / "place").read_text()).parent == state_folder
    assert not any((home / "data").iterdir())


@pytest.mark.proof
def test_data_of_a_deleted_folder_are_not_reused(private_folder, state_folder, no_namespaces):
    """Their password was deleted with the folder."""
    home = private_folder / "home"
    count_starts(home)
    subprocess.run(["rm", "-rf", home], check=True)

    assert count_starts(home)[0] == 1
    assert len(list(state_folder.iterdir())) == 1


@pytest.mark.proof
def test_a_start_killed_while_it_made_the_database_is_started_over(private_folder):
    home = private_folder / "home"
    unfinished = choose_confinement(home).data / "postgres.new"
    unfinished.mkdir()
    (unfinished / "PG_VERSION").write_text("18\n")

    assert count_starts(home)[0] == 1
    assert not unfinished.exists()


@pytest.mark.skipif(namespaces_are_refused(), reason="this system refuses user namespaces")
@pytest.mark.proof
def test_a_user_id_without_a_name_is_given_one(private_folder, monkeypatch):
    """In a container the user may have no name, and PostgreSQL asks the system for one."""
    assert confinement.has_user_name(os.getuid())
    assert not confinement.has_user_name(2**31 - 7)
    monkeypatch.setattr(confinement, "ROOT_UID", -1)
    monkeypatch.setattr(confinement, "has_user_name", lambda uid: False)

    assert count_starts(private_folder / "home")[0] == 1
    assert choose_confinement(private_folder / "home").prefix[1] == "-U"
