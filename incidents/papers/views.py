"""The answer pack of a case: a page to read and print, and a PDF that a task makes."""

from uuid import UUID

from django.db.models import Max
from django.http import Http404, HttpRequest, HttpResponse, StreamingHttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.views.decorators.http import require_http_methods, require_safe

from accounts.enums import SecurityEventKind
from accounts.security.record import record_security_event
from collectivities.zones import find_zone
from incidents.access import CaseVisitor, speaks_for_body
from incidents.devices.visits import find_case, render_not_found, serve_privately
from incidents.enums import Door, PaperKind
from incidents.models import Incident
from incidents.papers.serving import serve_paper
from incidents.services.papers.answer_pack import build_answer_pack
from incidents.services.papers.making import NothingToPrint, request_answer_pack

EMPTY_LOG_LINES = range(22)
MAX_PACKS = 5


@serve_privately
@require_http_methods(["GET", "HEAD", "POST"])
def serve_answer_pack(request: HttpRequest, reference: str) -> HttpResponse:
    """Show the answer pack, a summary of the case to read and print. On POST, request its PDF."""
    try:
        incident, visitor = find_case(request, reference, door=Door.PACK)
    except Http404:
        return render_not_found(request)
    if request.method != "POST":
        return render_pack_page(request, incident, visitor)
    try:
        request_answer_pack(visitor=visitor, reference=incident.reference)
    except NothingToPrint:
        return render_pack_page(request, incident, visitor)
    return redirect("answer_pack", incident.reference)


@serve_privately
@require_safe
def download_answer_pack(request: HttpRequest, reference: str, uid: UUID) -> StreamingHttpResponse:
    """Return one PDF of the answer pack. Raises Http404 if it has not been made. What a person with an account takes
    away is recorded.
    """
    incident, visitor = find_case(request, reference, door=Door.PACK)
    pack = incident.papers.filter(kind=PaperKind.ANSWER_PACK, uid=uid).first()
    response = serve_paper(pack, f"tocsin-{incident.reference}.pdf")
    if visitor.user:
        record_security_event(
            SecurityEventKind.EXPORT, person=visitor.user, csirt_id=incident.csirt_id, detail="answer_pack"
        )
    return response


def render_pack_page(request: HttpRequest, incident: Incident, visitor: CaseVisitor) -> HttpResponse:
    """Render the page with the answer pack and the newest PDFs that were made of it."""
    packs = list(incident.papers.filter(kind=PaperKind.ANSWER_PACK).order_by("-id")[:MAX_PACKS])
    changed_at = incident.events.aggregate(at=Max("at"))["at"]
    context = {
        "incident": incident,
        "is_of_centre": not speaks_for_body(visitor, incident),
        "zone": find_zone(incident.collectivity),
        "dossier": None if incident.erased_at else build_answer_pack(incident, at=timezone.now()),
        "packs": packs,
        "is_current": bool(packs) and packs[0].asked_at >= changed_at,
        "ledger": EMPTY_LOG_LINES,
    }
    return render(request, "papers/pack.html", context)
