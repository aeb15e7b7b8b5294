"""The pages that the parts of the triage bring: those under a case, and those beside the list. `admin.py` serves them.

Each part writes its views beside its forms and names them here; an act of one button is in `acts.py` instead.
"""

from incidents.triage import history
from incidents.triage.page import Route

OF_A_CASE: list[Route] = [*history.ROUTES]
BESIDE: list[Route] = []
