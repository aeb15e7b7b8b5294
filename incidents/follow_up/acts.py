"""Actions on the page of a case: write, share, withdraw, claim. Each action is a POST that calls one service."""

from django.core.exceptions import PermissionDenied, ValidationError
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from accounts.models import User
from collectivities.zones import find_zone
from core.text import clean_line
from incidents.access import CaseVisitor, speaks_for_body
from incidents.devices import case_cookie
from incidents.devices.signature import read_signature, remember_signature
from incidents.devices.visits import find_case, render_not_found, serve_privately
from incidents.enums import Ability, Status
from incidents.facts.description import LINE_LIMIT
from incidents.follow_up.forms import LetterForm, WithdrawForm
from incidents.follow_up.page import build_sentence_facts, find_new_route, render_case_page
from incidents.progress import build_case_progress
from incidents.reference import compact_code
from incidents.sentence import list_sentences
from incidents.services.correspondence.correspond import list_latest_messages, write_to_csirt
from incidents.services.declarant.claim import claim_incident
from incidents.services.declarant.share import find_shared_case, revoke_sentence_link, share_sentence
from incidents.services.declarant.withdraw import withdraw_incident
from incidents.services.handling.assign import find_current_assignee


@serve_privately
@require_POST
def send_declarant_message(request: HttpRequest, reference: str) -> HttpResponse:
    """Send a message from the declarant to the centre, or show the refused form again."""
    try:
        incident, visitor = find_case(request, reference, to=Ability.MESSAGE)
    except Http404:
        return render_not_found(request, typed_text=request.POST.get("text", ""))
    form = LetterForm(request.POST)
    try:
        if not form.is_valid():
            return render_case_page(request, incident, visitor, form=form)
        write_to_csirt(reference=incident.reference, visitor=visitor, letter=form.build_letter())
    except ValidationError as error:
        form.add_error(None, error)
        return render_case_page(request, incident, visitor, form=form)
    return remember_author(redirect_to_follow_up(incident.reference, "#echanges"), form, visitor)


@serve_privately
@require_POST
def share_case_sentence(request: HttpRequest, reference: str) -> HttpResponse:
    """Create the secret link to the sentence on where the case stands."""
    try:
        incident, visitor = find_case(request, reference, to=Ability.COMPLETE)
    except Http404:
        return render_not_found(request)
    try:
        share_sentence(reference=incident.reference, visitor=visitor)
    except ValidationError as error:
        return render_refused_act(request, incident.reference, "Cette phrase ne se partage pas", error)
    return redirect_to_follow_up(incident.reference, "#phrase")


@serve_privately
@require_POST
def revoke_shared_sentence(request: HttpRequest, reference: str) -> HttpResponse:
    """Revoke the secret link to the sentence on where the case stands."""
    try:
        incident, visitor = find_case(request, reference, to=Ability.COMPLETE)
    except Http404:
        return render_not_found(request)
    revoke_sentence_link(reference=incident.reference, visitor=visitor)
    return redirect_to_follow_up(incident.reference, "#phrase")


@serve_privately
@require_safe
def show_shared_sentence(request: HttpRequest, secret: str) -> HttpResponse:
    """Show the present sentence about the case to anybody who has the link. The page shows nothing else of the
    case.
    """
    incident = find_shared_case(secret)
    if incident is None:
        response = render(request, "follow_up/no_sentence.html", status=404)
    else:
        progress = build_case_progress(
            incident, thread=list_latest_messages(incident), has_holder=find_current_assignee(incident) is not None
        )
        interruptions = list(incident.interruptions.order_by("id"))
        facts = build_sentence_facts(incident, progress, interruptions, find_new_route(incident))
        context = {
            "sentences": list_sentences(facts),
            "received_at": incident.received_at,
            "now": timezone.now(),
            "zone": find_zone(incident.collectivity),
        }
        response = render(request, "follow_up/shared.html", context)
    response.headers["Referrer-Policy"] = "no-referrer"
    return response


@serve_privately
@require_http_methods(["GET", "HEAD", "POST"])
def withdraw_declaration(request: HttpRequest, reference: str) -> HttpResponse:
    """Ask for confirmation. On POST, withdraw the declaration. If it is verified or has duplicates, the centre is
    asked to close the case instead.
    """
    try:
        incident, visitor = find_case(request, reference, to=Ability.WITHDRAW)
    except Http404:
        return render_not_found(request, typed_text=request.POST.get("text", ""))
    if not speaks_for_body(visitor, incident):
        raise PermissionDenied
    if incident.status == Status.CLOSED:
        return redirect_to_follow_up(incident.reference)
    data = request.POST if request.method == "POST" else None
    form = WithdrawForm(data, initial={"author": read_signature(request, visitor)})
    if form.is_valid():
        try:
            withdraw_incident(reference=incident.reference, visitor=visitor, letter=form.build_letter())
        except ValidationError as error:
            form.add_error(None, error)
        else:
            return remember_author(redirect_to_follow_up(incident.reference), form, visitor)
    context = {"incident": incident, "form": form, "signer": visitor.user}
    return render(request, "follow_up/withdraw.html", context, status=422 if form.errors else 200)


@serve_privately
@require_POST
def claim_declaration(request: HttpRequest, reference: str) -> HttpResponse:
    """Attach the case to the account of a member of its body who also has the secret link."""
    uid = case_cookie.get_access_uid(request, compact_code(reference))
    if uid is None or not isinstance(request.user, User):
        return render_not_found(request)
    try:
        claim_incident(reference=compact_code(reference), access_uid=uid, actor=request.user)
    except Http404:
        return render_not_found(request)
    except ValidationError as error:
        return render_refused_act(request, compact_code(reference), "Cette déclaration ne se rattache plus", error)
    return redirect_to_follow_up(compact_code(reference))


def render_refused_act(request: HttpRequest, reference: str, title: str, error: ValidationError) -> HttpResponse:
    """Show why an action without a form was refused, with a link to the case."""
    context = {"reference": reference, "title": title, "why": error.message}
    return render(request, "follow_up/refused.html", context, status=422)


def remember_author(response: HttpResponse, form: LetterForm, visitor: CaseVisitor) -> HttpResponse:
    """Remember the typed name on this device. Do nothing for a person with an account, whose name is that of the
    account.
    """
    if not visitor.user:
        remember_signature(response, clean_line(form.cleaned_data["author"], limit=LINE_LIMIT, field="author"))
    return response


def redirect_to_follow_up(reference: str, fragment: str = "") -> HttpResponse:
    return redirect(reverse("follow_up", args=[reference]) + fragment)
