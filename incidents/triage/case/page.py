"""What the responders' pages share: the frame of the admin, the page of a case shown again, the way back to it."""

from collections.abc import Callable, Mapping
from http import HTTPStatus
from typing import Any, NamedTuple

from django.contrib import admin, messages
from django.core.exceptions import ValidationError
from django.forms import Form
from django.http import HttpRequest, HttpResponse, QueryDict
from django.shortcuts import redirect
from django.template.response import TemplateResponse
from django.utils import timezone

from accounts.signed_in import user_of
from incidents.access import record_accesses
from incidents.enums import Door
from incidents.models import Incident
from incidents.triage.case.body import proposed_body, reasons_to_doubt
from incidents.triage.case.context import case_context
from incidents.triage.case.opened import open_form
from incidents.triage.work.kept import new_page, restore_words
from incidents.triage.work.ready import choose_ready

# Fields of the pages of a case in which a person types freely.
WORDS = frozenset({"text", "value", "motive", "title", "due", "due_time", "why", "summary", "lesson", "name", "seat"})


class Route(NamedTuple):
    """A page of the triage: `where` under the address of a case (or of the list), its view, its name in the admin.

    `form`: the code of the form of that page which is posted to it.
    """

    where: str
    view: Callable[..., HttpResponse]
    name: str
    form: str = ""


def render_page(
    request: HttpRequest, template: str, context: Mapping[str, Any], *, status: int = 200
) -> TemplateResponse:
    """In the frame of the admin."""
    common = admin.site.each_context(request) | {"opts": Incident._meta}  # noqa: SLF001 (what the admin's frame reads)
    return TemplateResponse(request, template, common | dict(context), status=status)


def context_of_case(request: HttpRequest, incident: Incident) -> dict[str, Any]:
    """All that the page of the case shows. What the declarants of its doubles wrote is on it, and recorded as read."""
    user = user_of(request)
    proposed = proposed_body(incident, user, request.GET.get("corps", ""))
    doubt = reasons_to_doubt(incident, user)
    context = case_context(incident, user, timezone.now()) | {"proposed": proposed, "doubt": doubt, "page": new_page()}
    record_accesses(user, [double for double, _is_new in context["doubles"]], Door.BESIDE)
    open_form(context, incident, user, request.GET.get("ouvrir", ""))
    restore_words(context, incident, user)
    if asked := request.GET.get("modele"):
        choose_ready(context, incident, user, asked)
    return context


def case_as_typed(request: HttpRequest, incident: Incident, *, status: int = 422, **blocks: Any) -> HttpResponse:
    """The page of the case again, with the form that was refused: `blocks` replace those of the same name."""
    return render_page(
        request, "incidents/triage/case.html", context_of_case(request, incident) | blocks, status=status
    )


def to_case(reference: str, anchor: str = "") -> HttpResponse:
    response = redirect("admin:incidents_incident_change", reference)
    if anchor:
        response["Location"] += f"#{anchor}"
    return response


def refused(request: HttpRequest, reference: str, error: ValidationError) -> HttpResponse:
    """Said above the page of the case, where no field of it is wrong; with words, on a page that gives them back."""
    if typed := [value for name in request.POST if name in WORDS and (value := request.POST[name].strip())]:
        context = {"reference": reference, "why": error.messages, "typed": typed}
        return render_page(request, "incidents/triage/refused.html", context, status=HTTPStatus.UNPROCESSABLE_ENTITY)
    for message in error.messages:
        messages.error(request, message)
    return to_case(reference)


def rebase_form(form: Form, fresh: Form) -> None:
    """What was typed stands from now on on what the page shows: sent once more, it goes through."""
    typed = QueryDict(mutable=True)
    typed.update(form.data)
    typed[form.add_prefix("seen")] = fresh["seen"].value()
    form.data = typed
