-- Gives the roles that our containers use the passwords of their secrets. psql reads the files, as the server's superuser:
-- with docker-compose.yml at the first start, and again whenever README.md says so.
\set owner_password `cat "$OWNER_PASSWORD_FILE"`
\set app_password `cat "$APP_PASSWORD_FILE"`
ALTER ROLE tocsin_owner PASSWORD :'owner_password';
ALTER ROLE tocsin_app PASSWORD :'app_password';
