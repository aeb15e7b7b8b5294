"""The functions that change an incident. Each runs in one transaction, locks the case and records one event."""
