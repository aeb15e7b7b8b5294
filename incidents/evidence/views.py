"""Upload of evidence with a plain form, and the list of the evidence of a case."""

from collections.abc import Iterable
from functools import partial
from http import HTTPStatus
from typing import Any
from uuid import UUID

from django.core.exceptions import PermissionDenied, ValidationError
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.csrf import csrf_exempt, csrf_protect
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from accounts.enums import SecurityEventKind
from accounts.security.record import record_refusal
from collectivities.zones import find_zone
from core.request_counter import hash_address
from core.text import clean_line
from incidents.access import CaseVisitor, speaks_for_body
from incidents.devices.visits import find_case, render_not_found, serve_privately
from incidents.enums import Ability, Door
from incidents.evidence.handler import ReceivedFiles, VaultUploadHandler
from incidents.facts.description import LINE_LIMIT
from incidents.files.deposits import MAX_FILE_BYTES
from incidents.files.seals import find_first_broken_seal, format_instant
from incidents.models import Incident
from incidents.queries import OpenedEvidence, count_remaining_files, list_opened_evidence
from incidents.services.evidence.files import (
    MAX_BYTES,
    MAX_FILES,
    CaseErased,
    FileSubmission,
    RecordedEvidence,
    compute_remaining_quota,
    get_writing_key,
    list_unfinished_uploads,
    record_evidence,
    take_back_evidence,
)
from incidents.services.evidence.room import find_room_problem
from incidents.services.evidence.upload import SLICE_SIZE, abandon_upload


@serve_privately
@csrf_exempt  # `record_received_files` checks CSRF, once the upload handler is set
@require_http_methods(["GET", "HEAD", "POST"])
def serve_evidence(request: HttpRequest, reference: str) -> HttpResponse:
    """Show the evidence of the case, or receive the posted files."""
    try:
        if request.method == "POST":
            return receive_posted_files(request, reference)
        incident, visitor = find_case(request, reference, door=Door.FILES)
    except Http404:
        return render_not_found(request)
    except CaseErased:
        return render_erased(request)
    return render_evidence_page(request, incident, visitor)


def find_source(request: HttpRequest, visitor: CaseVisitor) -> str:
    """Return a digest of the sender's IP address, under which their files are counted. Return "" for a person with an
    account.
    """
    return "" if visitor.user else hash_address(request)


def receive_posted_files(request: HttpRequest, reference: str) -> HttpResponse:
    """Receive the files of a post. The case and its remaining quota are found before any byte of a file is read."""
    incident, visitor = find_case(request, reference, to=Ability.COMPLETE, door=Door.FILES)
    handler = VaultUploadHandler(
        request,
        get_writing_key(visitor=visitor, reference=incident.reference),
        compute_remaining_quota(incident),
        source=find_source(request, visitor),
    )
    request.upload_handlers = [handler]
    stored_names: set[str] = set()
    try:
        return record_received_files(
            request, incident, visitor, received_files=handler.received_files, stored_names=stored_names
        )
    finally:
        handler.remove_unrecorded_files(stored_names)


@csrf_protect
def record_received_files(
    request: HttpRequest,
    incident: Incident,
    visitor: CaseVisitor,
    *,
    received_files: ReceivedFiles,
    stored_names: set[str],
) -> HttpResponse:
    """Record the received files as evidence. Redirect to the list if all files were recorded. Otherwise show the
    refused files.

    The files are stored when this function first reads the form. The storage names of the recorded files are added to
    `stored_names`.
    """
    author = clean_evidence_author(request.POST.get("auteur", ""))
    recorded = []
    for name, file in received_files.complete:
        try:
            submission = FileSubmission(name=name, author=author, file=file)
            recorded.append(record_evidence(visitor=visitor, reference=incident.reference, submission=submission))
            stored_names.add(recorded[-1].evidence.storage_name)
        except ValidationError as refusal:
            received_files.refused.append((name, str(refusal.message)))
    if received_files.refused or not recorded:
        return render_refused_files(request, incident, visitor, received_files, recorded=recorded, author=author)
    return redirect(f"{reverse('evidence', args=[incident.reference])}?{format_result_query(recorded)}")


def clean_evidence_author(text: str) -> str:
    """Return the cleaned name of the author, shortened to the length of the field. A long name is no reason to refuse
    a file.

    The limit passed to `clean_line` is three times as long, because Unicode form C can triple the length of a text.
    """
    return clean_line(text[:LINE_LIMIT], limit=3 * LINE_LIMIT, field="auteur")[:LINE_LIMIT]


def format_result_query(recorded: list[RecordedEvidence]) -> str:
    """Return the query parameters that tell the page how many files are new and how many the case already
    contained.
    """
    new = sum(receipt.is_new for receipt in recorded)
    return f"recus={new}&deja={len(recorded) - new}"


def render_refused_files(
    request: HttpRequest, incident: Incident, visitor: CaseVisitor, received_files: ReceivedFiles, **outcome: Any
) -> HttpResponse:
    """Render the evidence of the case after a post of which files were refused. The status says if they had no
    room.
    """
    problem, refused = received_files.room_problem, received_files.refused
    status = problem.status if problem else HTTPStatus.UNPROCESSABLE_ENTITY
    if problem:
        record_refusal(SecurityEventKind.LIMIT_REACHED)
    response = render_evidence_page(request, incident, visitor, status=status, refused=refused, **outcome)
    for name, value in (problem.headers if problem else {}).items():
        response[name] = value
    return response


def render_evidence_page(
    request: HttpRequest, incident: Incident, visitor: CaseVisitor, *, status: int = 200, **outcome: Any
) -> HttpResponse:
    """Render the evidence of the case. `outcome` is the result of a post, which is added to the template context."""
    pieces = list_opened_evidence(incident)[::-1]
    may_add = speaks_for_body(visitor, incident) and not incident.erased_at
    problem = find_room_problem(find_source(request, visitor)) if may_add else None
    context = {
        "incident": incident,
        "zone": find_zone(incident.collectivity),
        "pieces": pieces,
        "file_count": count_remaining_files(pieces),
        "unfinished": list(list_unfinished_uploads(incident).order_by("id")),
        "may_add": may_add,
        "room_problem": problem.message if problem else "",
        "has_account": visitor.user is not None,
        "received": read_query_number(request, "recus"),
        "known": read_query_number(request, "deja"),
        "abandoned": read_query_number(request, "abandonne"),
        "taken_back": find_taken_back_number(pieces, read_query_number(request, "reprise")),
        "most_files": MAX_FILES,
        "most_megabytes": MAX_FILE_BYTES // 10**6,
        "most_gigabytes": MAX_BYTES // 10**9,
        "slice": SLICE_SIZE,
    }
    return render(request, "evidence/page.html", context | outcome, status=status)


def find_taken_back_number(pieces: Iterable[OpenedEvidence], number: int) -> int:
    """Return `number` if the evidence file with this number was taken back. Otherwise return 0."""
    return next(
        (
            piece.evidence.number
            for piece in pieces
            if piece.evidence.number == number and piece.evidence.taken_back_at
        ),
        0,
    )


def read_query_number(request: HttpRequest, name: str) -> int:
    """Return the number in a query parameter that our own redirection sets. Return 0 if it is missing or malformed."""
    value = request.GET.get(name, "")
    return int(value) if value.isascii() and value.isdecimal() and len(value) < 4 else 0


@serve_privately
@require_POST
def abandon_upload_view(request: HttpRequest, reference: str, uid: UUID) -> HttpResponse:
    """Abandon an upload before all of its bytes have arrived."""
    try:
        incident, visitor = find_case(request, reference, to=Ability.COMPLETE, door=Door.FILES)
    except Http404:
        return render_not_found(request)
    abandon_upload(visitor=visitor, reference=incident.reference, uid=uid)
    return redirect(f"{reverse('evidence', args=[incident.reference])}?abandonne=1")


@serve_privately
@require_http_methods(["GET", "HEAD", "POST"])
def take_back_file_view(request: HttpRequest, reference: str, uid: UUID) -> HttpResponse:
    """Take back a file that was sent by mistake. On GET, ask for confirmation, because this cannot be undone."""
    try:
        incident, visitor = find_case(request, reference, to=Ability.COMPLETE)
        if request.method == "POST":
            piece = take_back_evidence(visitor=visitor, reference=incident.reference, uid=uid)
            return redirect(f"{reverse('evidence', args=[incident.reference])}?reprise={piece.number}")
    except Http404:
        return render_not_found(request)
    except CaseErased:
        return render_erased(request)
    if not speaks_for_body(visitor, incident):
        raise PermissionDenied
    current = incident.evidence.filter(uid=uid, taken_back_at=None).first()
    if current is None or incident.erased_at:
        return render_not_found(request)
    context = {"incident": incident, "piece": current, "is_opened": current.openings.exists()}
    return render(request, "evidence/take_back.html", context)


@serve_privately
@require_safe
def show_sealed_list(request: HttpRequest, reference: str) -> HttpResponse:
    """Show a printable list of all files with their seals. The page explains how to compute the seals again."""
    try:
        incident, _visitor = find_case(request, reference, door=Door.FILES)
    except Http404:
        return render_not_found(request)
    pieces = list(incident.evidence.order_by("number"))
    context = {
        "incident": incident,
        "zone": find_zone(incident.collectivity),
        "lines": [(piece, format_instant(piece.received_at)) for piece in pieces],
        "now": timezone.now(),
        "total": sum(piece.size for piece in pieces),
        "broken": find_first_broken_seal(incident, pieces),
    }
    return render(request, "evidence/sealed_list.html", context)


render_erased = partial(render, template_name="evidence/erased.html", status=410)
