"""The names of the roles of PostgreSQL, which deploy/create_roles.sql creates. Settings may import this module."""

OWNER, APPLICATION, READER = "tocsin_owner", "tocsin_app", "tocsin_read"
