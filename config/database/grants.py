"""What each role of PostgreSQL may do in each table, and the statements that give these privileges.

`manage.py migrate` runs them as the owner of the tables. A table without a line here is closed to the site.
"""

from typing import LiteralString

from django.db import connection, transaction
from psycopg import sql

from config.database.roles import APPLICATION, READER

# The verbs that the site, the workers and the commands need, and the tables in which they need them. UPDATE is given
# for all columns but the primary key: if two rows exchanged their keys, what points to them would change its meaning.
TABLES_BY_VERBS: dict[LiteralString, tuple[str, ...]] = {
    # Only migrations write them.
    "SELECT": (
        *("auth_group", "auth_group_permissions", "auth_permission", "django_content_type", "django_migrations"),
    ),
    # What is proof: events, accesses to cases, openings of files, readings of exact figures, releases, and who did
    # what with the rights of a role.
    "SELECT, INSERT": (
        *("accounts_breakglass", "accounts_breakglassend", "accounts_factorreset", "accounts_sitenoticeevent"),
        "django_admin_log",
        *("csirts_backupevent", "csirts_contactevent", "csirts_coverageevent", "csirts_csirtevent"),
        *("incidents_caseaccess", "incidents_incidentevent", "incidents_opening", "pghistory_context"),
        "retention_retentionchoice",
        *("stats_countedcase", "stats_denominator", "stats_exactreading", "stats_figure", "stats_release"),
    ),
    # The single row that a migration inserts.
    "SELECT, UPDATE": ("accounts_sitenotice",),
    # Rows that are added, and deleted once they are old.
    "SELECT, INSERT, DELETE": ("accounts_securityevent", "incidents_closedvisit"),
    # Rows to which that proof points, and which change without ever ending.
    "SELECT, INSERT, UPDATE": (
        *("accounts_membership", "accounts_user", "collectivities_collectivity", "collectivities_region"),
        *("csirts_directoryversion", "incidents_evidence", "incidents_incident", "incidents_legalhold"),
        *("retention_destruction", "retention_purgestate", "stats_report"),
    ),
    "SELECT, INSERT, UPDATE, DELETE": (
        *("account_emailaddress", "account_emailconfirmation", "django_session", "mfa_authenticator"),
        *("accounts_accesslink", "accounts_apitoken", "accounts_emergencycontact", "accounts_installation"),
        "accounts_kept_counter",
        *("accounts_passwordrequest", "accounts_pendingmail", "accounts_storedsession"),
        *("collectivities_alias", "collectivities_departement", "collectivities_grouping"),
        "collectivities_groundsversion",
        *("csirts_backup", "csirts_contact", "csirts_coverage", "csirts_csirt"),
        *("incidents_advice", "incidents_answersheet", "incidents_bulkitem", "incidents_bulkjob"),
        *("incidents_casegroup", "incidents_casekey", "incidents_closing", "incidents_codeguess"),
        *("incidents_dataleak", "incidents_draft", "incidents_draftpage", "incidents_evidenceupload"),
        *("incidents_followupaccess", "incidents_ignoredvalue", "incidents_keptwords", "incidents_message"),
        *("incidents_messagetemplate", "incidents_note", "incidents_observable", "incidents_officialnumber"),
        *("incidents_paper", "incidents_pendingevent", "incidents_playbook", "incidents_rating"),
        *("incidents_reading", "incidents_recentcount", "incidents_reflexsheet", "incidents_routingcheck"),
        *("incidents_searchdocument", "incidents_serviceinterruption", "incidents_severitychoice"),
        *("incidents_sharedsentence", "incidents_story", "incidents_strayobject", "incidents_task"),
        *("incidents_transfer", "notifications_announcement", "notifications_delivery", "retention_datarequest"),
        *("stats_attempt", "stats_casefact", "stats_figurecheck", "stats_presence", "stats_rollup"),
    ),
}
PROOF, LASTING = TABLES_BY_VERBS["SELECT, INSERT"], TABLES_BY_VERBS["SELECT, INSERT, UPDATE"]
# The purge writes a pseudonym over the name of a closed account in what the admin recorded about it.
RENAME_IN_HISTORY: LiteralString = "GRANT UPDATE (object_repr) ON {} TO {}"
# After an import, the site has PostgreSQL count their rows (ANALYZE). Before PostgreSQL 17 autovacuum does it a minute
# later, because only an owner may.
ANALYZED_TABLES = ("collectivities_alias", "collectivities_collectivity", "collectivities_grouping")
FIND_MAINTAIN = "SELECT 'MAINTAIN' WHERE current_setting('server_version_num')::int >= 170000"

# `pgtrigger.ignore`, a setting that every session may change, would switch triggers off. Each migration with a trigger
# writes the function that reads it.
CLOSE_IGNORE = """
    CREATE OR REPLACE FUNCTION public._pgtrigger_should_ignore(trigger_name name) RETURNS boolean
    LANGUAGE sql IMMUTABLE AS 'SELECT false'
"""
# The function of pghistory replaces what an earlier change wrote in the same context, such as its author. This one
# keeps it. Nothing is lost, because no context is entered within another. A migration of pghistory may write the
# former one again.
KEEP_CONTEXTS = """
    CREATE OR REPLACE FUNCTION public._pgh_attach_context() RETURNS uuid
    LANGUAGE plpgsql SET search_path = public, pg_temp AS $$
    DECLARE
        context_id uuid := nullif(current_setting('pghistory.context_id', true), '');
        context_metadata jsonb := nullif(current_setting('pghistory.context_metadata', true), '');
    BEGIN
        IF context_id IS NULL OR context_metadata IS NULL THEN
            RETURN NULL;
        END IF;
        INSERT INTO pghistory_context (id, metadata, created_at, updated_at)
        VALUES (context_id, context_metadata, now(), now()) ON CONFLICT (id) DO NOTHING;
        RETURN context_id;
    END $$
"""
# Without a path of their own, a temporary table could take the place of one that a trigger reads.
LIST_FUNCTIONS_WITHOUT_PATH = """
    SELECT proname FROM pg_proc
    WHERE pronamespace = 'public'::regnamespace AND prorettype = 'trigger'::regtype AND proconfig IS NULL
      AND pg_has_role(proowner, 'USAGE')
      AND NOT EXISTS (SELECT FROM pg_depend WHERE objid = pg_proc.oid AND deptype = 'e')
"""
LIST_RELATIONS = """
    SELECT relname FROM pg_class
    WHERE relnamespace = 'public'::regnamespace AND relkind = ANY(%s) AND pg_has_role(relowner, 'USAGE')
      AND NOT EXISTS (SELECT FROM pg_depend WHERE objid = pg_class.oid AND deptype = 'e')
"""
LIST_COLUMNS = """
    SELECT relname, array_agg(attname::text ORDER BY attnum) FROM pg_attribute JOIN pg_class ON pg_class.oid = attrelid
    WHERE relnamespace = 'public'::regnamespace AND relname = ANY(%s) AND attnum > 0 AND NOT attisdropped
      AND NOT EXISTS (SELECT FROM pg_index WHERE indrelid = attrelid AND indisprimary AND attnum = ANY(indkey))
    GROUP BY relname ORDER BY relname
"""
LIST_UNOWNED = """
    SELECT relname FROM pg_class
    WHERE relname = ANY(%s) AND relnamespace = 'public'::regnamespace AND NOT pg_has_role(relowner, 'USAGE')
    UNION ALL
    SELECT proname FROM pg_proc
    WHERE proname ~ '^_?pg(trigger|h)_' AND pronamespace = 'public'::regnamespace
      AND NOT pg_has_role(proowner, 'USAGE')
"""
LIST_CREATING_ROLES = """
    SELECT rolname FROM pg_roles WHERE rolname = ANY(%s)
      AND (has_schema_privilege(rolname, 'public', 'CREATE')
           OR has_database_privilege(rolname, current_database(), 'CREATE'))
"""
# pg_class.relkind: a view gives access to tables with the rights of its owner.
TABLE_KINDS, SEQUENCE_KINDS = ["r", "p", "v", "m", "f"], ["S"]


def find_unowned_object() -> str | None:
    """Return the name of a table, or of a function of triggers, that the role of this connection does not own, or
    None.
    """
    tables = [name for names in TABLES_BY_VERBS.values() for name in names]
    return min(list_names(LIST_UNOWNED, tables), default=None)


def find_creating_role() -> str | None:
    """Return a role that may create schemas, or objects in the schema public, or None. Only the owner of the database
    or of the schema can end it.
    """
    return min(list_names(LIST_CREATING_ROLES, [APPLICATION, READER]), default=None)


def protect_rows() -> None:
    """Close the ways around triggers, and give each role that exists the privileges of this module and no other.

    The connection is that of the owner of the tables. A table that this version does not know is closed to the roles.
    """
    with transaction.atomic():
        execute(CLOSE_IGNORE)
        execute(KEEP_CONTEXTS)
        for function in list_names(LIST_FUNCTIONS_WITHOUT_PATH):
            execute("ALTER FUNCTION {}() SET search_path = public, pg_temp", function)
        tables = list_names(LIST_RELATIONS, TABLE_KINDS)
        sequences = list_names(LIST_RELATIONS, SEQUENCE_KINDS)
        [database] = list_names("SELECT current_database()")
        execute("REVOKE CREATE ON SCHEMA public FROM PUBLIC")
        execute("REVOKE CREATE ON DATABASE {} FROM PUBLIC", database)
        change_privileges("REVOKE ALL ON {} FROM PUBLIC", tables | sequences)
        for role in list_names("SELECT rolname FROM pg_roles WHERE rolname = ANY(%s)", [APPLICATION, READER]):
            execute("REVOKE CREATE ON SCHEMA public FROM {}", role)
            execute("REVOKE CREATE ON DATABASE {} FROM {}", database, role)
            change_privileges("REVOKE ALL ON {} FROM {}", tables | sequences, role)
            if role == READER:
                change_privileges("GRANT SELECT ON {} TO {}", tables | sequences, role)
            else:
                change_privileges("GRANT USAGE ON SEQUENCE {} TO {}", sequences, role)
                grant_verbs(role, tables)


def grant_verbs(role: str, tables: set[str]) -> None:
    """Give the role of the application its verbs in these tables."""
    changing: set[str] = set()
    for verbs, names in TABLES_BY_VERBS.items():
        others = verbs.replace(", UPDATE", "")
        change_privileges(f"GRANT {others} ON {{}} TO {{}}", tables & {*names}, role)
        changing |= tables & {*names} if others != verbs else set()
    grant_updates(role, changing)
    change_privileges(RENAME_IN_HISTORY, tables & {"django_admin_log"}, role)
    if list_names(FIND_MAINTAIN):
        change_privileges("GRANT MAINTAIN ON {} TO {}", tables & {*ANALYZED_TABLES}, role)


def grant_updates(role: str, tables: set[str]) -> None:
    """Let a role change all columns of these tables but those of the primary key."""
    with connection.cursor() as cursor:
        cursor.execute(LIST_COLUMNS, [[*tables]])
        for table, columns in cursor.fetchall():
            names = sql.SQL(", ").join(map(sql.Identifier, columns))
            statement = sql.SQL("GRANT UPDATE ({}) ON {} TO {}")
            cursor.execute(statement.format(names, sql.Identifier(table), sql.Identifier(role)))


def change_privileges(statement: LiteralString, relations: set[str], *roles: str) -> None:
    """Run a GRANT or REVOKE on these tables or sequences. Do nothing if there are none."""
    if relations:
        names = sql.SQL(", ").join(map(sql.Identifier, sorted(relations)))
        with connection.cursor() as cursor:
            cursor.execute(sql.SQL(statement).format(names, *map(sql.Identifier, roles)))


def execute(statement: LiteralString, *names: str) -> None:
    """Run a statement with these names in the place of its braces."""
    with connection.cursor() as cursor:
        cursor.execute(sql.SQL(statement).format(*map(sql.Identifier, names)))


def list_names(statement: str, values: list[str] | None = None) -> set[str]:
    """Return the names that a query reads. `values` is the list that it compares them with."""
    with connection.cursor() as cursor:
        cursor.execute(statement, None if values is None else [values])
        return {name for (name,) in cursor.fetchall()}
