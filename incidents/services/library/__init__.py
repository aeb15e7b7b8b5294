"""The texts of a centre: its reflex sheets, its playbooks and its message templates."""
