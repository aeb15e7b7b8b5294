"""`manage.py check --deploy` names a role of PostgreSQL that may do more than the site needs."""

import pytest
from django.db import connection

from config.checks import check_database_role, check_owner_is_unknown
from config.database.owner import connect_as_owner
from tests.superuser import act_as_superuser

# A role like that of the application, as whom the role of the tests may act. It ends with the transaction of the test.
MAKE_SUSPECT = """
    CREATE ROLE suspect LOGIN IN ROLE tocsin_app;
    GRANT suspect TO tocsin_test WITH INHERIT FALSE, SET TRUE
"""
OWN_DATABASE = """
    DO $$ BEGIN EXECUTE format('ALTER DATABASE %I OWNER TO suspect', current_database()); END $$
"""
CREATE_SCHEMAS = """
    DO $$ BEGIN EXECUTE format('GRANT CREATE ON DATABASE %I TO suspect', current_database()); END $$
"""
MAKE_VIEW = """
    CREATE SCHEMA reports; GRANT USAGE ON SCHEMA reports TO suspect;
    CREATE VIEW reports.events AS TABLE incidents_incidentevent; ALTER VIEW reports.events OWNER TO tocsin_owner;
    GRANT UPDATE (kind) ON reports.events TO suspect
"""


def judge_suspect(change=""):
    """Return what the check says of a role like that of the application, after this change by the superuser."""
    with connection.cursor() as cursor:
        cursor.execute("SET ROLE tocsin")
        cursor.execute(MAKE_SUSPECT)
        if change:
            cursor.execute(change)
        cursor.execute("SET ROLE suspect")
        return check_database_role()


def test_the_role_of_the_application_may_do_nothing_too_much(backend_with_roles, db):
    assert judge_suspect() == []


@pytest.mark.parametrize(
    ("change", "excess"),
    [
        ("ALTER ROLE suspect SUPERUSER", "is a superuser"),
        ("ALTER ROLE suspect CREATEROLE", "creates roles"),
        ("ALTER ROLE suspect CREATEDB", "creates databases"),
        ("ALTER ROLE suspect REPLICATION", "replicates the server"),
        ("ALTER ROLE suspect BYPASSRLS", "bypasses row-level security"),
        ("CREATE ROLE maker CREATEROLE; GRANT maker TO suspect", "belongs to maker"),
        (CREATE_SCHEMAS, "creates schemas"),
        ("GRANT tocsin_owner TO suspect", "changes accounts_breakglass, "),
        ("GRANT tocsin_owner TO suspect WITH INHERIT FALSE", "changes accounts_breakglass, "),
        ("GRANT tocsin TO suspect WITH INHERIT FALSE", "belongs to tocsin"),
        ("GRANT pg_write_all_data TO suspect", "belongs to pg_write_all_data"),
        ("GRANT pg_execute_server_program TO suspect", "belongs to pg_execute_server_program"),
        (OWN_DATABASE, "belongs to pg_database_owner"),
        ("GRANT CREATE ON SCHEMA public TO PUBLIC", "creates objects in the schema public"),
        ("GRANT UPDATE ON incidents_incidentevent TO PUBLIC", "changes incidents_incidentevent"),
        ("GRANT UPDATE (kind) ON incidents_incidentevent TO suspect", "changes incidents_incidentevent"),
        ("GRANT UPDATE ON incidents_evidence TO suspect", "changes keys or ends rows of incidents_evidence"),
        ("GRANT DELETE ON incidents_incident TO suspect", "changes keys or ends rows of incidents_incident"),
        (MAKE_VIEW, "writes through events"),
        ("GRANT TRIGGER ON stats_release TO suspect", "changes stats_release"),
        ("ALTER TABLE pghistory_context OWNER TO suspect", "changes pghistory_context"),
    ],
)
def test_the_deploy_check_names_what_a_role_may_do_too_much(backend_with_roles, db, change, excess):
    [error] = judge_suspect(change)
    assert error.id == "tocsin.E002"
    assert error.msg.startswith("DATABASE_URL connects as suspect, ")
    assert excess in error.msg


@pytest.mark.parametrize(
    ("connect", "excess"),
    [
        (act_as_superuser, "tocsin, which may do more than the site needs: it is a superuser."),
        (connect_as_owner, "changes "),
    ],
)
def test_the_deploy_check_names_the_superuser_and_the_owner(backend_with_roles, transactional_db, connect, excess):
    with connect():
        [error] = check_database_role()
    assert error.id == "tocsin.E002"
    assert excess in error.msg


def test_the_deploy_check_warns_of_a_site_that_knows_the_owner(settings):
    settings.DATABASE_OWNER = {"USER": "tocsin_owner"}
    [warning] = check_owner_is_unknown()
    assert warning.id == "tocsin.W007"
    settings.DATABASE_OWNER = None
    assert check_owner_is_unknown() == []


SET_IN_DATABASE = """
    DO $$ BEGIN EXECUTE format('ALTER ROLE suspect IN DATABASE %I SET role = tocsin_app', current_database()); END $$
"""


@pytest.mark.parametrize(
    ("change", "settings_of_role"),
    [
        ("ALTER ROLE suspect SET search_path = pg_temp", "search_path=pg_temp"),
        (SET_IN_DATABASE, "role=tocsin_app"),
    ],
)
def test_the_deploy_check_names_settings_that_would_outlive_a_password(
    backend_with_roles, db, change, settings_of_role
):
    [warning] = judge_suspect(change)
    assert warning.id == "tocsin.W005"
    assert warning.msg == f"The role suspect has settings of its own: {settings_of_role}."


def test_settings_for_another_database_do_not_matter(backend_with_roles, db):
    assert judge_suspect("ALTER ROLE suspect IN DATABASE postgres SET search_path = pg_temp") == []
