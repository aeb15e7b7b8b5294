"""Following a case without an account. A GET changes nothing: mail scanners open every link before people do."""

from django.db.models import prefetch_related_objects
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from collectivities.zones import zone_of
from incidents import cookie
from incidents.follow_up.forms import CodeForm
from incidents.follow_up.history import history_of
from incidents.models import FollowUpAccess, Incident
from incidents.reference import compact
from incidents.services.follow_up import find_access, rotate_access_by_declarant, secret_of
from incidents.visits import find_case, private


@private
@require_http_methods(["GET", "HEAD", "POST"])
def follow_up_start(request: HttpRequest) -> HttpResponse:
    form = CodeForm(request.POST if request.method == "POST" else None)
    if form.is_valid():
        access = find_access(form.cleaned_data["code"])
        if access and access.incident.reference == form.cleaned_data["reference"]:
            return entered(request, access)
        form.add_error(
            None,
            _(
                "Aucun dossier ne s’ouvre avec cette référence et ce code. Vérifiez chaque signe : "
                "il n’y a ni zéro, ni O, ni 1, ni I. Le code a pu être renouvelé : appelez le centre."
            ),
        )
    cases = list(cookie.opened(request))
    return render(request, "follow_up/start.html", {"form": form, "cases": cases}, status=422 if form.errors else 200)


@csrf_exempt
@private
@require_http_methods(["GET", "HEAD", "POST"])
def follow_up_access(request: HttpRequest, secret: str) -> HttpResponse:
    """The address is the secret, so it is never told to the next page, not even to ours.

    Without Referer browsers say `Origin: null`, which the check against forged posts refuses. It is not needed
    here: a forger who knows a secret could only show its own case.
    """
    response = opened_by(request, secret)
    response.headers["Referrer-Policy"] = "no-referrer"
    return response


def opened_by(request: HttpRequest, secret: str) -> HttpResponse:
    access = find_access(secret)
    if access is None:
        return not_found(request)
    if request.method == "POST":
        return entered(request, access)
    return render(request, "follow_up/open.html", {"reference": access.incident.reference})


@private
@require_safe
def follow_up(request: HttpRequest, reference: str) -> HttpResponse:
    try:
        incident, _guest = find_case(request, reference)
    except Http404:
        return not_found(request)
    return show(request, incident)


@private
@require_POST
def follow_up_rotate(request: HttpRequest, reference: str) -> HttpResponse:
    uid = cookie.access_uid(request, compact(reference))
    if uid is None:
        return not_found(request)
    try:
        access = rotate_access_by_declarant(access_uid=uid)
    except Http404:
        return not_found(request)
    response = render(request, "follow_up/link.html", {"incident": access.incident, "secret": secret_of(access)})
    cookie.remember(request, response, access.incident.reference, access.uid)
    return response


@private
@require_POST
def follow_up_leave(request: HttpRequest, reference: str) -> HttpResponse:
    response = redirect("follow_up_start")
    cookie.forget(request, response, compact(reference))
    return response


def entered(request: HttpRequest, access: FollowUpAccess) -> HttpResponse:
    response = redirect("follow_up", access.incident.reference)
    cookie.remember(request, response, access.incident.reference, access.uid)
    return response


def show(request: HttpRequest, incident: Incident) -> HttpResponse:
    if incident.csirt:
        prefetch_related_objects([incident.csirt], "contacts")
    context = {
        "incident": incident,
        "zone": zone_of(incident.collectivity),
        "history": history_of(incident),
        "interruptions": list(incident.interruptions.order_by("id")),
        "leaks": list(incident.leaks.order_by("id")),
        "holds_link": cookie.access_uid(request, incident.reference) is not None,
    }
    return render(request, "follow_up/case.html", context)


def not_found(request: HttpRequest) -> HttpResponse:
    """An altered, replaced or expired link, somebody else's case, no case at all: one page for all of them."""
    return render(request, "follow_up/not_found.html", status=404)
