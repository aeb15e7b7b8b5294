"""The sheets that a centre writes: reflexes and playbooks."""
