"""The person in charge of a case, and the form that assigns the case to somebody."""

from typing import Any

from django import forms

from accounts.factors import list_people_with_labels
from accounts.models import User
from incidents.enums import Status
from incidents.models import Incident
from incidents.services.handling.assign import NOBODY, format_person_tag, list_centre_responders
from incidents.triage.case_form import ELEMENT
from incidents.workflow import is_abandoned

# The names of the controls of AssignForm have this prefix, because other forms are on the same page.
ASSIGN_PREFIX = "attribuer"


class AssignForm(forms.Form):
    """The form that assigns a case to one of `colleagues`, who are given as (user, name in the list).

    The service checks whether the colleague may have the case.
    """

    assignee = forms.ChoiceField(label="Attribué à")
    seen = forms.CharField(required=False, max_length=100, widget=forms.HiddenInput)

    def __init__(self, *args: Any, colleagues: list[tuple[User, str]], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs | {"prefix": ASSIGN_PREFIX, "auto_id": "%s"})
        people = [(format_person_tag(colleague), name) for colleague, name in colleagues]
        self.fields["assignee"].choices = [(NOBODY, "personne"), *people]  # type: ignore[attr-defined]  # a ChoiceField
        for field in self.fields.values():
            field.widget.attrs["form"] = ELEMENT


def make_assign_form(incident: Incident) -> AssignForm:
    """Return the form with the person in charge selected, or nobody if that person has left the centre.

    Runs two queries.
    """
    colleagues = list_people_with_labels(list_centre_responders(incident.csirt_id))
    tag = format_person_tag(incident.assignee)
    chosen = tag if any(colleague == incident.assignee for colleague, _name in colleagues) else NOBODY
    return AssignForm(initial={"assignee": chosen, "seen": tag}, colleagues=colleagues)


def is_responder_of(person: User | None, incident: Incident) -> bool:
    """Tell whether the person works for the centre of the case."""
    return person is not None and list_centre_responders(incident.csirt_id).filter(pk=person.pk).exists()


def build_assign_block(incident: Incident, user: User) -> dict[str, Any]:
    """Return the block of the page that shows who is in charge of the case. A closed case keeps its last assignee.

    `incident` must be loaded with its assignee. Runs one query if somebody other than `user` is in charge of an open
    case.
    """
    holder, is_open = incident.assignee, incident.status != Status.CLOSED
    is_gone = is_open and holder not in (None, user) and not is_responder_of(holder, incident)
    return {
        "holder": holder,
        "is_gone": is_gone,
        "is_abandoned": is_abandoned(
            incident.status, incident.assignee_id, has_holder=holder is not None and not is_gone
        ),
        "is_mine": incident.assignee_id == user.pk,
        "is_open": is_open,
        "me": format_person_tag(user),
        "seen": format_person_tag(holder),
    }
