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
from incidents.reference import compact_code, hyphenate
from incidents.services.duplicates.merge import check_mergeable, merge_incident
from incidents.services.handling.assign import find_current_assignee
from incidents.services.transfer.state import find_open_proposal
from incidents.triage import wording
from incidents.triage.case.data import format_personal_data
from incidents.triage.case.page import redirect_to_case, render_page

TEMPLATE = "incidents/triage/compare.html"


@require_http_methods(["GET", "HEAD", "POST"])
def compare_cases_view(request: HttpRequest, reference: str) -> HttpResponse:
    """Compare the case with another case, whose reference is typed in `avec`.

    On POST, merge the two cases. `garder` is the reference of the case to keep.
    """
    user = get_account(request)
    incident = get_incident(user, reference, to=Ability.LINK, door=Door.BESIDE)
    fields = request.POST if request.method == "POST" else request.GET
    reference_typed = fields.get("avec", "")
    other = find_other_case(user, reference_typed)
    if other is None or other.pk == incident.pk:
        problem = "Aucun autre dossier de votre centre n’a cette référence." if reference_typed else ""
        context = {"incident": incident, "reference_typed": reference_typed[:40], "problem": problem}
        return render_page(request, TEMPLATE, context, status=404 if reference_typed else 200)
    if request.method != "POST":
        return render_page(request, TEMPLATE, build_comparison(incident, other))
    return submit_merge(request, incident, other)


def submit_merge(request: HttpRequest, incident: Incident, other: Incident) -> HttpResponse:
    """Merge one of the two cases into the case that the user keeps.

    If the merge is refused, show the comparison again, with the reason.
    """
    kept_reference = compact_code(request.POST.get("garder", ""))
    pair = {incident.reference: other.reference, other.reference: incident.reference}
    try:
        if kept_reference not in pair:
            raise ValidationError("Dites lequel des deux dossiers vous gardez.")
        merge_incident(reference=pair[kept_reference], into=kept_reference, actor=get_account(request))
    except ValidationError as error:
        context = build_comparison(incident, other) | {"problem": " ".join(error.messages)}
        return render_page(request, TEMPLATE, context, status=422)
    confirmation = (
        "%(double)s est clos, comme double de celui-ci. Rien n’en est perdu : il est plus bas, dans « Doubles »."
    )
    messages.success(request, confirmation % {"double": hyphenate(pair[kept_reference])})
    return redirect_to_case(kept_reference)


def find_other_case(user: User, reference: str) -> Incident | None:
    """Return the case with the typed reference, or None if it does not exist or the user may not merge it."""
    try:
        return get_incident(user, compact_code(reference), to=Ability.LINK, door=Door.BESIDE)
    except (Http404, PermissionDenied):
        return None


def build_comparison(incident: Incident, other: Incident) -> dict[str, Any]:
    """Return the context of both cases, the older one first. The older case is more often the one to keep."""
    pair = sorted((incident, other), key=lambda case: (case.received_at, case.pk))
    sides = [build_side_context(case, against) for case, against in (pair, pair[::-1])]
    zone = find_zone(incident.collectivity)
    return {"incident": incident, "other": other, "sides": sides, "zone": zone, "reference_typed": other.reference}


def build_side_context(main: Incident, duplicate: Incident) -> Mapping[str, Any]:
    """Return the context of `main`, with the reason why `duplicate` cannot be merged into it, if any."""
    return {
        "offer": find_open_proposal(main),
        "incident": main,
        "term": wording.get_type_term(main),
        "holder": find_current_assignee(main),
        "services": wording.format_stopped_services(main, list(main.interruptions.order_by("started_at", "id"))),
        "data": format_personal_data(main),
        "story_lines": wording.list_story_lines(main.story),
        "written": main.messages.count(),
        "pieces": main.evidence.count(),
        "refusal": explain_merge_refusal(main, duplicate),
    }


def explain_merge_refusal(main: Incident, duplicate: Incident) -> str:
    """Return why `duplicate` cannot be merged into `main`, or ""."""
    try:
        check_mergeable(duplicate, main)
    except ValidationError as error:
        return " ".join(error.messages)
    return ""
