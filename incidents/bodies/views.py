"""The page that adds a body during a declaration. If similar bodies exist, the page first asks whether the body is one
of them.
"""

from django.contrib.auth.decorators import login_not_required
from django.core.cache import cache
from django.core.exceptions import ValidationError
from django.http import HttpRequest, HttpResponse, QueryDict
from django.shortcuts import redirect, render
from django.template.loader import render_to_string
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods
from redis import RedisError

from accounts.enums import SecurityEventKind
from accounts.security.record import record_refusal
from collectivities.duplicates import LikelyDuplicate, find_likely_duplicates
from collectivities.mentions import OtherVictim
from collectivities.models import Collectivity
from core.request_counter import (
    WAIT_SECONDS,
    count_request,
    has_waited,
    hash_address,
    must_wait,
    renew_wait_proof,
)
from csirts.routing import get_centres_by_level
from incidents.bodies.forms import KINDS, NOT_SERVED, BodyForm, list_hidden_inputs
from incidents.devices import draft_cookie
from incidents.devices.inputs import BACK, BODY, TO_EXPRESS, WAIT_PROOF
from incidents.enums import Screen
from incidents.services.declaring.bodies import (
    ELSEWHERE_BY_LEGAL_FORM,
    LegalForm,
    build_proposed_body,
    find_commune,
    propose_body,
)
from incidents.services.declaring.draft import ScreenEntry, is_draft_open, start_draft
from incidents.services.declaring.limits import measure_draft_wait

# One address or account may add so many bodies within BODY_COUNT_WINDOW_SECONDS, before it must confirm the next one.
MAX_UNCONFIRMED_BODIES = 5
# After so many confirmed ones within the same period, it may add one every WAIT_SECONDS.
MAX_CONFIRMED_BODIES = 20
# It may start so many declarations by naming a body that was added before, within the same period. Further ones start
# on the first screen, which counts them too.
MAX_STARTS_WITH_BODY = 30
BODY_COUNT_WINDOW_SECONDS = 3600
DIFFERENT, CONFIRMED, CORRECT = "autre", "confirme", "corriger"


@login_not_required
@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def serve_new_body_form(request: HttpRequest) -> HttpResponse:
    """Show the form of a body that no list contains. On POST, add the body or ask whether it is one of the similar
    bodies.
    """
    if request.method != "POST":
        return render_body_form(request, BodyForm(initial=read_initial_values(request.GET)))
    form = BodyForm(request.POST)
    form.is_valid()
    if CORRECT in request.POST:
        return render_body_form(request, form)
    try:
        sketch = build_proposed_body(form.build_proposal())
    except ValidationError as error:
        form.add_service_errors(error)
        return render_body_form(request, form)
    return add_or_confirm_body(request, form, sketch)


def render_body_form_without_cookies(request: HttpRequest) -> HttpResponse | None:
    """Return the form with what was typed, for a POST that Django refused because the browser sent no cookie. Return
    None if the POST was sent to another page.
    """
    return render_unsaved_body_form(request) if request.path == reverse("declare_new_body") else None


@never_cache
def render_unsaved_body_form(request: HttpRequest) -> HttpResponse:
    """Render the form with what was typed, for a browser that lost its cookies. Nothing is saved, and the person can
    send the form again.
    """
    return render_body_form(request, BodyForm(initial=request.POST.dict()), is_lost=True)


def read_initial_values(params: QueryDict) -> dict[str, str]:
    """Return the initial values of the form, which the search page passes in the URL: the name that was typed, the
    kind of body, and the commune of its seat.
    """
    name = params.get("nom", "")[:200]
    # Somebody who searched by a postal code or a SIREN has not typed a name.
    initial = {"name": "" if "".join(name.split()).isdecimal() else name, "kind": params.get("nature", "")}
    seat = find_commune(params.get("siege", ""))
    return initial | ({"town": seat.name, "town_asked": seat.name, "seat": str(seat.uid)} if seat else {})


def add_or_confirm_body(request: HttpRequest, form: BodyForm, sketch: Collectivity) -> HttpResponse:
    """Add the body and redirect to the declaration. If the same body was already added, redirect with the existing
    one. If similar bodies exist, or if many bodies come from one IP address, render a page that asks what to do.

    `sketch` is the body as it would be saved.
    """
    duplicates = find_likely_duplicates(sketch)
    if same_body := next((duplicate.body for duplicate in duplicates if is_same_body(duplicate.body, sketch)), None):
        return redirect_to_body_choice(request, same_body)
    numbered = [duplicate for duplicate in duplicates if sketch.siren and duplicate.body.siren == sketch.siren]
    if numbered or (duplicates and DIFFERENT not in request.POST):
        return render_body_confirmation(request, form, numbered or duplicates, is_numbered=bool(numbered))
    if must_confirm_body(request):
        return render_body_confirmation(request, form, [])
    return redirect_to_body_choice(request, propose_body(proposal=form.build_proposal()))


def must_confirm_body(request: HttpRequest) -> bool:
    """Count one more body for its sender, and tell whether adding it must be confirmed. After many confirmed bodies,
    the person must wait a moment and confirm again.
    """
    if CONFIRMED not in request.POST:
        return count_request(request, "body", within_seconds=BODY_COUNT_WINDOW_SECONDS) > MAX_UNCONFIRMED_BODIES
    if has_draft_waited(request):
        return False
    return must_wait(request, "body:confirmed", most=MAX_CONFIRMED_BODIES, within_seconds=BODY_COUNT_WINDOW_SECONDS)


def has_draft_waited(request: HttpRequest) -> bool:
    """Tell whether the draft of this device has waited to add a body. Each draft adds one so, whatever others add who
    share its IP address, and drafts have a quota of their own.
    """
    subject = find_waiting_subject(request)
    if not subject or not has_waited(request.POST.get(WAIT_PROOF, ""), subject):
        return False
    try:
        return cache.add(f"waited:{subject}", 1, timeout=draft_cookie.DRAFT_LIFETIME_SECONDS)
    except RedisError:
        return False  # and `must_wait` lets everybody pass


def find_waiting_subject(request: HttpRequest) -> str:
    """Return the subject of the proof that this device waits to add a body: its draft, or "" without an open draft."""
    opened = draft_cookie.find_draft_handle(request)
    return f"body:{opened.uid}" if opened and is_draft_open(opened.uid) else ""


def is_same_body(body: Collectivity, sketch: Collectivity) -> bool:
    """Tell whether `body` has the kind, name, SIREN and seat of `sketch`. A double click, or another person, may
    already have added the body.
    """
    return all(getattr(body, name) == getattr(sketch, name) for name in ("kind", "name", "siren", "seat"))


def render_body_form(request: HttpRequest, form: BodyForm, *, is_lost: bool = False) -> HttpResponse:
    """Render the form. The status is 403 if the browser lost its cookies (`is_lost`), 422 if the form has errors, or
    else 200.
    """
    kind = form.get_value("kind") if form.errors else ""
    context = {
        "form": form,
        "kinds": KINDS,
        "not_served": NOT_SERVED,
        "legal_forms": LegalForm.choices,
        "elsewhere": ELSEWHERE_BY_LEGAL_FORM.get(form.get_value("legal_form"), kind if kind in OtherVictim else ""),
        "helpers": get_centres_by_level(timezone.localdate()),
        "is_lost": is_lost,
    }
    status = 403 if is_lost else 422 if form.errors else 200
    return render(request, "bodies/new.html", context | build_return_context(request), status=status)


def build_return_context(request: HttpRequest) -> dict[str, str]:
    """Return the template context for the way back. `choose` is the URL name of the page on which a body is chosen.
    `back` is TO_EXPRESS if the person came from the express page, and "" otherwise.
    """
    is_express = (request.POST or request.GET).get(BACK) == TO_EXPRESS
    return {"back": TO_EXPRESS, "choose": "declare_express"} if is_express else {"back": "", "choose": "declare_who"}


def render_body_confirmation(
    request: HttpRequest, form: BodyForm, duplicates: list[LikelyDuplicate], *, is_numbered: bool = False
) -> HttpResponse:
    """Render the page that asks whether the body is one of `duplicates`. Without duplicates, it asks whether to add
    the body, because many bodies were added from this IP address.

    If `is_numbered`, the duplicates have the typed SIREN, and the button leads back to the form.
    """
    is_waiting = not duplicates and CONFIRMED in request.POST
    context = {
        "duplicates": duplicates,
        "is_numbered": is_numbered,
        "hidden_inputs": [*repeat_answers(form), *(repeat_wait_proof(request) if is_waiting else ())],
        "yes": CORRECT if is_numbered else DIFFERENT if duplicates else CONFIRMED,
        "is_different": DIFFERENT in request.POST,
        "is_waiting": is_waiting,
    }
    if is_waiting:
        record_refusal(SecurityEventKind.LIMIT_REACHED)
    status, headers = (429, {"Retry-After": str(WAIT_SECONDS)}) if is_waiting else (200, {})
    content = render_to_string("bodies/again.html", context | build_return_context(request), request)
    return HttpResponse(content, status=status, headers=headers)


def repeat_answers(form: BodyForm) -> list[tuple[str, str]]:
    """Return the hidden inputs with what was typed."""
    chosen = {"seat": form.chosen_commune.uid, "town_asked": form.get_value("town")} if form.chosen_commune else {}
    return list_hidden_inputs({name: form.get_value(name) for name in form.fields if form.get_value(name)} | chosen)


def repeat_wait_proof(request: HttpRequest) -> list[tuple[str, str]]:
    """Return the hidden input that proves since when the open draft of this device waits. Return [] without one."""
    subject = find_waiting_subject(request)
    return [(WAIT_PROOF, renew_wait_proof(request.POST.get(WAIT_PROOF, ""), subject))] if subject else []


def starts_too_many_drafts(request: HttpRequest) -> bool:
    """Count the start of a draft with a body, and tell whether its IP address has started too many."""
    started = count_request(request, "body:begin", within_seconds=BODY_COUNT_WINDOW_SECONDS)
    return started > MAX_STARTS_WITH_BODY or measure_draft_wait(hash_address(request), timezone.now()) > 0


def redirect_to_body_choice(request: HttpRequest, body: Collectivity) -> HttpResponse:
    """Redirect to the page on which a body is chosen, and offer `body` there. If the person did not come from the
    express page and has no open draft, start a draft, or redirect to the first screen if many were started so.
    """
    choose = build_return_context(request)["choose"]
    response = redirect(reverse(choose, query={BODY: body.uid}))
    opened = draft_cookie.find_draft_handle(request)
    if choose == "declare_who" and (not opened or not is_draft_open(opened.uid)):
        if starts_too_many_drafts(request):
            return redirect(reverse("declare_type", query={BODY: body.uid}))
        entry = ScreenEntry(screen=Screen.WHO, values={BODY: [str(body.uid)]}, collectivity=body)
        draft_cookie.remember_draft(response, start_draft(entry=entry, source=hash_address(request)).uid)
    return response
