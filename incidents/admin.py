"""Django looks here for the admin; the responders' pages are in `triage`."""

from incidents.triage.admin import IncidentAdmin

__all__ = ["IncidentAdmin"]
