"""The module in which Django looks for admin classes. The admin of cases is in `triage`, the admin of the reflex
sheets in `reflexes`.
"""

from incidents.reflexes.admin import ReflexSheetAdmin
from incidents.triage.admin import IncidentAdmin

__all__ = ["IncidentAdmin", "ReflexSheetAdmin"]
