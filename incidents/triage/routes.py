"""The pages that the parts of the triage bring: those under a case, and those beside the list. `admin.py` serves them.

Each part writes its views beside its forms and names them here; an act of one button is in `acts.py` instead.
"""

from incidents.triage.closing import closing_view, reopen_view
from incidents.triage.history import history_page
from incidents.triage.judging import qualify_view
from incidents.triage.page import Route

OF_A_CASE: list[Route] = [
    Route("histoire", history_page, "history"),
    Route("qualifier", qualify_view, "qualify"),
    Route("cloture", closing_view, "closing"),
    Route("rouvrir", reopen_view, "reopen"),
]
BESIDE: list[Route] = []
