"""The end of a case on its page: the report, the declarant's rating, the form that reopens it."""

from typing import Any

from django import forms

from incidents.enums import CaseFormCode, Status
from incidents.models import Incident, Rating
from incidents.services.handling.reopen import REASON_LIMIT
from incidents.triage.case_form import CaseForm
from incidents.triage.notice import format_notice


class ReopenForm(CaseForm):
    """The form that reopens a case. The service checks the reason, and reports errors by field."""

    code = CaseFormCode.REOPENING

    motive = forms.CharField(
        label="Pourquoi le rouvrir",
        required=False,
        strip=False,
        widget=forms.Textarea(attrs={"rows": 2, "maxlength": REASON_LIMIT}),
    )


def build_ending_block(incident: Incident) -> dict[str, Any]:
    """Return the report, the rating and the form that reopens a closed case. Runs two queries.

    Return {} for an open case.
    """
    if incident.status != Status.CLOSED:
        return {}
    closing = incident.closings.select_related("actor").order_by("-id").first()
    if closing and closing.closed_at != incident.closed_at:
        # The case was reopened, then withdrawn by the declarant, so the report is about an earlier closing.
        closing = None
    rating = Rating.objects.filter(incident=incident).first()
    notice = format_notice(incident, "Il est averti que son dossier est rouvert, et par vous.")
    help_text = f"Une note interne : le déclarant ne la lit pas. {notice}"
    return {"closing": closing, "rating": rating, "form": ReopenForm(), "help": help_text}


def may_be_reopened(incident: Incident) -> bool:
    """Tell whether the case can be reopened. A duplicate must be unmerged first; an erased case stays closed."""
    return incident.status == Status.CLOSED and not incident.merged_into_id and not incident.erased_at
