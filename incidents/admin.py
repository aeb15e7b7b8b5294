"""The module in which Django looks for admin classes. Those of responders are in `triage`, that of the reflex sheets
in `reflexes`.
"""

from incidents.reflexes.admin import ReflexSheetAdmin
from incidents.triage.admin import IncidentAdmin

__all__ = ["IncidentAdmin", "ReflexSheetAdmin"]
