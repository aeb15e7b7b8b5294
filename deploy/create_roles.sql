-- The roles of Tocsin in PostgreSQL (docs/decisions/0098-roles-of-postgresql.md). A superuser runs this file once, on the
-- database of Tocsin, new or old, and may run it again: `psql -v ON_ERROR_STOP=1 --single-transaction -f`.
--   tocsin_owner  owns the database and its tables; `manage.py migrate` alone connects as this role
--   tocsin_app    reads and writes rows, as the table in config/database/grants.py says: the site, the workers, commands
--   tocsin_read   reads every row, and writes none: backups, and whoever looks into the database. Its password opens as
--                 much as that of tocsin_app: it reads the keys of open sessions
-- None has a password yet. Their privileges on tables are given by `manage.py migrate`.

-- Functions of another schema would run here with the rights of the superuser.
SET search_path = pg_catalog;

DO $$
DECLARE
    role text;
    change text;
BEGIN
    FOREACH role IN ARRAY ARRAY['tocsin_owner', 'tocsin_app', 'tocsin_read'] LOOP
        IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = role) THEN
            EXECUTE format('CREATE ROLE %I LOGIN', role);
        END IF;
        EXECUTE format('ALTER ROLE %I NOSUPERUSER NOCREATEROLE NOCREATEDB NOREPLICATION NOBYPASSRLS', role);
        -- Whoever has its password may give a role settings, such as another search_path, that outlive a new password.
        EXECUTE format('ALTER ROLE %I RESET ALL', role);
        EXECUTE format('ALTER ROLE %I IN DATABASE %I RESET ALL', role, current_database());
    END LOOP;
    ALTER ROLE tocsin_read SET default_transaction_read_only = on;
    EXECUTE format('ALTER DATABASE %I OWNER TO tocsin_owner', current_database());
    EXECUTE format('REVOKE CREATE ON DATABASE %I FROM PUBLIC, tocsin_app, tocsin_read', current_database());
    EXECUTE format('GRANT CONNECT ON DATABASE %I TO tocsin_owner, tocsin_app, tocsin_read', current_database());
    EXECUTE format('GRANT TEMPORARY ON DATABASE %I TO tocsin_app', current_database());

    -- None belongs to another role, whoever made it a member. What an earlier installation made belongs to the role that
    -- it had. Sequences follow their tables, and what belongs to an extension stays with it. What has its owner is not
    -- locked, because the site may be running.
    FOR change IN
        SELECT format('REVOKE %I FROM %I%s CASCADE', pg_get_userbyid(roleid), pg_get_userbyid(member), (
            SELECT format(' GRANTED BY %I', rolname) FROM pg_roles WHERE oid = grantor
        )) FROM pg_auth_members
        WHERE member IN ('tocsin_owner'::regrole, 'tocsin_app'::regrole, 'tocsin_read'::regrole)
        UNION ALL
        SELECT format('ALTER TABLE %s OWNER TO tocsin_owner', oid::regclass) FROM pg_class
        WHERE relnamespace = 'public'::regnamespace AND relkind IN ('r', 'p', 'v', 'm', 'f')
          AND relowner <> 'tocsin_owner'::regrole
          AND NOT EXISTS (SELECT FROM pg_depend WHERE objid = pg_class.oid AND deptype = 'e')
        UNION ALL
        SELECT format('ALTER ROUTINE %s OWNER TO tocsin_owner', oid::regprocedure) FROM pg_proc
        WHERE pronamespace = 'public'::regnamespace AND proowner <> 'tocsin_owner'::regrole
          AND NOT EXISTS (SELECT FROM pg_depend WHERE objid = pg_proc.oid AND deptype = 'e')
        UNION ALL
        SELECT format('ALTER TEXT SEARCH CONFIGURATION %s OWNER TO tocsin_owner', oid::regconfig) FROM pg_ts_config
        WHERE cfgnamespace = 'public'::regnamespace AND cfgowner <> 'tocsin_owner'::regrole
          AND NOT EXISTS (SELECT FROM pg_depend WHERE objid = pg_ts_config.oid AND deptype = 'e')
    LOOP
        EXECUTE change;
    END LOOP;
END $$;

REVOKE CREATE ON SCHEMA public FROM PUBLIC;
GRANT USAGE, CREATE ON SCHEMA public TO tocsin_owner;
GRANT USAGE ON SCHEMA public TO tocsin_app, tocsin_read;
-- A backup made as tocsin_read fails at a large object of another role. Tocsin has none.
REVOKE EXECUTE ON FUNCTION lo_creat(integer), lo_create(oid), lo_from_bytea(oid, bytea) FROM PUBLIC;
