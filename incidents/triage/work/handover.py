"""The page for the end of a shift: the person's open cases, the colleague who takes them over, and the cases that
colleagues handed over to this person.
"""

import secrets
from collections.abc import Iterable
from datetime import datetime
from http import HTTPStatus
from typing import Any

from django import forms
from django.contrib import messages
from django.core.exceptions import ValidationError
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils import timezone
from django.views.decorators.http import require_http_methods

from accounts.factors import list_people_with_labels
from accounts.models import User
from accounts.signed_in import get_account
from collectivities.zones import find_zone
from core.stale import Stale
from incidents.enums import TYPE_TERMS
from incidents.models import Incident
from incidents.reference import hyphenate, is_reference
from incidents.services.handling.assign import (
    NOBODY,
    assign_incident,
    format_person_tag,
    get_colleague,
    list_colleagues,
)
from incidents.services.handling.handover import (
    MAX_CASES_SHOWN,
    HandoverRequest,
    HandoverResult,
    hand_shift_over,
    list_abandoned_cases,
    list_assigned_cases,
    list_received_handovers,
)
from incidents.triage.case.page import render_page
from incidents.triage.queue.order import compute_position, is_late

HANDOVER_URL_NAME = "admin:incidents_incident_handover"
FREE = "liberer"


class HandoverForm(forms.Form):
    """The form that hands open cases over to a colleague at the end of a shift.

    Nothing is selected beforehand, because the person who leaves chooses the colleague and the cases.
    """

    colleague = forms.ChoiceField(label="À qui", required=False)
    text = forms.CharField(
        label="Ce que la relève doit savoir",
        required=False,
        strip=False,
        widget=forms.Textarea(attrs={"rows": 5, "aria-describedby": "relais-aide"}),
    )
    key = forms.CharField(max_length=100, initial=secrets.token_urlsafe, required=False, widget=forms.HiddenInput)

    def __init__(self, *args: Any, user: User, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        colleagues = list_colleagues(user).exclude(pk=user.pk)
        people = [(format_person_tag(person), name) for person, name in list_people_with_labels(colleagues)]
        choices = [("", "Choisissez"), *people, (NOBODY, "personne : à prendre par la première venue")]
        self.fields["colleague"].choices = choices  # type: ignore[attr-defined]  # a ChoiceField

    def make_handover(self, user: User) -> HandoverRequest:
        """Return the hand-over that was typed. The form must be valid.

        Raises ValidationError on « colleague » if no colleague was chosen or the choice is not allowed.
        """
        cleaned = self.cleaned_data
        if not cleaned["colleague"]:
            raise ValidationError({"colleague": "Choisissez à qui vous passez ces dossiers, ou « personne »."})
        to = get_colleague(cleaned["colleague"], list_colleagues(user), field="colleague")
        return HandoverRequest(to=to, text=cleaned["text"], key=cleaned["key"] or secrets.token_urlsafe())


@require_http_methods(["GET", "HEAD", "POST"])
def serve_handover(request: HttpRequest) -> HttpResponse:
    """Show the page for the end of a shift. On POST, hand cases over or put a case back into the queue."""
    user = get_account(request)
    if not user.works_in_any_centre:
        raise Http404
    if FREE in request.POST:
        return return_case_to_queue(request, user)
    if request.method != "POST":
        return render_handover(request, user, HandoverForm(user=user), ticked=[])
    return submit_handover(request, user)


def submit_handover(request: HttpRequest, user: User) -> HttpResponse:
    """Hand the ticked cases over, or show the form again with its errors."""
    form, ticked = HandoverForm(request.POST, user=user), list(filter(is_reference, request.POST.getlist("dossier")))
    try:
        if form.is_valid():
            result = hand_shift_over(actor=user, references=ticked, handover=form.make_handover(user))
            announce_handover(request, result)
            return redirect(HANDOVER_URL_NAME) if result.is_written else render_unsaved_handover(request, user)
    except ValidationError as error:
        wrong = error.message_dict
        # The checkboxes of the cases are not fields of the form.
        form.add_error(None, wrong.pop("references", []))
        for field, problems in wrong.items():
            form.add_error(field, problems)
    return render_handover(request, user, form, ticked=ticked, status=HTTPStatus.UNPROCESSABLE_ENTITY)


def render_unsaved_handover(request: HttpRequest, user: User) -> HttpResponse:
    """Show the typed text again. It was not saved, because no ticked case could be handed over any more.

    The person may send the text with other cases.
    """
    data = request.POST.copy()
    data["key"] = secrets.token_urlsafe()
    return render_handover(request, user, HandoverForm(data, user=user), ticked=[], status=HTTPStatus.CONFLICT)


def announce_handover(request: HttpRequest, handover: HandoverResult) -> None:
    """Say on the next page how many cases were handed over, and which were not."""
    if handover.handed_over:
        messages.success(request, f"Dossiers passés : {len(handover.handed_over)}.")
    if handover.remaining:
        references = ", ".join(hyphenate(reference) for reference in handover.remaining)
        messages.warning(
            request,
            (
                "Pas passés, parce qu’ils vous sont revenus depuis, ne sont plus à vous, sont clos, effacés ou d’un "
                f"autre centre : {references}."
            ),
        )


def return_case_to_queue(request: HttpRequest, user: User) -> HttpResponse:
    """Put a case back into the queue, because its assignee has left the centre.

    The case must be among the abandoned cases that the page lists for `user`.
    """
    case = next((case for case in list_abandoned_cases(user) if case.reference == request.POST[FREE]), None)
    if case is None:
        messages.warning(request, "Ce dossier n’est plus dans cette liste : quelqu’un s’en est occupé.")
        return redirect(HANDOVER_URL_NAME)
    try:
        assign_incident(reference=case.reference, actor=user, assignee=None, seen=format_person_tag(case.assignee))
    except Stale as stale:
        messages.warning(request, f"{stale.current} a ce dossier maintenant.")
    # The case was closed after the list was read.
    except ValidationError as error:
        messages.warning(request, " ".join(error.messages))
    else:
        messages.success(request, "Dossier remis dans la file, sans personne.")
    return redirect(HANDOVER_URL_NAME)


def render_handover(
    request: HttpRequest, user: User, form: HandoverForm, *, ticked: list[str], status: int = 200
) -> HttpResponse:
    now = timezone.now()
    own_cases = [
        describe_handover_case(case, now) | {"is_ticked": case.reference in ticked}
        for case in sort_as_queue(list_assigned_cases(user), now)
    ]
    context = {
        "title": "Passer le relais",
        "form": form,
        "own_cases": own_cases,
        "is_full": len(own_cases) == MAX_CASES_SHOWN,
        "max_cases": MAX_CASES_SHOWN,
        "received": [
            {
                "handover": handover,
                "zone": find_zone(handover.incidents[0].collectivity),
                "cases": [describe_handover_case(case, now) for case in sort_as_queue(handover.incidents, now)],
            }
            for handover in list_received_handovers(user, now)
        ],
        "gone": [describe_handover_case(case, now) for case in sort_as_queue(list_abandoned_cases(user), now)]
        if user.leads_any_centre
        else [],
    }
    return render_page(request, "incidents/triage/handover.html", context, status=status)


def sort_as_queue(cases: Iterable[Incident], now: datetime) -> list[Incident]:
    """Return the cases in the order of the queue."""
    return sorted(cases, key=lambda case: compute_position(case, now))


def describe_handover_case(incident: Incident, now: datetime) -> dict[str, Any]:
    """Return what the page of the hand-over shows of a case."""
    return {
        "incident": incident,
        "term": TYPE_TERMS[incident.type],
        "zone": find_zone(incident.collectivity),
        "is_late": is_late(incident, now),
    }
