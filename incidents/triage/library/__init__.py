"""The pages of a centre's texts: its playbooks and its message templates."""
