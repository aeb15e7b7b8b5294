"""The end of a case, on its page: the report of its closing, what the declarant thought, the form that reopens it."""

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from accounts.models import User
from incidents.enums import KeptForm, Status
from incidents.models import Incident, Rating
from incidents.services.reopen import MOTIVE_LIMIT
from incidents.triage.case_form import CaseForm

AWAKENED_SHOWN = 5


class ReopenForm(CaseForm):
    """Whether the motive says enough is judged by the service, which names the field."""

    code = KeptForm.REOPENING

    motive = forms.CharField(
        label=_("Pourquoi le rouvrir"),
        required=False,
        strip=False,
        widget=forms.Textarea(attrs={"rows": 2, "maxlength": MOTIVE_LIMIT}),
    )


def ending_block(incident: Incident) -> dict[str, Any]:
    """Nothing while the case is open, else two queries."""
    if incident.status != Status.CLOSED:
        return {}
    closing = incident.closings.select_related("actor").order_by("-id").first()
    if closing and closing.closed_at != incident.closed_at:
        closing = None  # reopened, then withdrawn by the declarant: that report is of an earlier end
    rating = Rating.objects.filter(incident=incident).first()
    return {"closing": closing, "rating": rating, "form": ReopenForm()}


def may_be_reopened(incident: Incident) -> bool:
    """A double is first taken apart; words that are gone do not come back."""
    return incident.status == Status.CLOSED and not incident.merged_into_id and not incident.erased_at


def list_awakened(user: User) -> list[dict[str, Any]]:
    """Return my centres' newest closed cases on which the declarant wrote and nobody has done anything since."""
    mine = Incident.objects.filter(csirt__in=user.csirt_ids()).wrote_since_closing()
    newest = mine.order_by("-declarant_wrote_at")[:AWAKENED_SHOWN]
    return [dict(one) for one in newest.values("reference", "declarant_wrote_at")]
