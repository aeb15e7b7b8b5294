"""What a thief of a password may not do in PostgreSQL, tried on a connection of their own."""

import os
import subprocess
from collections.abc import Iterator

import pgtrigger
import psycopg
import pytest
from django.core.management import CommandError, call_command
from django.db import connection
from pgtrigger import registry
from psycopg import errors, sql

from config.checks import check_database_role
from config.database.grants import APPLICATION, READER, TABLES_BY_VERBS
from config.database.owner import connect_as_owner
from config.devserver.confinement import Programs
from incidents.models import CaseAccess, IncidentEvent
from stats.models import ExactReading, Release
from tests.backend import ROOT, TESTER, Backend
from tests.cast import a_responder, an_evidence_file, declare
from tests.incidents.triage_pages import case_url
from tests.superuser import act_as_superuser

APPEND_ONLY = sorted(TABLES_BY_VERBS["SELECT, INSERT"])
OWNER = "tocsin_owner"
ROLES = [APPLICATION, OWNER, READER]
IGNORED = "{" + ",".join(trigger.get_pgid(model) for model, trigger in registry.registered()) + "}"
TAMPERING = ["UPDATE {} SET id = id", "DELETE FROM {}", "TRUNCATE {} CASCADE"]
WRITING = ["INSERT INTO {} DEFAULT VALUES", "DELETE FROM {}", "TRUNCATE {} CASCADE"]
FORBIDDEN = [
    "COPY incidents_incidentevent FROM PROGRAM 'id'",
    "COPY (SELECT 1) TO PROGRAM 'id'",
    "COPY incidents_incidentevent TO '/tmp/events'",
    "COPY incidents_incidentevent FROM '/etc/passwd'",
    "SELECT pg_read_file('/etc/passwd')",
    "SELECT lo_import('/etc/passwd')",
    "SELECT rolpassword FROM pg_authid",
    "UPDATE incidents_incidentevent SET kind = 'closed'",
    "SELECT FROM incidents_incidentevent FOR UPDATE",
    "DO 'BEGIN LOCK TABLE incidents_incidentevent IN EXCLUSIVE MODE; END'",
    "DELETE FROM incidents_incident",
    "DELETE FROM incidents_evidence",
    "DELETE FROM django_migrations",
    "DROP TABLE incidents_draft",
    "TRUNCATE incidents_draft CASCADE",
    "ALTER TABLE incidents_incidentevent DISABLE TRIGGER ALL",
    "ALTER TABLE incidents_incidentevent DISABLE TRIGGER USER",
    "ALTER TABLE incidents_incidentevent ADD COLUMN more text",
    "ALTER FUNCTION _pgtrigger_should_ignore OWNER TO tocsin_app",
    "CREATE OR REPLACE FUNCTION _pgtrigger_should_ignore(trigger_name name) RETURNS boolean RETURN true",
    "CREATE FUNCTION one() RETURNS int RETURN 1",
    "CREATE TABLE stolen (id int)",
    "CREATE SCHEMA stolen",
    "CREATE EXTENSION file_fdw",
    "CREATE TRIGGER late BEFORE INSERT ON incidents_incidentevent "
    "FOR EACH ROW EXECUTE FUNCTION suppress_redundant_updates_trigger()",
    "CREATE RULE late AS ON INSERT TO incidents_incidentevent DO INSTEAD NOTHING",
    "SET session_replication_role = replica",
    "SET ROLE tocsin_owner",
    "SET ROLE tocsin",
    "SET SESSION AUTHORIZATION tocsin",
    "GRANT tocsin_owner TO tocsin_app",
    "ALTER ROLE tocsin_app SUPERUSER",
    "ALTER ROLE tocsin_owner PASSWORD 'known'",
    "CREATE ROLE thief",
    "CREATE DATABASE stolen",
    "ALTER SYSTEM SET log_statement = 'all'",
]


@pytest.fixture
def backend_with_roles(backend: Backend) -> Backend:
    if not backend.has_roles:
        pytest.skip("the server of DATABASE_URL has the roles that its owner gave it")
    return backend


@pytest.fixture
def thief(backend_with_roles: Backend, db: None) -> Iterator[psycopg.Connection]:
    """Yield a connection with the password of the application, to the database of `db`."""
    with open_as_application(backend_with_roles) as thief:
        yield thief


def open_as_application(backend: Backend) -> psycopg.Connection:
    url = backend.url(str(connection.settings_dict["NAME"])).replace(TESTER, APPLICATION, 1)
    return psycopg.connect(url, autocommit=True)


def test_the_password_of_the_application_changes_no_event_reading_or_release(
    backend_with_roles, transactional_db, client
):
    responder, incident = a_responder(), declare()
    client.force_login(responder)
    client.get(case_url(incident))
    ExactReading.objects.create(user=responder, year=2025, minute=incident.received_at)
    Release.objects.create(number=1, year=2025)
    proof = [IncidentEvent, CaseAccess, ExactReading, Release]
    before = [list(model.objects.order_by("pk").values()) for model in proof]
    with open_as_application(backend_with_roles) as thief:
        thief.execute("SELECT set_config('pgtrigger.ignore', %s, false)", [IGNORED])
        for model in proof:
            refuse(TAMPERING, thief, model._meta.db_table)
    assert [list(model.objects.order_by("pk").values()) for model in proof] == before
    assert all(before)


def refuse(statements, thief, table):
    for statement in statements:
        with pytest.raises(errors.InsufficientPrivilege):
            thief.execute(sql.SQL(statement).format(sql.Identifier(table)))


@pytest.mark.parametrize("table", APPEND_ONLY)
def test_rows_of_proof_are_only_added_and_read(thief, table):
    thief.execute(sql.SQL("SELECT count(*) FROM {}").format(sql.Identifier(table)))
    refuse(TAMPERING, thief, table)


@pytest.mark.parametrize("statement", FORBIDDEN)
def test_the_application_may_not(thief, statement):
    with pytest.raises(errors.InsufficientPrivilege):
        thief.execute(statement)


def test_the_application_gives_itself_no_privilege(thief):
    thief.execute("GRANT ALL ON incidents_incidentevent TO tocsin_app")  # PostgreSQL warns, and gives nothing
    verbs = ["SELECT", "INSERT", "UPDATE", "DELETE", "TRUNCATE", "REFERENCES", "TRIGGER"]
    granted = "SELECT has_table_privilege('incidents_incidentevent', verb) FROM unnest(%s::text[]) verb"
    assert [may for (may,) in thief.execute(granted, [verbs])] == [True, True, *[False] * 5]


ADD_FIGURE = """
    INSERT INTO stats_figure (release_id, "table", first, second, value) VALUES (%s, 'incidents', '', '', 5)
"""


def test_no_session_adds_a_figure_to_a_release(backend_with_roles, transactional_db):
    """The trigger neither heeds `pgtrigger.ignore` nor reads a temporary table in the place of the releases."""
    release = Release.objects.create(number=1, year=2025)
    with open_as_application(backend_with_roles) as thief:
        thief.execute("SELECT set_config('pgtrigger.ignore', %s, false)", [IGNORED])
        with thief.transaction():
            thief.execute("CREATE TEMPORARY TABLE stats_release AS SELECT id, now() made_at FROM public.stats_release")
            with pytest.raises(errors.RaiseException, match="never changed"), thief.transaction():
                thief.execute(ADD_FIGURE, [release.pk])


def test_nobody_changes_a_sealed_line_by_ignoring_its_trigger(db):
    an_evidence_file(declare())
    with connection.cursor() as cursor:
        cursor.execute("SELECT set_config('pgtrigger.ignore', %s, true)", [IGNORED])
        with pytest.raises(Exception, match="Cannot update rows"):
            cursor.execute("UPDATE incidents_evidence SET sha256 = repeat('f', 64)")


def test_each_table_has_one_line_in_the_table_of_privileges(db):
    with connection.cursor() as cursor:
        cursor.execute("SELECT relname FROM pg_class WHERE relnamespace = 'public'::regnamespace AND relkind = 'r'")
        tables = sorted(name for (name,) in cursor.fetchall())
    assert sorted(name for names in TABLES_BY_VERBS.values() for name in names) == tables


def test_each_table_that_a_trigger_makes_append_only_is_one_for_its_role_too():
    changes = pgtrigger.Update | pgtrigger.Delete
    protected = {
        model._meta.db_table
        for model, trigger in registry.registered()
        if isinstance(trigger, pgtrigger.Protect) and str(trigger.operation) == str(changes)
    }
    assert protected
    assert protected <= {*APPEND_ONLY}


def test_each_role_is_a_plain_one_that_belongs_to_no_other(backend_with_roles, db):
    with connection.cursor() as cursor:
        powers = "rolsuper, rolcreaterole, rolcreatedb, rolreplication, rolbypassrls"
        cursor.execute(f"SELECT {powers} FROM pg_roles WHERE rolname = ANY(%s)", [ROLES])  # noqa: S608 (ours)
        assert cursor.fetchall() == [(False,) * 5] * 3
        cursor.execute("SELECT FROM pg_auth_members WHERE member::regrole::text = ANY(%s)", [ROLES])
        assert cursor.fetchall() == []


RUN_AS_OWNER = """
    SELECT conname FROM pg_constraint WHERE contype = 'f' AND (confdeltype <> 'a' OR confupdtype <> 'a')
    UNION ALL
    SELECT proname FROM pg_proc WHERE prosecdef AND pronamespace = 'public'::regnamespace
"""


def test_nothing_in_the_database_acts_with_the_rights_of_the_owner(db):
    """A foreign key that deletes or changes rows by itself would, and so would a function with SECURITY DEFINER."""
    assert run(RUN_AS_OWNER) is None


def test_the_reader_reads_each_table_and_writes_none(backend_with_roles, db):
    name = str(connection.settings_dict["NAME"])
    with psycopg.connect(backend_with_roles.make_superuser_url(name), autocommit=True) as reader:
        reader.execute("SET SESSION AUTHORIZATION tocsin_read")
        for table in [table for tables in TABLES_BY_VERBS.values() for table in tables]:
            reader.execute(sql.SQL("SELECT FROM {} LIMIT 1").format(sql.Identifier(table)))
            refuse(WRITING, reader, table)
        setting = "SELECT setconfig FROM pg_db_role_setting WHERE setrole = 'tocsin_read'::regrole"
        assert reader.execute(setting).fetchone() == (["default_transaction_read_only=on"],)


# Migrating

OPENED = """
    GRANT ALL ON incidents_incidentevent TO tocsin_app;
    CREATE TABLE without_line (id int);
    ALTER TABLE without_line OWNER TO tocsin_owner;
    GRANT ALL ON without_line TO tocsin_app;
    CREATE OR REPLACE FUNCTION _pgtrigger_should_ignore(trigger_name name) RETURNS boolean RETURN true;
"""
PRIVILEGES = """
    SELECT has_table_privilege('tocsin_app', 'incidents_incidentevent', 'UPDATE'),
        has_table_privilege('tocsin_app', 'without_line', 'SELECT'), _pgtrigger_should_ignore('any')
"""


def test_migrating_puts_the_privileges_right(backend_with_roles, cloned_db):
    with act_as_superuser(), connection.cursor() as cursor:
        cursor.execute(OPENED)
        assert run(PRIVILEGES) == (True, True, True)
    call_command("migrate", plan=True, verbosity=0)
    assert run(PRIVILEGES) == (True, True, True)

    call_command("migrate", verbosity=0)

    assert run(PRIVILEGES) == (False, False, False)
    assert run("SELECT current_user") == (TESTER,)


def test_migrating_without_the_owner_says_what_is_missing(backend_with_roles, transactional_db, settings):
    settings.DATABASE_OWNER = None
    with pytest.raises(CommandError, match="DATABASE_OWNER_URL"):
        call_command("migrate", verbosity=0)
    call_command("migrate", plan=True, verbosity=0)


def run(statement):
    with connection.cursor() as cursor:
        cursor.execute(statement)
        return cursor.fetchone()


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


# What `manage.py check --deploy` names


@pytest.mark.parametrize(
    ("connect", "reason"),
    [(act_as_superuser, "tocsin, which is a superuser"), (connect_as_owner, "tocsin_owner, which owns the tables")],
)
def test_the_deploy_check_names_a_role_that_may_do_too_much(backend_with_roles, transactional_db, connect, reason):
    assert check_database_role() == []
    with connect():
        [error] = check_database_role()
    assert error.id == "tocsin.E002"
    assert reason in error.msg
