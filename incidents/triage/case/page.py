"""What the responders' pages share: the admin frame, the page of a case with a refused form, redirects to a case."""

from collections.abc import Mapping
from http import HTTPStatus
from typing import Any

from django.contrib import admin, messages
from django.core.exceptions import ValidationError
from django.forms import Form
from django.http import HttpRequest, HttpResponse, QueryDict
from django.shortcuts import redirect
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils import timezone

from accounts.signed_in import get_account
from incidents.access import record_accesses
from incidents.enums import Door
from incidents.models import Incident
from incidents.triage.case.body import find_unconfirmed_body_block, list_withdrawal_reasons
from incidents.triage.case.context import build_case_context
from incidents.triage.case.opened_forms import add_opened_form
from incidents.triage.duplicates.declared import attach_declared_facts
from incidents.triage.library.offered_templates import insert_template
from incidents.triage.work.typed_fields import is_free_text_field
from incidents.triage.work.unsent_text import RefusalRedirect, describe_new_page, restore_unsent_texts


def render_page(
    request: HttpRequest, template: str, context: Mapping[str, Any], *, status: int = 200
) -> TemplateResponse:
    """Render the template in the admin frame."""
    common = admin.site.each_context(request) | {"opts": Incident._meta}  # noqa: SLF001 (what the admin's frame reads)
    return TemplateResponse(request, template, common | dict(context), status=status)


def build_page_context(request: HttpRequest, incident: Incident) -> dict[str, Any]:
    """Return the whole context of the page of a case, with what the user typed earlier and did not send.

    The page shows texts of the duplicates of the case, so an access to each of them is recorded.
    """
    user = get_account(request)
    proposed = find_unconfirmed_body_block(incident, user, request.GET.get("corps", ""))
    withdrawal_reasons = list_withdrawal_reasons(incident, user)
    context = build_case_context(incident, user, timezone.now()) | {
        "proposed": proposed,
        "withdrawal_reasons": withdrawal_reasons,
        "page": describe_new_page(),
    }
    duplicates = [duplicate for duplicate, _is_new in context["duplicates"]]
    attach_declared_facts(duplicates)
    record_accesses(user, duplicates, Door.BESIDE)
    add_opened_form(context, incident, user, request.GET.get("ouvrir", ""))
    restore_unsent_texts(context, incident, user)
    if template_code := request.GET.get("modele"):
        insert_template(context, incident, user, template_code)
    return context


def render_case_again(request: HttpRequest, incident: Incident, *, status: int = 422, **blocks: Any) -> HttpResponse:
    """Render the page of the case in response to one of its forms. `blocks` replace the blocks of the same name."""
    return render_page(
        request, "incidents/triage/case.html", build_page_context(request, incident) | blocks, status=status
    )


def redirect_to_case(reference: str, anchor: str = "") -> HttpResponse:
    """Redirect to the page of the case, at `anchor` if there is one."""
    response = redirect("admin:incidents_incident_change", reference)
    if anchor:
        response["Location"] += f"#{anchor}"
    return response


def report_refusal(request: HttpRequest, reference: str, error: ValidationError) -> HttpResponse:
    """Redirect to the page of the case, which shows the error.

    If the user typed a text, return a page with the error and the text instead, so that the text can be copied.
    """
    if words := [value for name in request.POST if is_free_text_field(name) and (value := request.POST[name].strip())]:
        context = {"reference": reference, "why": error.messages, "typed_texts": words}
        return render_page(request, "incidents/triage/refused.html", context, status=HTTPStatus.UNPROCESSABLE_ENTITY)
    for message in error.messages:
        messages.error(request, message)
    return RefusalRedirect(reverse("admin:incidents_incident_change", args=[reference]))


def rebase_form(form: Form, fresh: Form) -> None:
    """Give the form the version stamp of `fresh`, which the page now shows.

    What was typed stays. Submitting it again then causes no conflict.
    """
    data = QueryDict(mutable=True)
    data.update(form.data)
    data[form.add_prefix("seen")] = fresh["seen"].value()
    form.data = data
