"""Django looks here for the admin; the responders' pages are in `triage`, a lead's sheets in `reflexes`."""

from incidents.reflexes.admin import ReflexSheetAdmin
from incidents.triage.admin import IncidentAdmin

__all__ = ["IncidentAdmin", "ReflexSheetAdmin"]
