"""Everything that changes an incident. One function, one transaction, one event."""
