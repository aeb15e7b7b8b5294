"""Who has the case, and the form that gives it to somebody."""

from typing import Any

from django import forms
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy as _lazy

from accounts.models import User
from incidents.enums import Status
from incidents.models import Incident
from incidents.services.assign import NOBODY, people_of, tag_of
from incidents.triage.together import PERSON, Whole


class AssignForm(forms.Form):
    """Whether the person may have it is judged by the service."""

    assignee = forms.ChoiceField(label=_lazy("Attribué à"))
    seen = forms.CharField(required=False, max_length=100, widget=forms.HiddenInput)

    def __init__(self, *args: Any, colleagues: list[User], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs | {"auto_id": "attribuer_%s"})
        self.fields["assignee"].choices = [(NOBODY, _("personne")), *((tag_of(one), str(one)) for one in colleagues)]  # type: ignore[attr-defined]  # a ChoiceField


def colleague_rows(incident: Incident) -> Whole:
    return Whole(people_of(incident.csirt_id), only=PERSON)


def holder_rows(incident: Incident) -> Whole:
    """Whoever has the case, still of the centre or not."""
    return Whole(User.objects.filter(pk__in=[incident.assignee_id]), only=PERSON)


def assign_block(incident: Incident, user: User, colleagues: list[User], holders: list[User]) -> dict[str, Any]:
    holder = next(iter(holders), None)
    is_gone = holder is not None and holder not in colleagues
    tag = tag_of(holder)
    return {
        "holder": holder,
        "is_gone": is_gone,
        "is_mine": incident.assignee_id == user.pk,
        "is_open": incident.status != Status.CLOSED,
        "me": tag_of(user),
        "form": AssignForm(initial={"assignee": NOBODY if is_gone else tag, "seen": tag}, colleagues=colleagues),
    }
