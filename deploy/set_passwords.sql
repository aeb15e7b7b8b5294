-- Gives the roles that our containers use, and the superuser who runs this file, the passwords of their secrets. psql
-- reads the files: with docker-compose.yml at the first start, and again whenever README.md says so.
\set ON_ERROR_STOP on
SET search_path = pg_catalog;
\set superuser_password `cat "$SUPERUSER_PASSWORD_FILE"`
\set owner_password `cat "$OWNER_PASSWORD_FILE"`
\set app_password `cat "$APP_PASSWORD_FILE"`
-- A file that cannot be read gives an empty text, with which PostgreSQL would clear the password: fail instead, by a
-- division by zero.
SELECT 1 / least(length(:'superuser_password'), length(:'owner_password'), length(:'app_password')) AS is_read;
ALTER ROLE :"USER" PASSWORD :'superuser_password';
ALTER ROLE tocsin_owner PASSWORD :'owner_password';
ALTER ROLE tocsin_app PASSWORD :'app_password';
