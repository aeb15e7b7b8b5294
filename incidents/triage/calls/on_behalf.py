"""The page on which a responder declares an incident for a caller on the telephone.

The caller gets a follow-up code, which the responder reads out.
"""

import re
import secrets
from typing import Any

from django.contrib import admin
from django.core.exceptions import ValidationError
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods

from accounts.enums import CentreAbility
from accounts.models import User
from accounts.signed_in import get_account
from collectivities.models import Collectivity
from collectivities.zones import find_zone
from csirts.routing import Route, find_route
from incidents.access import may_declare_for_callers
from incidents.enums import TYPE_TERMS, Origin
from incidents.facts.shapes import Submission
from incidents.models import Incident
from incidents.reference import split_groups
from incidents.services.calls.on_behalf import declare_by_phone
from incidents.services.declarant.access import derive_secret
from incidents.services.declaring.declare import DeclarationResult, SubmissionConflict, is_submitted
from incidents.services.handling.verify import verify_incident
from incidents.services.library.reflexes import get_reflex_sheet
from incidents.triage.calls.telephone_form import TelephoneForm

KEY, SEARCH, ELSEWHERE, CALLED_BACK, SEEN = "cle", "chercher", "ailleurs", "rappele", "vus"
# The script of the page posts this, with only the body and the telephone number, as soon as the body is chosen.
WARN = "prevenir"
MAX_OPEN_CASES_SHOWN = 10
WARNINGS = "incidents/triage/parts/call_warnings.html"
VALID_KEY = re.compile(r"[A-Za-z0-9_-]{32,64}")


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def declare_on_behalf_view(request: HttpRequest) -> HttpResponse:
    """Show the telephone form on GET. Save the declaration on POST. Raises Http404 for people without a centre."""
    user = get_account(request)
    if not may_declare_for_callers(user):
        raise Http404
    if request.method != "POST":
        return render_telephone_form(request, TelephoneForm(initial={"body": request.GET.get("q", "")[:200]}))
    form = TelephoneForm(request.POST)
    if SEARCH in request.POST or WARN in request.POST:
        return (
            render_warnings(request, form)
            if WARN in request.POST
            else render_telephone_form(request, form, is_search=True)
        )
    body = form.collectivity
    if body is None or not is_valid_in_body_zone(form, body):
        return render_telephone_form(request, form)
    route = find_route(body, on=timezone.localdate())
    must_confirm_centre = is_routed_elsewhere(user, route) and request.POST.get(ELSEWHERE) != get_centre_key(route)
    if must_confirm_centre or not has_seen_open_cases(request, form):
        return render_telephone_form(request, form)
    with timezone.override(find_zone(body)):
        return submit_declaration(request, form, body, route)


def is_valid_in_body_zone(form: TelephoneForm, body: Collectivity) -> bool:
    """Tell whether the form is valid. Its days and hours are in the time zone of the body.

    A day without a year is the nearest past day.
    """
    with timezone.override(find_zone(body)):
        return form.is_valid()


def is_routed_elsewhere(user: User, route: Route) -> bool:
    """Tell whether the case will belong to no centre of the user. The user will then not see the case.

    The result is also true if no centre answers for the body.
    """
    return route.csirt is None or not user.works_in_centre(route.csirt.pk)


def get_centre_key(route: Route) -> str:
    """Return a key for the centre of the route. The form posts the key of the centre that the user agreed to."""
    return route.csirt.slug if route.csirt else "personne"


def list_open_cases_of_caller(user: User, form: TelephoneForm) -> list[Incident]:
    """Return the newest open cases of the user's centres that have the body or the telephone number of the caller."""
    centre_cases = Incident.objects.of_centres(user, CentreAbility.WORK).open()
    of_body = centre_cases.filter(collectivity=form.collectivity) if form.collectivity else centre_cases.none()
    keys: list[int] = []
    for cases in (of_body, centre_cases.with_contact_number(form.read_input("contact_phone"))):
        keys += cases.order_by("-received_at").values_list("pk", flat=True)[:MAX_OPEN_CASES_SHOWN]
    newest = (
        centre_cases.filter(pk__in=keys).annotate_has_holder().select_related("assignee", "collectivity__departement")
    )
    return list(newest.order_by("-received_at", "-id")) if keys else []


def has_seen_open_cases(request: HttpRequest, form: TelephoneForm) -> bool:
    """Tell whether the submitted page showed all open cases of the caller.

    The result is also true after a double click, when the declaration is already saved.
    """
    seen = set(request.POST.get(SEEN, "").split())
    cases = {case.reference for case in list_open_cases_of_caller(get_account(request), form)}
    return cases <= seen or is_submitted(make_submission_key(request))


def make_submission_key(request: HttpRequest) -> str:
    """Return the idempotency key of the submission, made of the user's uid and the key of the page."""
    return f"phone:{get_account(request).uid}:{read_or_make_key(request.POST.get(KEY, ''))}"


def submit_declaration(request: HttpRequest, form: TelephoneForm, body: Collectivity, route: Route) -> HttpResponse:
    """Save the declaration and show its follow-up code.

    If the user ticked that the body was called back, verify the case too.
    """
    user = get_account(request)
    submission = Submission(key=make_submission_key(request), origin=Origin.PHONE, author=str(user))
    try:
        declared = declare_by_phone(declaration=form.make_declaration(body), submission=submission, actor=user)
    except ValidationError as error:
        form.add_service_errors(error)
        return render_telephone_form(request, form)
    except SubmissionConflict as conflict:
        return render_telephone_form(request, form, first=conflict.incident.reference)
    problem = verify_declared_case(declared, user) if CALLED_BACK in request.POST else ""
    return render_follow_up_code(request, declared, route, problem)


def verify_declared_case(declared: DeclarationResult, user: User) -> str:
    """Verify the case. Return why the verification was refused, or ""."""
    if not user.works_in_centre(declared.incident.csirt_id):
        return "Votre rappel ne vaut pas vérification ici : c’est l’autre centre qui rappelle la collectivité."
    try:
        verify_incident(reference=declared.incident.reference, actor=user)
    except ValidationError as refused:
        return str(refused.message)
    declared.incident.refresh_from_db()
    return ""


def read_or_make_key(key: str) -> str:
    """Return the key that the page posted, or a new key if the posted one is malformed."""
    return key if VALID_KEY.fullmatch(key) else secrets.token_urlsafe(32)


def render_telephone_form(
    request: HttpRequest,
    form: TelephoneForm,
    *,
    is_search: bool = False,
    first: str = "",
) -> HttpResponse:
    """Render the page with what was typed. After a mere search for the body (`is_search`), it shows no errors.

    `first` is the reference of a case that this form already declared with other content. The page then gets a new
    key, so that submitting it again makes a new declaration.
    """
    is_wrong = form.is_bound and not is_search and bool(form.errors)
    context: dict[str, Any] = {
        "form": form,
        "is_wrong": is_wrong,
        "first": first,
        "key": read_or_make_key("" if first else request.POST.get(KEY, "")),
        "called_back": CALLED_BACK in request.POST,
    } | build_warnings_context(request, form)
    status = 409 if first else 422 if is_wrong else 200
    return render(request, "incidents/triage/on_behalf.html", build_admin_context(request) | context, status=status)


def render_warnings(request: HttpRequest, form: TelephoneForm) -> HttpResponse:
    """Render only the warnings: the open cases of the caller, and whether another centre answers for the body."""
    return render(request, WARNINGS, build_warnings_context(request, form))


def build_warnings_context(request: HttpRequest, form: TelephoneForm) -> dict[str, Any]:
    """Return the context of the warnings: the open cases of the caller, and the route to another centre, if any."""
    route = find_route(form.collectivity, on=timezone.localdate()) if form.collectivity else None
    elsewhere = route if route and is_routed_elsewhere(get_account(request), route) else None
    return {
        "elsewhere": elsewhere,
        "agreed": get_centre_key(elsewhere) if elsewhere else "",
        "open_cases": [
            (case, TYPE_TERMS[case.type]) for case in list_open_cases_of_caller(get_account(request), form)
        ],
    }


def render_follow_up_code(
    request: HttpRequest, declared: DeclarationResult, route: Route, refused: str
) -> HttpResponse:
    """Render the page with the follow-up code of the new case. No later page shows this code.

    If the case belongs to another centre, this is the only page of the case that the user sees. `refused` says why the
    case was not verified, or is "".
    """
    incident, access = declared.incident, declared.access
    context = {
        "incident": incident,
        "reference": split_groups(incident.reference),
        "secret": split_groups("" if access is None or access.revoked_at else derive_secret(access)),
        "reflexes": get_reflex_sheet(incident.type, incident.csirt).text,
        "route": route,
        "is_elsewhere": not get_account(request).works_in_centre(incident.csirt_id),
        "refused": refused,
    }
    response = render(request, "incidents/triage/follow_up_code.html", build_admin_context(request) | context)
    response.headers["Cache-Control"] = "no-store"
    return response


def build_admin_context(request: HttpRequest) -> dict[str, Any]:
    """Return the context that the templates of the admin need."""
    return admin.site.each_context(request)
