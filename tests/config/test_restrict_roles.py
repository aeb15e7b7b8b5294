"""What a thief of a password may not do in PostgreSQL, tried on a connection of their own."""

from collections.abc import Iterator

import pghistory
import pgtrigger
import psycopg
import pytest
from django.db import connection
from pgtrigger import registry
from psycopg import errors, sql

from config.database.grants import TABLES_BY_VERBS
from csirts.models import Csirt, get_version_manager
from incidents.models import CaseAccess, IncidentEvent, Opening
from incidents.services.handling.readings import record_file_opening
from stats.models import ExactReading, Release
from tests.backend import TESTER, Backend
from tests.cast import a_responder, an_evidence_file, declare
from tests.incidents.triage_pages import case_url

ROLES = ["tocsin_app", "tocsin_owner", "tocsin_read"]
# Written here once more, so that a line of config/database/grants.py that moves is noticed.
PROOF = [
    *("accounts_breakglass", "accounts_breakglassend", "accounts_factorreset", "accounts_sitenoticeevent"),
    "csirts_backupevent",
    *("csirts_contactevent", "csirts_coverageevent", "csirts_csirtevent", "django_admin_log"),
    *("incidents_caseaccess", "incidents_incidentevent", "incidents_opening", "pghistory_context"),
    "retention_retentionchoice",
    *("stats_countedcase", "stats_denominator", "stats_exactreading", "stats_figure", "stats_release"),
]
POINTED = [
    *("accounts_membership", "accounts_user", "collectivities_collectivity", "collectivities_region"),
    *("csirts_csirt", "incidents_evidence", "incidents_incident", "stats_report"),
]
LASTING = [
    *("accounts_sitenotice", "csirts_directoryversion", "incidents_legalhold"),
    *("retention_destruction", "retention_purgestate", *POINTED),
]
LASTING.remove("csirts_csirt")  # the administrator deletes a centre to which nothing points
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
    "SELECT lo_create(0)",
    "SELECT lo_creat(0)",
    "SELECT lo_from_bytea(0, '')",
    "SELECT rolpassword FROM pg_authid",
    "UPDATE incidents_incidentevent SET kind = 'closed'",
    "SELECT FROM incidents_incidentevent FOR UPDATE",
    "DO 'BEGIN LOCK TABLE incidents_incidentevent IN EXCLUSIVE MODE; END'",
    "DELETE FROM django_migrations",
    "DELETE FROM accounts_sitenotice",
    "UPDATE incidents_closedvisit SET closed_at = now()",
    "UPDATE accounts_securityevent SET detail = ''",
    "TRUNCATE accounts_securityevent",
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
def thief(backend_with_roles: Backend, db: None) -> Iterator[psycopg.Connection]:
    """Yield a connection with the password of the application, to the database of `db`."""
    with open_as_application(backend_with_roles) as thief:
        yield thief


def open_as_application(backend: Backend) -> psycopg.Connection:
    url = backend.url(str(connection.settings_dict["NAME"])).replace(TESTER, "tocsin_app", 1)
    return psycopg.connect(url, autocommit=True)


def test_the_password_of_the_application_changes_no_event_access_or_release(
    backend_with_roles, transactional_db, client
):
    responder, incident = a_responder(), declare()
    client.force_login(responder)
    client.get(case_url(incident))
    record_file_opening(evidence=an_evidence_file(incident), reader=responder)
    ExactReading.objects.create(user=responder, year=2025, minute=incident.received_at)
    Release.objects.create(number=1, year=2025)
    proof = [IncidentEvent, CaseAccess, Opening, ExactReading, Release]
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


@pytest.mark.parametrize("table", PROOF)
def test_rows_of_proof_are_only_added_and_read(thief, table):
    thief.execute(sql.SQL("SELECT count(*) FROM {}").format(sql.Identifier(table)))
    refuse(TAMPERING, thief, table)


@pytest.mark.parametrize("table", POINTED)
def test_no_row_to_which_proof_points_changes_its_key(thief, table):
    """Two rows that exchange their keys would exchange what proof says of them."""
    refuse(["UPDATE {} SET id = id"], thief, table)
    thief.execute(sql.SQL("SELECT FROM {} FOR UPDATE").format(sql.Identifier(table)))


@pytest.mark.parametrize("table", LASTING)
def test_no_row_is_deleted_from_a_table_that_lasts(thief, table):
    refuse(["DELETE FROM {}", "TRUNCATE {} CASCADE"], thief, table)


CHANGING_KEYS = """
    SELECT indrelid::regclass FROM pg_index JOIN pg_attribute ON attrelid = indrelid AND attnum = ANY(indkey)
    WHERE indisprimary AND has_column_privilege('tocsin_app', indrelid, attnum, 'UPDATE')
"""
POINTS = """
    SELECT DISTINCT confrelid::regclass::text FROM pg_constraint
    WHERE contype = 'f' AND conrelid::regclass::text = ANY(%s) AND NOT confrelid::regclass::text = ANY(%s)
"""


def test_the_application_changes_no_primary_key(backend_with_roles, db):
    with connection.cursor() as cursor:
        cursor.execute(CHANGING_KEYS)
        assert cursor.fetchall() == []


def test_each_table_to_which_proof_points_is_listed(db):
    with connection.cursor() as cursor:
        cursor.execute(POINTS, [PROOF, PROOF])
        assert {table for (table,) in cursor.fetchall()} <= {*POINTED, "django_content_type"}


@pytest.mark.parametrize("statement", FORBIDDEN)
def test_the_application_may_not(thief, statement):
    with pytest.raises(errors.InsufficientPrivilege):
        thief.execute(statement)


def test_the_application_gives_itself_no_privilege(thief):
    thief.execute("GRANT ALL ON incidents_incidentevent TO tocsin_app")  # PostgreSQL warns, and gives nothing
    verbs = ["SELECT", "INSERT", "UPDATE", "DELETE", "TRUNCATE", "REFERENCES", "TRIGGER"]
    granted = "SELECT has_table_privilege('incidents_incidentevent', verb) FROM unnest(%s::text[]) verb"
    assert [may for (may,) in thief.execute(granted, [verbs])] == [True, True, *[False] * 5]


ADD_ROWS = [
    """INSERT INTO stats_figure (release_id, "table", first, second, value) VALUES (%s, 'incidents', '', '', 5)""",
    "INSERT INTO stats_denominator (release_id, stratum, bodies) VALUES (%s, 'commune/0-499', 5)",
    """INSERT INTO stats_countedcase (
        release_id, fact_id, body_id, is_report, is_late, region, month, quarter, type, cause, discovery, help,
        closing, stratum, hours, services, persons, statuses, categories, unfounded
    ) VALUES (
        %s, 1, 1, false, false, '', '02', 'T1', 'rancon', '', '', '',
        '', '', '{}', '{}', '{}', '{}', '{}', 0
    )""",
]


@pytest.mark.parametrize("statement", ADD_ROWS)
def test_no_session_adds_rows_to_a_release(backend_with_roles, transactional_db, statement):
    """The triggers neither heed `pgtrigger.ignore` nor read temporary tables in the place of those that they name."""
    release = Release.objects.create(number=1, year=2025)
    with open_as_application(backend_with_roles) as thief:
        thief.execute("SELECT set_config('pgtrigger.ignore', %s, false)", [IGNORED])
        with thief.transaction():
            thief.execute("CREATE TEMPORARY TABLE stats_release AS SELECT id, now() made_at FROM public.stats_release")
            thief.execute("CREATE TEMPORARY TABLE added (release_id bigint)")
            with pytest.raises(errors.RaiseException, match="never changed"), thief.transaction():
                thief.execute(statement, [release.pk])


STEAL_CONTEXT = """
    SELECT set_config('pghistory.context_id', %s, true), set_config('pghistory.context_metadata', '{"user": 2}', true)
"""


def test_the_author_of_a_change_of_the_directory_stays(backend_with_roles, transactional_db):
    """A later change that names the same context does not replace what it says."""
    with pghistory.context(user=1):
        Csirt.objects.filter(slug="breizh-cyber").update(name="Breizh Cyber 2")
    context = get_version_manager(Csirt).latest("pgh_id").pgh_context
    with open_as_application(backend_with_roles) as thief, thief.transaction():
        thief.execute(STEAL_CONTEXT, [str(context.pk)])
        thief.execute("UPDATE csirts_csirt SET name = 'Breizh Cyber 3' WHERE slug = 'breizh-cyber'")
    versions = get_version_manager(Csirt).filter(pgh_context=context).order_by("pgh_id")
    names = versions.values_list("name", "pgh_context__metadata")
    assert [*names] == [("Breizh Cyber 2", {"user": 1}), ("Breizh Cyber 3", {"user": 1})]


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
    assert protected <= {*PROOF}


def test_each_role_is_a_plain_one_that_belongs_to_no_other(backend_with_roles, db):
    with connection.cursor() as cursor:
        attributes = "rolsuper, rolcreaterole, rolcreatedb, rolreplication, rolbypassrls"
        cursor.execute(f"SELECT {attributes} FROM pg_roles WHERE rolname = ANY(%s)", [ROLES])  # noqa: S608 (ours)
        assert cursor.fetchall() == [(False,) * 5] * 3
        cursor.execute("SELECT FROM pg_auth_members WHERE member::regrole::text = ANY(%s)", [ROLES])
        assert cursor.fetchall() == []


RUN_AS_OWNER = """
    SELECT conname FROM pg_constraint WHERE contype = 'f' AND (confdeltype <> 'a' OR confupdtype <> 'a')
    UNION ALL
    SELECT proname FROM pg_proc WHERE prosecdef AND pronamespace <> ALL(%s::regnamespace[])
    UNION ALL
    SELECT relname FROM pg_class WHERE relkind IN ('v', 'm') AND relnamespace <> ALL(%s::regnamespace[])
"""
SYSTEM_SCHEMAS = ["pg_catalog", "information_schema"]


def test_nothing_in_the_database_acts_with_the_rights_of_the_owner(db):
    """A foreign key that deletes or changes rows by itself would, and so would a view, or a function with SECURITY
    DEFINER.
    """
    with connection.cursor() as cursor:
        cursor.execute(RUN_AS_OWNER, [SYSTEM_SCHEMAS, SYSTEM_SCHEMAS])
        assert cursor.fetchall() == []


def test_the_reader_reads_each_table_and_writes_none(backend_with_roles, db):
    name = str(connection.settings_dict["NAME"])
    with psycopg.connect(backend_with_roles.make_superuser_url(name), autocommit=True) as reader:
        reader.execute("SET SESSION AUTHORIZATION tocsin_read")
        for table in [table for tables in TABLES_BY_VERBS.values() for table in tables]:
            reader.execute(sql.SQL("SELECT FROM {} LIMIT 1").format(sql.Identifier(table)))
            refuse(WRITING, reader, table)
        setting = "SELECT setconfig FROM pg_db_role_setting WHERE setrole = 'tocsin_read'::regrole"
        assert reader.execute(setting).fetchone() == (["default_transaction_read_only=on"],)
