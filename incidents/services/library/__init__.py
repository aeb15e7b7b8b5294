"""The reflex sheets and the playbooks that a centre publishes."""
