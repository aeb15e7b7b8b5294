"""The page that compares two cases of one body, to keep one and close the other as its duplicate."""

from collections.abc import Mapping
from typing import Any

from django.contrib import messages
from django.core.exceptions import PermissionDenied, ValidationError
from django.http import Http404, HttpRequest, HttpResponse
from django.views.decorators.http import require_http_methods

from accounts.models import User
from accounts.signed_in import get_account
from collectivities.zones import find_zone
from incidents.access import get_incident
from incidents.enums import Ability, Door
from incidents.models import Incident
from incidents.reference import compact, spaced
from incidents.services.groups.merge import check_pair, merge_incident
from incidents.services.handling.assign import holder_of
from incidents.triage import wording
from incidents.triage.case.data import format_data
from incidents.triage.case.page import redirect_to_case, render_page

TEMPLATE = "incidents/triage/compare.html"


@require_http_methods(["GET", "HEAD", "POST"])
def compare(request: HttpRequest, reference: str) -> HttpResponse:
    """Compare the case with `avec`, the other reference as it was typed. A POST names the case to keep in `garder`."""
    user = get_account(request)
    incident = get_incident(user, reference, to=Ability.LINK, door=Door.BESIDE)
    said = request.POST if request.method == "POST" else request.GET
    typed = said.get("avec", "")
    other = find_other_case(user, typed)
    if other is None or other.pk == incident.pk:
        problem = "Aucun autre dossier de votre centre n’a cette référence." if typed else ""
        context = {"incident": incident, "typed": typed[:40], "problem": problem}
        return render_page(request, TEMPLATE, context, status=404 if typed else 200)
    if request.method != "POST":
        return render_page(request, TEMPLATE, compared(incident, other))
    return submit_merge(request, incident, other)


def submit_merge(request: HttpRequest, incident: Incident, other: Incident) -> HttpResponse:
    kept = compact(request.POST.get("garder", ""))
    pair = {incident.reference: other.reference, other.reference: incident.reference}
    try:
        if kept not in pair:
            raise ValidationError("Dites lequel des deux dossiers vous gardez.")
        merge_incident(reference=pair[kept], into=kept, actor=get_account(request))
    except ValidationError as error:
        context = compared(incident, other) | {"problem": " ".join(error.messages)}
        return render_page(request, TEMPLATE, context, status=422)
    said = "%(double)s est clos, comme double de celui-ci. Rien n’en est perdu : il est plus bas, dans « Doubles »."
    messages.success(request, said % {"double": spaced(pair[kept])})
    return redirect_to_case(kept)


def find_other_case(user: User, typed: str) -> Incident | None:
    """Return the case, or None if it does not exist or this person may not merge it."""
    try:
        return get_incident(user, compact(typed), to=Ability.LINK, door=Door.BESIDE)
    except (Http404, PermissionDenied):
        return None


def compared(incident: Incident, other: Incident) -> dict[str, Any]:
    """Return the context of both cases, the older one first: it is more often the one to keep."""
    pair = sorted((incident, other), key=lambda one: (one.received_at, one.pk))
    sides = [side(one, against) for one, against in (pair, pair[::-1])]
    zone = find_zone(incident.collectivity)
    return {"incident": incident, "other": other, "sides": sides, "zone": zone, "typed": other.reference}


def side(kept: Incident, double: Incident) -> Mapping[str, Any]:
    return {
        "incident": kept,
        "term": wording.term(kept),
        "holder": holder_of(kept),
        "services": wording.stopped(kept, list(kept.interruptions.order_by("started_at", "id"))),
        "data": format_data(kept),
        "written": kept.messages.count(),
        "pieces": kept.evidence.count(),
        "refusal": why_not(kept, double),
    }


def why_not(kept: Incident, double: Incident) -> str:
    """Return why this case cannot be kept as the main case, or ""."""
    try:
        check_pair(double, kept)
    except ValidationError as error:
        return " ".join(error.messages)
    return ""
