"""The end of a case, on its page: the report of its closing, what the declarant thought, the form that reopens it."""

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from accounts.models import User
from incidents.enums import Status
from incidents.models import Closing, Incident, Rating
from incidents.services.reopen import MOTIVE_LIMIT

AWAKENED_SHOWN = 5


class ReopenForm(forms.Form):
    """Whether the motive says enough is judged by the service, which names the field."""

    motive = forms.CharField(
        label=_("Pourquoi le rouvrir"),
        required=False,
        strip=False,
        widget=forms.Textarea(attrs={"rows": 2, "maxlength": MOTIVE_LIMIT}),
    )


def ending_block(incident: Incident) -> dict[str, Any]:
    """Nothing, and no query, while the case is open; one query once it is closed."""
    if incident.status != Status.CLOSED:
        return {}
    closings = Closing.objects.filter(incident=incident).select_related("actor", "incident__rating")
    newest = closings.order_by("-id").first()
    # Reopened, then withdrawn by the declarant: that report is of an earlier end.
    closing = newest if newest and newest.closed_at == incident.closed_at else None
    return {"closing": closing, "rating": rating_of(newest), "form": ReopenForm(auto_id="rouvrir_%s")}


def rating_of(closing: Closing | None) -> Rating | None:
    """Read with the closing: a case that nobody of the centre closed has no rating."""
    return getattr(closing.incident, "rating", None) if closing else None


def may_be_reopened(incident: Incident) -> bool:
    """A double is first taken apart; words that are gone do not come back."""
    return incident.status == Status.CLOSED and not incident.merged_into_id and not incident.erased_at


def awakened_cases(user: User) -> list[Incident]:
    """My centres' closed cases on which the declarant wrote and nobody has done anything since, the newest first."""
    mine = Incident.objects.filter(csirt__in=user.csirt_ids()).wrote_since_closing()
    return list(mine.order_by("-declarant_wrote_at").only("reference", "declarant_wrote_at")[:AWAKENED_SHOWN])
