"""The journey. Two screens that only read and pass their answers on in the address; the third one stores."""

import re
import secrets

from django.contrib.auth.decorators import login_not_required
from django.core.exceptions import ValidationError
from django.http import HttpRequest, HttpResponse, QueryDict
from django.shortcuts import render
from django.utils import timezone
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_safe

from accounts.models import User
from collectivities.models import Collectivity
from collectivities.search import SearchProblem, find_collectivities
from incidents.declaration import Submission
from incidents.declare.brake import CONFIRMED, must_confirm
from incidents.declare.choices import GROUPS, UNKNOWN, type_named
from incidents.declare.forms import Details
from incidents.declare.steps import Step, body_named, without_controls
from incidents.enums import IncidentType, Origin
from incidents.models import Incident
from incidents.services.declare import Declared, SubmissionConflict, declare_incident
from incidents.services.follow_up import secret_of

KEY = "cle"
SHORTEST_KEY = 32
SOUND_KEY = re.compile(r"[A-Za-z0-9_-]+")  # as token_urlsafe makes them: neither a NUL, nor a key of the API
NOT_KEPT = {"csrfmiddlewaretoken", KEY, CONFIRMED, "site_web"}
LEDGER_LINES = range(18)
CHOOSE = gettext_lazy("Choisissez ce qui ressemble le plus, ou « Je ne sais pas ».")


@login_not_required
@require_safe
def declare_type(request: HttpRequest) -> HttpResponse:
    return ask_type(request)


@login_not_required
@never_cache
@require_safe
def declare_who(request: HttpRequest) -> HttpResponse:
    chosen = type_named(request.GET.get("quoi", ""))
    if chosen is None:
        return ask_type(request, problem=CHOOSE)
    return ask_who(request, chosen)


@login_not_required
@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def declare_details(request: HttpRequest) -> HttpResponse:
    chosen = type_named(request.GET.get("quoi", ""))
    if chosen is None:
        return ask_type(request, problem=CHOOSE)
    collectivity = body_named(request.GET.get("collectivite", ""))
    if collectivity is None:
        return ask_who(request, chosen, problem=_("Nous n’avons pas retrouvé cette collectivité. Cherchez-la ici."))
    step = Step(chosen, collectivity)
    with timezone.override(step.clock):
        return take(request, step) if request.method == "POST" else ask_details(request, step, Details())


def ask_type(request: HttpRequest, *, problem: str | Promise = "") -> HttpResponse:
    context = {
        "unknown": UNKNOWN,
        "groups": GROUPS,
        "chosen": request.GET.get("quoi", ""),
        "collectivity": body_named(request.GET.get("collectivite", "")),
        "problem": problem,
    }
    return render(request, "declare/type.html", context, status=400 if problem else 200)


def ask_who(request: HttpRequest, chosen: IncidentType, *, problem: str = "") -> HttpResponse:
    query = request.GET.get("q", "").strip()
    status = 400 if problem else 200
    found: list[Collectivity] = []
    try:
        found = find_collectivities(query) if query else []
    except SearchProblem as error:
        problem, status = str(error), 422
    context = {
        "type": chosen,
        "query": query,
        "found": found,
        "mine": [] if query else bodies_of(request),
        "current": body_named(request.GET.get("collectivite", "")),
        "problem": problem,
    }
    return render(request, "declare/who.html", context, status=status)


def bodies_of(request: HttpRequest) -> list[Collectivity]:
    """Those of an agent who is logged in: offered before any search."""
    if not isinstance(request.user, User):
        return []
    return list(Collectivity.objects.with_territory().filter(pk__in=request.user.collectivity_ids()))


def ask_details(request: HttpRequest, step: Step, details: Details) -> HttpResponse:
    key = details.data.get(KEY, "") if details.data is not None else ""
    context = {
        "step": step,
        "form": details,
        "forms": details.all,
        "is_mine": step.is_of(request.user),
        "key": sound_key(key),
        "now": timezone.now(),
    }
    return render(request, "declare/details.html", context, status=422 if details.errors else 200)


def take(request: HttpRequest, step: Step) -> HttpResponse:
    """What was posted becomes a case, or comes back with everything typed and what to mend."""
    data = without_controls(request.POST)
    details = Details(data)
    if not details.is_valid():
        return ask_details(request, step, details)
    if must_confirm(request, data):
        return ask_again(request, step, data, "declare/confirm.html", status=200)
    try:
        declared = declare(request, step, details)
    except ValidationError as error:
        details.refuse(error)
        return ask_details(request, step, details)
    except SubmissionConflict as conflict:
        return ask_again(request, step, data, "declare/conflict.html", status=409, first=conflict.incident)
    return answer(request, step, declared)


def declare(request: HttpRequest, step: Step, details: Details) -> Declared:
    member = step.is_of(request.user)
    return declare_incident(
        declaration=details.declaration(step.collectivity, step.type, step.clock),
        submission=Submission(
            key=sound_key(request.POST.get(KEY, "")), origin=Origin.ACCOUNT if member else Origin.WEB
        ),
        actor=request.user if member and isinstance(request.user, User) else None,
    )


def sound_key(key: str) -> str:
    """The form's own key. One that somebody could guess would give a case away: it is replaced."""
    return (
        key if SHORTEST_KEY <= len(key) <= 2 * SHORTEST_KEY and SOUND_KEY.fullmatch(key) else secrets.token_urlsafe(32)
    )


def ask_again(
    request: HttpRequest, step: Step, data: QueryDict, template: str, *, status: int, first: Incident | None = None
) -> HttpResponse:
    """One button, and everything that was typed goes with it. After a conflict, as another declaration."""
    kept = [(name, value) for name, values in data.lists() if name not in NOT_KEPT for value in values]
    context = {
        "step": step,
        "kept": kept,
        "confirmed": CONFIRMED,
        "first": first,
        "key": sound_key("" if first else data.get(KEY, "")),
    }
    return render(request, template, context, status=status)


def answer(request: HttpRequest, step: Step, declared: Declared) -> HttpResponse:
    """Rendered at once, with no redirect and no cookie to lose; sending the page again shows it again."""
    access = declared.access
    context = {
        "step": step,
        "route": declared.route or step.route,
        "incident": declared.incident,
        "secret": "" if access.revoked_at else secret_of(access),
        "ledger": LEDGER_LINES,
    }
    response = render(request, "declare/answer.html", context)
    response.headers["Cache-Control"] = "no-store"
    return response
