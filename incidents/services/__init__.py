"""The services: functions that change a case. Each runs in one transaction, locks the case and records one event."""
