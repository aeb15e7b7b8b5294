"""`manage.py migrate` and the files of deploy/ give the roles of PostgreSQL their tables, privileges and passwords."""

import os
import secrets
import subprocess
from collections.abc import Iterator
from importlib import import_module

import psycopg
import pytest
from django.core.management import CommandError, call_command
from django.db import ProgrammingError, connection, migrations

from config.database.owner import connect_as_owner
from config.devserver.confinement import Programs
from incidents.models import Incident
from tests.backend import ROOT, TESTER, Backend
from tests.cast import declare
from tests.conftest import use_database
from tests.superuser import act_as_superuser

# Migrating

# Among it, a view of the owner, and a function of triggers that belongs to another role.
OPENED = """
    GRANT ALL ON incidents_incidentevent TO tocsin_app, PUBLIC;
    GRANT UPDATE (kind) ON incidents_incidentevent TO tocsin_app, PUBLIC;
    GRANT UPDATE ON incidents_evidence TO tocsin_app;
    CREATE VIEW view_of_owner AS TABLE incidents_incidentevent;
    ALTER VIEW view_of_owner OWNER TO tocsin_owner;
    GRANT ALL ON view_of_owner TO tocsin_app;
    CREATE FUNCTION of_another_role() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NULL; END';
    DO $$ BEGIN EXECUTE format('GRANT CREATE ON DATABASE %I TO tocsin_app, PUBLIC', current_database()); END $$;
    GRANT CREATE ON SCHEMA public TO tocsin_app, PUBLIC;
    CREATE TABLE without_line (id int);
    ALTER TABLE without_line OWNER TO tocsin_owner;
    GRANT ALL ON without_line TO tocsin_app;
    CREATE OR REPLACE FUNCTION _pgtrigger_should_ignore(trigger_name name) RETURNS boolean RETURN true;
"""
PRIVILEGES = """
    SELECT has_any_column_privilege('tocsin_app', 'incidents_incidentevent', 'UPDATE'),
        has_column_privilege('tocsin_app', 'incidents_evidence', 'id', 'UPDATE'),
        has_table_privilege('tocsin_app', 'view_of_owner', 'SELECT'),
        has_database_privilege('tocsin_app', current_database(), 'CREATE'),
        has_table_privilege('tocsin_app', 'without_line', 'SELECT'),
        has_schema_privilege('tocsin_app', 'public', 'CREATE'), _pgtrigger_should_ignore('any')
"""


def test_migrating_puts_the_privileges_right(backend_with_roles, cloned_db):
    act(OPENED)
    assert run(PRIVILEGES) == (True,) * 7
    call_command("migrate", plan=True, verbosity=0)
    assert run(PRIVILEGES) == (True,) * 7

    call_command("migrate", verbosity=0)

    assert run(PRIVILEGES) == (False,) * 7
    assert run("SELECT current_user") == (TESTER,)


def act(statements):
    with act_as_superuser(), connection.cursor() as cursor:
        cursor.execute(statements)


def run(statement):
    with connection.cursor() as cursor:
        cursor.execute(statement)
        return cursor.fetchone()


WITH_PATH = """
    SELECT count(*) FROM pg_trigger JOIN pg_proc ON pg_proc.oid = tgfoid
    WHERE tgrelid = 'accounts_breakglass'::regclass AND proconfig = ARRAY['search_path=public, pg_temp']
"""


def test_a_migration_that_fails_leaves_no_door_open(backend_with_roles, cloned_db, monkeypatch):
    """The migration before it adds triggers, which opens `pgtrigger.ignore`."""
    call_command("migrate", "accounts", "0013", verbosity=0)
    failing = import_module("accounts.migrations.0015_mails_on_takeovers").Migration
    monkeypatch.setattr(failing, "operations", [migrations.RunPython(fail)])
    act(OPENED)

    with pytest.raises(ZeroDivisionError):
        call_command("migrate", verbosity=0)

    assert run(WITH_PATH) == (2,)
    assert run(PRIVILEGES) == (False,) * 7


def fail(apps, editor):
    raise ZeroDivisionError


@pytest.mark.parametrize(
    "change", ["TABLE incidents_incident", "FUNCTION _pgtrigger_should_ignore", "FUNCTION _pgh_attach_context"]
)
def test_migrating_names_what_belongs_to_another_role(backend_with_roles, cloned_db, change):
    """It says why this may be: the owner is missing, or a backup was restored."""
    act(f"ALTER {change} OWNER TO tocsin")
    with pytest.raises(CommandError, match=rf"^{change.split()[1]} .* DATABASE_OWNER_URL .* deploy/create_roles\.sql"):
        call_command("migrate", verbosity=0)
    call_command("migrate", plan=True, verbosity=0)


def test_migrating_without_the_owner_says_what_is_missing(backend_with_roles, transactional_db, settings):
    settings.DATABASE_OWNER = None
    with pytest.raises(CommandError, match="DATABASE_OWNER_URL"):
        call_command("migrate", verbosity=0)


DATABASE_OF_SUPERUSER = """
    ALTER SCHEMA public OWNER TO tocsin_owner;
    DO $$ BEGIN EXECUTE format('ALTER DATABASE %I OWNER TO tocsin', current_database()); END $$
"""


@pytest.mark.parametrize(
    ("change", "opened"),
    [("ALTER SCHEMA public OWNER TO tocsin", [5]), (DATABASE_OF_SUPERUSER, [3])],
    ids=["schema", "database"],
)
def test_migrating_names_a_role_whose_privilege_it_cannot_take_away(backend_with_roles, cloned_db, change, opened):
    act(f"{OPENED}; {change}")
    with pytest.raises(CommandError, match="tocsin_app peut encore créer"):
        call_command("migrate", verbosity=0)
    assert [position for position, may in enumerate(run(PRIVILEGES)) if may] == opened


ALLOW_SCHEMAS = """
    DO $$ BEGIN EXECUTE format('GRANT CREATE ON DATABASE %I TO tocsin_app', current_database()); END $$
"""
# By default PostgreSQL looks first into the schema that has the name of the role.
SET_TRAP = """
    CREATE SCHEMA tocsin_owner;
    CREATE FUNCTION tocsin_owner.act_as_owner() RETURNS boolean LANGUAGE plpgsql AS
        'BEGIN CREATE TABLE IF NOT EXISTS public.made_by_owner (); RETURN true; END';
    CREATE TABLE tocsin_owner.django_migrations AS TABLE public.django_migrations;
    ALTER TABLE tocsin_owner.django_migrations ENABLE ROW LEVEL SECURITY;
    CREATE POLICY act ON tocsin_owner.django_migrations USING (tocsin_owner.act_as_owner());
    GRANT ALL ON SCHEMA tocsin_owner TO tocsin_owner;
    GRANT ALL ON tocsin_owner.django_migrations TO tocsin_owner;
"""


def test_migrating_runs_no_function_that_the_application_wrote(backend_with_roles, cloned_db):
    """Though it was once allowed to create schemas, as `GRANT ALL ON DATABASE` does."""
    act(ALLOW_SCHEMAS)
    with connection.cursor() as cursor:
        cursor.execute(SET_TRAP)

    call_command("migrate", verbosity=0)

    assert run("SELECT to_regclass('public.made_by_owner')") == (None,)
    with pytest.raises(ProgrammingError, match="permission denied"), connection.cursor() as cursor:
        cursor.execute("CREATE SCHEMA another")


def test_a_single_role_finds_objects_in_the_schema_public_alone(transactional_db, settings):
    settings.DATABASE_OWNER = None
    with connect_as_owner():
        assert run("SHOW search_path") == ("public",)
    assert run("SHOW search_path") != ("public",)


# The files of deploy/


BELONGS_TO_SUPERUSER = """
    DO $$ DECLARE name text; BEGIN
        EXECUTE format('ALTER DATABASE %I OWNER TO tocsin', current_database());
        FOR name IN SELECT oid::regclass FROM pg_class WHERE relnamespace = 'public'::regnamespace AND relkind = 'r'
        LOOP EXECUTE format('ALTER TABLE %s OWNER TO tocsin', name); END LOOP;
        FOR name IN SELECT oid::regprocedure FROM pg_proc
            WHERE pronamespace = 'public'::regnamespace AND proowner = 'tocsin_owner'::regrole
        LOOP EXECUTE format('ALTER ROUTINE %s OWNER TO tocsin', name); END LOOP;
        ALTER TEXT SEARCH CONFIGURATION tocsin OWNER TO tocsin;
    END $$
"""
WITH_OTHER_OWNER = """
    SELECT count(*) FROM pg_class WHERE relnamespace = 'public'::regnamespace AND relkind IN ('r', 'S')
    AND relowner <> 'tocsin_owner'::regrole
"""


@pytest.fixture
def former_url(backend_with_roles: Backend, cloned_db: str) -> Iterator[str]:
    """Yield the URL of the database for a superuser of this test, whose password every container had."""
    name, password = f"former_{secrets.token_hex(4)}", secrets.token_hex(8)
    backend_with_roles.execute("CREATE ROLE {} SUPERUSER LOGIN", name)
    try:
        url = backend_with_roles.make_superuser_url(cloned_db.rpartition("/")[2])
        with psycopg.connect(url, autocommit=True) as superuser:
            superuser.execute(f"ALTER ROLE {name} PASSWORD '{password}'")
        yield psycopg.conninfo.make_conninfo(url, user=name, password=password)
    finally:
        backend_with_roles.execute("DROP ROLE {}", name)


def test_a_database_of_the_superuser_is_given_to_its_owner(backend_with_roles, cloned_db, former_url, tmp_path):
    """As README.md says for an installation that had a single role, whose password then opens nothing."""
    act(BELONGS_TO_SUPERUSER)
    assert run(WITH_OTHER_OWNER)[0] > 100
    connection.close()
    passwords = write_passwords(backend_with_roles, tmp_path)

    run_psql("create_roles", former_url)
    run_psql("set_passwords", former_url, passwords)

    with pytest.raises(psycopg.OperationalError, match="password authentication failed"):
        psycopg.connect(former_url)
    superuser_url = psycopg.conninfo.make_conninfo(former_url, password=SUPERUSER_PASSWORD)
    run_psql("create_roles", superuser_url)
    run_psql("set_passwords", superuser_url, passwords)
    call_command("migrate", "notifications", "0003", verbosity=0)
    call_command("migrate", verbosity=0)
    assert run(WITH_OTHER_OWNER) == (0,)
    assert declare().events.count() == 1


@pytest.mark.parametrize("name", ["SUPERUSER_PASSWORD_FILE", "OWNER_PASSWORD_FILE", "APP_PASSWORD_FILE"])
def test_a_password_that_cannot_be_read_is_not_cleared(backend_with_roles, former_url, tmp_path, name):
    passwords = write_passwords(backend_with_roles, tmp_path)
    with pytest.raises(subprocess.CalledProcessError):
        run_psql("set_passwords", former_url, passwords | {name: str(tmp_path / "missing")})
    for url in (former_url, backend_with_roles.owner_url):
        psycopg.connect(url).close()


SUPERUSER_PASSWORD = "new"


def write_passwords(backend, folder):
    """Return the variables that name the files of the passwords. Those of the two roles are what they were."""
    owner, application = (
        psycopg.conninfo.conninfo_to_dict(url)["password"] for url in (backend.owner_url, backend.database_url)
    )
    passwords = {"SUPERUSER": SUPERUSER_PASSWORD, "OWNER": owner, "APP": application}
    for name, password in passwords.items():
        (folder / name).write_text(f"{password}\n")
    return {f"{name}_PASSWORD_FILE": str(folder / name) for name in passwords}


def run_psql(name, url, environment=None):
    """Run a file of deploy/ with psql, as the container of the database does at its first start."""
    run_program(
        "psql",
        "-X",
        "-q",
        "-v",
        "ON_ERROR_STOP=1",
        "-f",
        ROOT / "deploy" / f"{name}.sql",
        "-d",
        url,
        **(environment or {}),
    )


def run_program(name, *arguments, **environment):
    command = [Programs.find_in_wheels().postgres / name, *arguments]
    subprocess.run(command, env=os.environ | environment, check=True, timeout=60, stdout=subprocess.DEVNULL)


@pytest.mark.proof
def test_a_backup_of_the_reader_is_restored(backend_with_roles, cloned_db, tmp_path):
    """As README.md says. Nothing of the roles or their privileges is needed in it."""
    reference = declare().reference
    backup, name = tmp_path / "backup", f"restored_{secrets.token_hex(4)}"
    former, restored = (backend_with_roles.make_superuser_url(of) for of in (cloned_db.rpartition("/")[2], name))
    run_program("pg_dump", "-Fc", "--role=tocsin_read", "-f", backup, "-d", former)
    backend_with_roles.execute("CREATE DATABASE {}", name)
    try:
        run_psql("create_roles", restored)
        run_program("pg_restore", "--no-owner", "--exit-on-error", "-d", restored, backup)
        run_psql("create_roles", restored)
        with use_database(name):
            call_command("migrate", verbosity=0)
            assert run(WITH_OTHER_OWNER) == (0,)
            assert Incident.objects.get().reference == reference
            assert declare().events.count() == 1
    finally:
        backend_with_roles.execute("DROP DATABASE {} WITH (FORCE)", name)
