"""The embedded servers keep their data whatever ends them. Each test leaves them running."""

import os
import signal
import subprocess
import sys
from collections.abc import Iterator

import psutil
import psycopg
import pytest
import redis

from config.devserver.embedded import Servers


@pytest.fixture(scope="module")
def running_servers(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Servers]:
    servers = Servers(tmp_path_factory.mktemp("servers") / "a folder with spaces é")
    try:
        servers.start()
        with connect(servers) as connection:
            connection.execute("CREATE TABLE kept (id int)")
            connection.execute("INSERT INTO kept VALUES (1)")
        with servers.valkey.make_client() as client:
            client.set("kept", "1")
        yield servers
    finally:
        servers.remove()


def connect(servers: Servers) -> psycopg.Connection:
    return psycopg.connect(servers.postgres.make_url(), autocommit=True)


def list_rows(servers):
    with connect(servers) as connection:
        return connection.execute("SELECT id FROM kept").fetchall()


def test_a_restart_keeps_the_data(running_servers):
    running_servers.stop()
    running_servers.start()

    assert list_rows(running_servers) == [(1,)]
    with running_servers.valkey.make_client() as client:
        assert client.get("kept") == b"1"


def test_durability_is_on(running_servers):
    with connect(running_servers) as connection:
        for name in ["fsync", "full_page_writes", "synchronous_commit"]:
            assert connection.execute(f"SHOW {name}").fetchone() == ("on",)
    assert ask_valkey(running_servers, "appendonly") == "yes"


def ask_valkey(servers, name):
    with servers.valkey.make_client() as client:
        return client.config_get(name)[name]


def test_the_data_survive_a_kill(running_servers):
    for server in [running_servers.postgres, running_servers.valkey]:
        os.kill(server.find_pid(), signal.SIGKILL)
        server.process.wait()
        assert server.name in running_servers.record.list_silent_servers()

    running_servers.start()

    assert running_servers.record.list_silent_servers() == []
    assert list_rows(running_servers) == [(1,)]
    assert running_servers.valkey.is_ready()


def test_a_pid_file_that_names_another_process_is_cleared(running_servers):
    running_servers.stop()
    (running_servers.postgres.data / "postmaster.pid").write_text(f"{os.getpid()}\n{running_servers.postgres.data}\n")

    running_servers.start()

    assert psutil.pid_exists(os.getpid())
    assert list_rows(running_servers) == [(1,)]


def test_a_second_start_uses_the_running_servers(running_servers):
    again = Servers(running_servers.home)
    again.start()

    assert again.postgres.find_pid() == running_servers.postgres.find_pid()
    assert again.postgres.process is None


@pytest.mark.proof
def test_a_port_taken_meanwhile_is_replaced(running_servers):
    running_servers.stop()
    before = running_servers.postgres.port
    with hold_port(before):
        running_servers.start()

        assert running_servers.postgres.port != before
        assert list_rows(running_servers) == [(1,)]


def hold_port(port):
    holder = subprocess.Popen(
        [
            sys.executable,
            "-c",
            f"import socket; s = socket.create_server(('127.0.0.1', {port})); print(1, flush=True); input()",
        ],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    )
    holder.stdout.readline()
    return holder


def test_a_password_is_required_and_its_file_is_private(running_servers):
    record = running_servers.record
    passwords = [str(record.read()[name]) for name in record.passwords]
    assert len({*passwords}) == 3
    for url, password in zip(
        [running_servers.postgres.make_url(), record.owner_url, record.database_url], passwords, strict=True
    ):
        with pytest.raises(psycopg.OperationalError, match="password authentication failed"):
            psycopg.connect(url.replace(password, "wrong"))
    with redis.Redis(port=running_servers.valkey.port) as stranger, pytest.raises(redis.AuthenticationError):
        stranger.ping()
    assert (running_servers.home / "servers.json").stat().st_mode & 0o777 == 0o600
    assert running_servers.confinement.data.stat().st_mode & 0o777 == 0o700


WITHOUT_ROLES = """
    REASSIGN OWNED BY tocsin_owner TO tocsin;
    DROP OWNED BY tocsin_owner, tocsin_app, tocsin_read;
    DROP ROLE tocsin_owner, tocsin_app, tocsin_read;
"""


def test_a_database_of_an_earlier_version_is_given_its_roles(running_servers):
    with connect(running_servers) as connection:
        connection.execute(WITHOUT_ROLES)
    Servers(running_servers.home).start()

    with psycopg.connect(running_servers.record.owner_url) as owner:
        assert owner.execute("SELECT id FROM kept").fetchall() == [(1,)]
        owner.execute("ALTER TABLE kept ADD COLUMN more text")
        owner.rollback()
    refused = pytest.raises(psycopg.errors.InsufficientPrivilege)
    with psycopg.connect(running_servers.record.database_url) as application, refused:
        application.execute("SELECT id FROM kept")


DISORDER = """
    CREATE TABLE made_before_roles ();
    ALTER ROLE tocsin_app CREATEDB CREATEROLE REPLICATION BYPASSRLS;
    GRANT tocsin_owner TO tocsin_app WITH ADMIN OPTION;
    GRANT pg_write_all_data TO tocsin_app;
    CREATE ROLE somebody;
    GRANT tocsin_owner TO somebody WITH ADMIN OPTION;
    GRANT tocsin_owner TO tocsin_read GRANTED BY somebody;
    REVOKE ALL ON DATABASE tocsin FROM PUBLIC;
    GRANT CREATE ON DATABASE tocsin TO tocsin_app;
    CREATE SCHEMA tocsin AUTHORIZATION tocsin_app;
    CREATE FUNCTION tocsin.format(text, text) RETURNS text LANGUAGE sql AS $$ SELECT 'SELECT 1 / 0' $$;
"""
EXCESS = """
    SELECT rolname FROM pg_roles
    WHERE rolname ~ '^tocsin_' AND (rolcreaterole OR rolcreatedb OR rolreplication OR rolbypassrls)
    UNION ALL
    SELECT roleid::regrole::text FROM pg_auth_members WHERE member::regrole::text ~ '^tocsin_'
    UNION ALL
    SELECT 'creates schemas' WHERE has_database_privilege('tocsin_app', 'tocsin', 'CREATE')
"""


def test_each_start_puts_the_roles_right(running_servers):
    """Code from before the roles made a table as the superuser, somebody gave a role more than it needs, and a schema
    before the others has functions with the names of those of PostgreSQL.
    """
    with connect(running_servers) as connection:
        connection.execute(DISORDER)
    Servers(running_servers.home).start()

    with connect(running_servers) as connection:
        assert connection.execute(EXCESS).fetchall() == []
        connection.execute("DROP SCHEMA tocsin CASCADE; DROP ROLE somebody")
    with psycopg.connect(running_servers.record.owner_url) as owner:
        owner.execute("DROP TABLE made_before_roles")
    with psycopg.connect(running_servers.record.database_url) as application:
        application.execute("CREATE TEMPORARY TABLE passing ()")


def test_a_start_waits_for_no_transaction_of_the_running_site(running_servers, monkeypatch):
    Servers(running_servers.home).start()
    monkeypatch.setenv("PGOPTIONS", "-c lock_timeout=5s")
    with psycopg.connect(running_servers.record.owner_url) as site:
        site.execute("SELECT FROM kept")
        Servers(running_servers.home).start()


def test_a_database_that_was_lost_is_made_anew_with_its_roles(running_servers):
    """The roles lose the settings that somebody gave them with their own password."""
    with psycopg.connect(running_servers.postgres.make_url("postgres"), autocommit=True) as connection:
        connection.execute("ALTER ROLE tocsin_app SET search_path = pg_temp")
        connection.execute("DROP DATABASE tocsin WITH (FORCE)")
    Servers(running_servers.home).start()

    with psycopg.connect(running_servers.record.owner_url) as owner:
        owner.execute("CREATE TABLE kept (id int)")
        owner.execute("INSERT INTO kept VALUES (1)")
    with psycopg.connect(running_servers.record.database_url) as application:
        assert application.execute("SHOW search_path").fetchone() == ('"$user", public',)


def test_the_servers_listen_on_this_machine_only(running_servers):
    assert ask_valkey(running_servers, "bind") == "127.0.0.1"
    with connect(running_servers) as connection:
        assert connection.execute("SHOW listen_addresses").fetchone() == ("127.0.0.1",)
        assert connection.execute("SHOW unix_socket_directories").fetchone() == ("",)
        assert connection.execute("SELECT lower('ÉVRY')").fetchone() == ("évry",)


@pytest.mark.proof
def test_servers_of_two_folders_run_side_by_side(running_servers, tmp_path):
    other = Servers(tmp_path / "other")
    other.start()
    try:
        assert other.postgres.port != running_servers.postgres.port
        assert other.postgres.password != running_servers.postgres.password
    finally:
        other.remove()
    assert not other.home.exists()
