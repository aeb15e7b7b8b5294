"""`manage.py migrate` and the files of deploy/ give the roles of PostgreSQL their tables, privileges and passwords."""

import os
import subprocess
from importlib import import_module

import psycopg
import pytest
from django.core.management import CommandError, call_command
from django.db import connection, migrations

from config.devserver.confinement import Programs
from tests.backend import ROOT, TESTER
from tests.cast import declare
from tests.superuser import act_as_superuser

# Migrating

OPENED = """
    GRANT ALL ON incidents_incidentevent TO tocsin_app, PUBLIC;
    GRANT CREATE ON SCHEMA public TO tocsin_app, PUBLIC;
    CREATE TABLE without_line (id int);
    ALTER TABLE without_line OWNER TO tocsin_owner;
    GRANT ALL ON without_line TO tocsin_app;
    CREATE OR REPLACE FUNCTION _pgtrigger_should_ignore(trigger_name name) RETURNS boolean RETURN true;
"""
PRIVILEGES = """
    SELECT has_table_privilege('tocsin_app', 'incidents_incidentevent', 'UPDATE'),
        has_table_privilege('tocsin_app', 'without_line', 'SELECT'),
        has_schema_privilege('tocsin_app', 'public', 'CREATE'), _pgtrigger_should_ignore('any')
"""


def test_migrating_puts_the_privileges_right(backend_with_roles, cloned_db):
    act(OPENED)
    assert run(PRIVILEGES) == (True, True, True, True)
    call_command("migrate", plan=True, verbosity=0)
    assert run(PRIVILEGES) == (True, True, True, True)

    call_command("migrate", verbosity=0)

    assert run(PRIVILEGES) == (False, False, False, False)
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
    assert run(PRIVILEGES) == (False, False, False, False)


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


def test_migrating_names_a_role_whose_privilege_it_cannot_take_away(backend_with_roles, cloned_db):
    act(f"{OPENED}; ALTER SCHEMA public OWNER TO tocsin")
    with pytest.raises(CommandError, match="tocsin_app peut encore créer"):
        call_command("migrate", verbosity=0)
    assert run(PRIVILEGES) == (False, False, True, False)


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


def test_a_database_of_the_superuser_is_given_to_its_owner(backend_with_roles, cloned_db, tmp_path):
    """As README.md says for an installation that had a single role."""
    with act_as_superuser(), connection.cursor() as cursor:
        cursor.execute(BELONGS_TO_SUPERUSER)
    assert run(WITH_OTHER_OWNER)[0] > 100
    connection.close()

    run_psql(backend_with_roles, cloned_db, tmp_path)
    run_psql(backend_with_roles, cloned_db, tmp_path)

    call_command("migrate", "notifications", "0003", verbosity=0)
    call_command("migrate", verbosity=0)
    assert run(WITH_OTHER_OWNER) == (0,)
    assert declare().events.count() == 1


def run_psql(backend, url, folder):
    """Run both files with psql, as the container of the database does at its first start."""
    passwords = {"OWNER_PASSWORD_FILE": backend.owner_url, "APP_PASSWORD_FILE": backend.database_url}
    environment = dict(os.environ)
    for name, role_url in passwords.items():
        (folder / name).write_text(psycopg.conninfo.conninfo_to_dict(role_url)["password"] + "\n")
        environment[name] = str(folder / name)
    files = [f"--file={ROOT / 'deploy' / name}" for name in ("create_roles.sql", "set_passwords.sql")]
    command = [Programs.find_in_wheels().postgres / "psql", "--no-psqlrc", "--quiet", "--set=ON_ERROR_STOP=1", *files]
    database = backend.make_superuser_url(url.rpartition("/")[2])
    subprocess.run([*command, f"--dbname={database}"], env=environment, check=True, timeout=60)
