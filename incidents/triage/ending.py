"""The end of a case, on its page: the report of its closing, what the declarant thought, the form that reopens it."""

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from accounts.models import User
from incidents.enums import Status
from incidents.models import Closing, Incident, Rating
from incidents.services.reopen import MOTIVE_LIMIT
from incidents.triage.together import PERSON, Columns, Whole

AWAKENED_SHOWN = 5


class ReopenForm(forms.Form):
    """Whether the motive says enough is judged by the service, which names the field."""

    motive = forms.CharField(
        label=_("Pourquoi le rouvrir"),
        required=False,
        strip=False,
        widget=forms.Textarea(attrs={"rows": 2, "maxlength": MOTIVE_LIMIT}),
    )


def closing_rows(incident: Incident) -> Whole:
    return Whole(incident.closings.order_by("-id")[:1], actor=PERSON)


def rating_rows(incident: Incident) -> Whole:
    return Whole(Rating.objects.filter(incident=incident))


def ending_block(incident: Incident, closings: list[Closing], ratings: list[Rating]) -> dict[str, Any]:
    """Nothing while the case is open. `closings`: the newest one, if any."""
    if incident.status != Status.CLOSED:
        return {}
    # Reopened, then withdrawn by the declarant: that report is of an earlier end.
    closing = next((one for one in closings if one.closed_at == incident.closed_at), None)
    return {"closing": closing, "rating": next(iter(ratings), None), "form": ReopenForm(auto_id="rouvrir_%s")}


def may_be_reopened(incident: Incident) -> bool:
    """A double is first taken apart; words that are gone do not come back."""
    return incident.status == Status.CLOSED and not incident.merged_into_id and not incident.erased_at


def awakened_rows(user: User) -> Columns:
    """My centres' closed cases on which the declarant wrote and nobody has done anything since, the newest first."""
    mine = Incident.objects.filter(csirt__in=user.csirt_ids()).wrote_since_closing()
    return Columns(mine.order_by("-declarant_wrote_at")[:AWAKENED_SHOWN], "reference", "declarant_wrote_at")
