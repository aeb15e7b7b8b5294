"""Sending of a declaration, exactly once, and the confirmation page, which can be reloaded without sending again."""

from dataclasses import replace

from django.contrib.auth.decorators import login_not_required
from django.core.exceptions import ValidationError
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from accounts.models import User
from collectivities.telephones import find_phone_problem
from core.request_counter import hash_address
from core.text import are_same_answers
from csirts.routing import Route
from incidents.declare.bot_limits import list_repeated_inputs, must_confirm_sending, render_confirmation_request
from incidents.declare.forms import DeclarationForms
from incidents.declare.journey import Journey, drop_control_characters, find_journey
from incidents.declare.recap import list_answer_lines
from incidents.declare.redirects import redirect_to_route
from incidents.declare.rendering import TO_CORRECT
from incidents.declare.screens import INPUTS_BY_SCREEN, ROUTES
from incidents.devices import case_cookie
from incidents.devices.draft_cookie import PEN
from incidents.devices.inputs import BODY
from incidents.devices.signature import remember_signature
from incidents.enums import Origin, Screen, Status
from incidents.models import DraftPage, FollowUpAccess, Incident
from incidents.queries import list_sheets, list_useful_sections
from incidents.services.declarant.access import derive_secret
from incidents.services.declaring.declare import DeclarationResult
from incidents.services.declaring.draft import ScreenEntry, send_draft
from incidents.services.duplicates.call_backs import awaits_call
from incidents.services.history.declared import find_leak_judgement, read_declared_data
from incidents.services.history.snapshots import find_leak_row
from incidents.services.papers.duties import list_timed_duties
from incidents.sharing import may_others_read_mailbox

# What the confirmation page repeats beside the answers of its screen: the body that the QR code names, the pressed
# button and the summary that was seen.
REPEATED_INPUTS = (BODY, "vers", "passer", TO_CORRECT, "seen")
# What it repeats too, so that its post counts as coming from the same opened screen.
OPENED_SCREEN_INPUTS = (PEN, "trait")
EMPTY_LOG_LINES = range(18)
RETURNING = "deja"  # the query parameter of the confirmation page for a person who came to declare again


def send_declaration_if_valid(request: HttpRequest, journey: Journey, entry: ScreenEntry) -> HttpResponse | None:
    """Save the last screen and send the whole declaration, in one transaction. Return None if an answer must be
    corrected or the sending must be confirmed.

    Raises the errors of `send_draft`, except ValidationError. The function returns None instead of raising it.
    """
    full_journey = journey.with_answers(entry.screen, entry.values)
    details = full_journey.build_checked_forms(now=timezone.now())
    post = drop_control_characters(request.POST)
    if full_journey.find_screen_with_error(details) or must_confirm_sending(request, post, journey.draft.uid):
        return None
    try:
        return send_declaration(request, full_journey, details, entry)
    except ValidationError:
        return None


def send_declaration(
    request: HttpRequest, journey: Journey, details: DeclarationForms, entry: ScreenEntry
) -> HttpResponse:
    """Send the valid declaration and redirect to the confirmation page. Raises the errors of `send_draft`."""
    member = find_declaring_member(journey, request)
    declared = send_draft(
        uid=journey.draft.uid,
        entry=entry,
        declaration=journey.build_declaration(details),
        origin=Origin.ACCOUNT if member else Origin.WEB,
        actor=member,
        source=hash_address(request),
    )
    # The declarant is the person to call back, unless they gave another name.
    signature = entry.author or declared.incident.story.contact_name
    return redirect_to_confirmation(request, declared, signature="" if member else signature)


def find_declaring_member(journey: Journey, request: HttpRequest) -> User | None:
    """Return the signed-in user if they are a member of the body that declares, or None."""
    return request.user if journey.is_declaring_member(request.user) and isinstance(request.user, User) else None


def redirect_to_confirmation(request: HttpRequest, declared: DeclarationResult, *, signature: str) -> HttpResponse:
    """Redirect to the confirmation page, and give this device access to the new case."""
    response = redirect_to_route("declare_sent")
    if declared.access:
        case_cookie.remember_case(request, response, declared.incident.reference, declared.access.uid)
    if signature:
        remember_signature(response, signature)
    return response


def ask_for_confirmation(request: HttpRequest, screen: Screen, journey: Journey | None = None) -> HttpResponse:
    """Render a page with one button, which posts the same values again to confirm them. Hidden inputs repeat them.

    If `journey` is given, they also repeat the pen and the stroke of the opened screen.
    """
    answers = sorted(INPUTS_BY_SCREEN[screen])
    names = dict.fromkeys([*answers, *REPEATED_INPUTS, *(OPENED_SCREEN_INPUTS if journey else ())])
    hidden_inputs = list_repeated_inputs(request, names)
    return render_confirmation_request(request, journey=journey, route=ROUTES[screen], hidden_inputs=hidden_inputs)


def answer_repeated_post(request: HttpRequest, journey: Journey, entry: ScreenEntry) -> HttpResponse:
    """Answer a post whose declaration was already sent. Redirect to the confirmation page if the posted values are
    those that were sent, as after a double click. Otherwise show the new values, so that they are not lost.
    """
    before = journey.pages.get(entry.screen)
    if before is None or are_same_answers(before.values, entry.values) or journey.incident is None:
        return redirect_to_route("declare_sent")
    written = list_answer_lines(DraftPage(screen=entry.screen, values=entry.values), journey)
    context = {"step": journey, "first": journey.incident, "written": written}
    return render(request, "declare/conflict.html", context, status=409)


@login_not_required
@never_cache
@require_safe
def show_confirmation_page(request: HttpRequest) -> HttpResponse:
    """Show the confirmation page on the device that wrote the declaration. Reloading the page sends nothing."""
    journey = find_journey(request)
    if journey is None:
        return redirect_to_route("declare_type")
    if journey.incident is None:
        return redirect_to_route(ROUTES[journey.next_screen])
    if journey.incident.status == Status.CLOSED:
        return redirect_from_closed_case(request, journey.incident)
    with timezone.override(journey.zone_info):
        return render_confirmation(request, journey, journey.incident)


def redirect_from_closed_case(request: HttpRequest, incident: Incident) -> HttpResponse:
    """Redirect to the page of the closed case, or to a new declaration if this device has no access to the case. The
    confirmation page would promise help that is over.
    """
    if case_cookie.get_access_uid(request, incident.reference) is None:
        return redirect_to_route("declare_type")
    return redirect("follow_up", incident.reference)


def render_confirmation(request: HttpRequest, journey: Journey, incident: Incident) -> HttpResponse:
    """Render the confirmation page. A device that lost its access to the case sees neither the telephone number nor
    the duties, because somebody may have corrected the case since.
    """
    access = incident.accesses.filter(revoked_at=None, expires_at__gt=timezone.now()).first()
    secret, route = get_first_secret(access), get_case_route(journey, incident)
    data = read_declared_data(incident)
    judgement = find_leak_judgement(incident, data, find_leak_row(incident))
    is_linked = access is not None and case_cookie.get_access_uid(request, incident.reference) == access.uid
    # A device whose access was closed may not read what was corrected since.
    may_read = bool(secret) or is_linked
    context = {
        "step": journey,
        "route": route,
        "incident": incident,
        "awaits_call": awaits_call(incident),
        "is_called": may_promise_call(incident, route),
        "may_others_read": may_others_read_mailbox(incident),
        "secret": secret,
        "useful": list_useful_sections(incident, list_sheets(incident)) if secret else [],
        "duties": list_timed_duties(incident, journey.zone, data, judgement, at=timezone.now()) if may_read else [],
        "has_link": is_linked,
        "may_read": may_read,
        "number": find_call_back_number(incident) if may_read else "",
        "ledger": EMPTY_LOG_LINES,
        "is_back": RETURNING in request.GET,
    }
    return render(request, "declare/answer.html", context)


def may_promise_call(incident: Incident, route: Route | None) -> bool:
    """Tell whether the confirmation page may promise a call. The declarant must be waiting for a call, and the centre
    must receive mails.
    """
    return bool(route and route.csirt and route.csirt.notification_email and awaits_call(incident))


def find_call_back_number(incident: Incident) -> str:
    """Return the telephone number that the declarant gave, or "" if it cannot be called."""
    phone = incident.story.contact_phone
    return "" if find_phone_problem(phone, incident.collectivity) else phone


def get_first_secret(access: FollowUpAccess | None) -> str:
    """Return the secret that was created with the declaration. Return "" if it was renewed or has expired."""
    is_first = access is not None and access.created_at == access.incident.received_at
    return derive_secret(access) if access and is_first else ""


def get_case_route(journey: Journey, incident: Incident) -> Route | None:
    """Return today's route, with the centre and the reason that are stored in the case. The directory may have changed
    since the declaration.
    """
    route = journey.route
    if route is None or route.csirt == incident.csirt:
        return route
    return replace(route, csirt=incident.csirt, reason=incident.route_reason)
