"""The pages on which a case is opened without an account. A GET changes nothing, because mail scanners open links
before people do.
"""

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from accounts.enums import SecurityEventKind
from accounts.security.record import record_refusal
from collectivities.zones import find_zone
from incidents.access import get_followed_incident
from incidents.devices import case_cookie
from incidents.devices.visits import find_case, render_not_found, serve_privately
from incidents.enums import Door, EventKind
from incidents.follow_up.forms import CodeForm
from incidents.follow_up.page import render_case_page
from incidents.models import FollowUpAccess
from incidents.reference import compact_code
from incidents.services.correspondence.correspond import load_thread_page
from incidents.services.declarant.access import derive_secret, find_access, is_mail_held, rotate_access_by_declarant
from incidents.services.declarant.guess import TooManyWrongCodes, find_access_by_code

WRONG_CODE = (
    "Aucun dossier ne s’ouvre avec cette référence et ce code. Vérifiez chaque signe : "
    "il n’y a ni zéro, ni O, ni 1, ni I. Le code a pu être renouvelé : appelez le centre."
)
TOO_MANY_TRIES = (
    "Trop de codes faux pour cette référence. Réessayez dans %(minutes)s min. Votre lien secret, lui, "
    "marche toujours. C’est urgent ? Appelez le centre : le téléphone n’attend pas."
)


@serve_privately
@require_http_methods(["GET", "HEAD", "POST"])
def ask_for_follow_up_code(request: HttpRequest) -> HttpResponse:
    """Ask for a reference and its follow-up code. On POST, open the case that they identify."""
    form = CodeForm(
        request.POST if request.method == "POST" else None, initial={"reference": request.GET.get("reference", "")}
    )
    if form.is_valid() and (access := find_access_by_form(form)):
        return redirect_to_opened_case(request, access)
    cases = list(case_cookie.read_case_cookie(request))
    return render(request, "follow_up/start.html", {"form": form, "cases": cases}, status=422 if form.errors else 200)


def find_access_by_form(form: CodeForm) -> FollowUpAccess | None:
    """Return the access to the case that a valid form identifies. Otherwise add an error to the form and return None.

    The error is the same for a wrong code and for a reference that does not exist.
    """
    try:
        access = find_access_by_code(reference=form.cleaned_data["reference"], code=form.cleaned_data["code"])
    except TooManyWrongCodes as wait:
        record_refusal(SecurityEventKind.LIMIT_REACHED)
        form.add_error(None, TOO_MANY_TRIES % {"minutes": wait.minutes})
        return None
    if access is None:
        form.add_error(None, WRONG_CODE)
    return access


@csrf_exempt
@serve_privately
@require_http_methods(["GET", "HEAD", "POST"])
def open_secret_link(request: HttpRequest, secret: str) -> HttpResponse:
    """Show a button that opens the case of this secret link. On POST, open the case. The response forbids the browser
    to send a Referer, even to this site.

    Browsers then send `Origin: null`, which the CSRF check refuses. The view is therefore exempt from this check. A
    forger would need the secret, and could only open its case.
    """
    response = render_link_page(request, secret)
    response.headers["Referrer-Policy"] = "no-referrer"
    return response


def render_link_page(request: HttpRequest, secret: str) -> HttpResponse:
    """Render the page with the button that opens the case of this secret. On POST, redirect to the case."""
    access = find_access(secret)
    if access is None:
        return render_not_found(request)
    if request.method == "POST":
        return redirect_to_opened_case(request, access)
    return render(request, "follow_up/open.html", {"reference": access.incident.reference})


@serve_privately
@require_safe
def show_followed_case(request: HttpRequest, reference: str) -> HttpResponse:
    """Show the page of a case to its declarant, to a member of its body, or to a person of its centre."""
    try:
        incident, visitor = find_case(request, reference)
    except Http404:
        return render_not_found(request)
    return render_case_page(request, incident, visitor)


@serve_privately
@require_http_methods(["GET", "HEAD", "POST"])
def renew_follow_up_code(request: HttpRequest, reference: str) -> HttpResponse:
    """Explain what a new code makes invalid. On POST, renew the follow-up code and show it."""
    uid = case_cookie.get_access_uid(request, compact_code(reference))
    if uid is None:
        return render_not_found(request)
    try:
        if request.method != "POST":
            return render(request, "follow_up/rotate.html", {"incident": get_followed_incident(uid)})
        access = rotate_access_by_declarant(access_uid=uid)
    except Http404:
        return render_not_found(request)
    incident = access.incident
    is_mail_stopped = is_mail_held(incident, EventKind.LINK_ROTATED)
    context = {"incident": incident, "secret": derive_secret(access), "is_mail_held": is_mail_stopped}
    response = render(request, "follow_up/link.html", context)
    case_cookie.remember_case(request, response, access.incident.reference, access.uid)
    return response


@serve_privately
@require_POST
def remove_case_from_device(request: HttpRequest, reference: str) -> HttpResponse:
    """Close the case on this device. A copy of its cookie opens the case no longer either."""
    response = redirect("follow_up_start")
    case_cookie.close_opened_case(request, response, compact_code(reference))
    return response


def redirect_to_opened_case(request: HttpRequest, access: FollowUpAccess) -> HttpResponse:
    """Redirect to the case, and give this device access to it."""
    response = redirect("follow_up", access.incident.reference)
    case_cookie.remember_case(request, response, access.incident.reference, access.uid)
    return response


@serve_privately
@require_safe
def show_declarant_thread(request: HttpRequest, reference: str) -> HttpResponse:
    """Show the whole thread of messages, page by page. The page of the case shows only the latest messages."""
    try:
        incident, _visitor = find_case(request, reference, door=Door.MESSAGES)
    except Http404:
        return render_not_found(request)
    thread_page = load_thread_page(incident, before=request.GET.get("avant", ""), after=request.GET.get("apres", ""))
    context = {"incident": incident, "thread_page": thread_page, "zone": find_zone(incident.collectivity)}
    return render(request, "follow_up/messages.html", context)
