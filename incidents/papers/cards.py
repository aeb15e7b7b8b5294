"""The wall card of a body, with the telephone numbers for an emergency, as a public page and as a PDF. A request makes
the card of one body. A background task makes the cards of all communes of a département.
"""

from uuid import UUID

from django.contrib.auth.decorators import login_not_required
from django.db.models import QuerySet
from django.http import Http404, HttpRequest, HttpResponse, StreamingHttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_safe

from accounts.access import is_member
from accounts.enums import SecurityEventKind
from accounts.models import EmergencyContact, User
from accounts.security.record import record_refusal
from accounts.services.bodies import list_contacts
from collectivities.models import Collectivity, Departement
from collectivities.search import SearchProblem, check_query_not_empty, find_collectivities, find_existing_body
from core.request_counter import hash_address
from core.typeset import typeset
from incidents.enums import PaperState
from incidents.models import Paper
from incidents.papers.serving import build_pdf_download, serve_paper
from incidents.services.declaring.limits import exceeds_card_limit
from incidents.services.papers.cards import TEMPLATES, build_body_card, list_communes
from incidents.services.papers.making import list_card_papers, needs_new_cards, request_wall_cards

MAX_CHOICES = 12


@login_not_required
@require_safe
def show_wall_card_search(request: HttpRequest) -> HttpResponse:
    """Show the page on which a person searches for the body whose wall card they want."""
    query = request.GET.get("q", "").strip()
    problem, matches = "", []
    try:
        if "q" in request.GET:
            check_query_not_empty(query)
        matches = find_collectivities(query, limit=MAX_CHOICES) if query else []
    except SearchProblem as error:
        problem = str(error)
    context = {"query": query, "problem": problem, "bodies": matches, "departements": Departement.objects.all()}
    return render(request, "papers/cards.html", context, status=422 if problem else 200)


@login_not_required
@never_cache
@require_safe
def show_wall_card(request: HttpRequest, body_uid: UUID) -> HttpResponse:
    """Show the wall card of a body. Only members of the body see its emergency contacts."""
    body = get_existing_body(body_uid)
    contacts = list_body_contacts(request, body)
    card = build_body_card(body, on=timezone.localdate(), contacts=contacts)
    context = {
        "body": body,
        "card": card,
        "is_member": is_member_request(request, body),
        "has_contacts": bool(contacts),
    }
    return render(request, "papers/card.html", context)


@login_not_required
@never_cache
@require_safe
def download_wall_card(request: HttpRequest, body_uid: UUID) -> StreamingHttpResponse:
    """Return the wall card as a PDF of one page. The request itself makes the PDF, in some 30 ms."""
    body = get_existing_body(body_uid)
    card = build_body_card(body, on=timezone.localdate(), contacts=list_body_contacts(request, body))
    pdf = typeset(TEMPLATES / "cards.typ", {"title": card["body"], "cards": [card]})
    return build_pdf_download(iter([pdf]), "fiche-de-secours.pdf", len(pdf))


def list_body_contacts(request: HttpRequest, body: Collectivity) -> list[EmergencyContact]:
    """Return the emergency contacts if a member of the body sent the request, or else none. A card without contacts
    has empty lines to fill in by hand.
    """
    return list_contacts(body) if is_member_request(request, body) else []


def is_member_request(request: HttpRequest, body: Collectivity) -> bool:
    """Tell whether a signed-in member of the body sent the request."""
    return isinstance(request.user, User) and is_member(request.user, body)


def get_existing_body(uid: UUID) -> Collectivity:
    """Return the body, or the body that absorbed it. Raises Http404 if no such body exists, or if the body is
    unconfirmed. Anybody may have chosen the name of an unconfirmed body.
    """
    bodies = Collectivity.objects.with_territory().select_related("seat")
    body = get_object_or_404(bodies, uid=uid)
    if body.is_unconfirmed:
        raise Http404
    existing = find_existing_body(body)
    if existing is None:
        raise Http404
    return existing


@login_not_required
@require_http_methods(["GET", "HEAD", "POST"])
def serve_departement_cards(request: HttpRequest, number: str) -> HttpResponse:
    """Show the page of the wall cards of all communes of a département. On POST, request new cards. The status is 429
    if too many cards were requested from this IP address.
    """
    departement = get_object_or_404(Departement, code=number)
    papers = list_card_papers(departement)
    newest = papers.first()
    is_asked = request.method == "POST" and needs_new_cards(newest)
    is_refused = is_asked and exceeds_card_limit(hash_address(request), timezone.now())
    if is_refused:
        record_refusal(SecurityEventKind.LIMIT_REACHED)
    if request.method == "POST" and not is_refused:
        request_wall_cards(departement=departement)
        return redirect("departement_cards", departement.code)
    context = {
        "is_refused": is_refused,
        "departement": departement,
        "communes": list_communes(departement).count(),
        "paper": newest,
        "newest_paper": find_made_paper(papers),
        "may_be_asked": needs_new_cards(newest),
    }
    return render(request, "papers/departement.html", context, status=429 if is_refused else 200)


@login_not_required
@require_safe
def download_departement_cards(request: HttpRequest, number: str) -> StreamingHttpResponse:
    """Return the newest PDF of the wall cards of a département. Raises Http404 if there is none."""
    departement = get_object_or_404(Departement, code=number)
    return serve_paper(find_made_paper(list_card_papers(departement)), f"fiches-de-secours-{departement.code}.pdf")


def find_made_paper(papers: QuerySet[Paper]) -> Paper | None:
    """Return the first document of `papers` whose PDF was made, or None."""
    return papers.filter(state=PaperState.MADE).first()
