"""An act on the ticked cases: the choice that precedes it, its result, and the progress of a long one."""

import secrets
from typing import Any
from uuid import UUID

from django.contrib import messages
from django.core.exceptions import ValidationError
from django.db import transaction
from django.http import Http404, HttpRequest, HttpResponse, QueryDict
from django.shortcuts import redirect
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_POST, require_safe

from accounts.models import User
from accounts.signed_in import get_account
from core.french import choose_plural
from incidents.enums import BulkAct, BulkOutcome, BulkState, Status
from incidents.models import BulkItem, BulkJob, Incident
from incidents.reference import is_reference, spaced
from incidents.services.groups.bulk import (
    AT_ONCE,
    MOST_CASES,
    TRANSFERRED,
    FormUsed,
    do_at_once,
    start_bulk,
    stop_bulk,
    tally,
)
from incidents.triage.bulk.forms import FORMS, BulkForm
from incidents.triage.case.page import render_page
from incidents.triage.wording import why_refused
from incidents.workflow import InvalidTransition

REFUSALS_SAID = 5
REFUSALS_SHOWN = 100
CASES_NAMED = 50
CODES = {
    "prendre": BulkAct.TAKE,
    "attribuer": BulkAct.ASSIGN,
    "qualifier": BulkAct.CLASSIFY,
    "clore": BulkAct.CLOSE,
    "grouper": BulkAct.GROUP,
}
WANTED = {BulkAct.TAKE: Status.ACKNOWLEDGED, BulkAct.CLOSE: Status.CLOSED}


@require_POST
def act_in_bulk(request: HttpRequest) -> HttpResponse:
    """Show what must be chosen; when the choice is sent, do the act or start a job."""
    user = get_account(request)
    if not user.work_centre_ids:
        raise Http404
    code, references = read_act(request.POST)
    cases = mine_among(user, references)
    if code not in CODES or not cases:
        return render_question(request, code, cases, None, status=422)
    act = CODES[code]
    is_sent = "confirme" in request.POST or act == BulkAct.TAKE
    form = FORMS[act](request.POST if is_sent else None, cases=cases, actor=user)
    if not is_sent:
        tell_left_out(request, len(set(references)) - len(cases))
        return render_question(request, code, cases, form)
    try:
        if form.is_valid():
            return begin(request, act, references, form)
    except FormUsed as used:
        return say_used(request, used.job)
    except ValidationError as error:
        form.add_error(None, ValidationError(error.messages))
    return render_question(request, code, cases, form, status=422)


def read_act(sent: QueryDict) -> tuple[str, list[str]]:
    """Return the code of the act and the references.

    One box may hold the references of a wave; « prendre » names the single case of a row.
    """
    if alone := sent.get("prendre", ""):
        return "prendre", [alone] if is_reference(alone) else []
    ticked = dict.fromkeys(" ".join(sent.getlist("dossier")).split())
    return sent.get("acte", ""), list(filter(is_reference, ticked))


def mine_among(user: User, references: list[str]) -> list[Incident]:
    """Return the cases of the user's centres among `references`; the others are left out."""
    mine = Incident.objects.visible_to(user).filter(
        csirt__in=user.work_centre_ids, reference__in=references[:MOST_CASES]
    )
    shown = mine.with_holder().select_related("csirt", "assignee", "collectivity__departement")
    return list(shown.order_by("is_taken", "due_at", "id"))


def render_question(
    request: HttpRequest, code: str, cases: list[Incident], form: BulkForm | None, *, status: int = 200
) -> HttpResponse:
    context = {
        "title": CODES[code].label.capitalize() if code in CODES else "Agir sur plusieurs dossiers",
        "code": code,
        "form": form,
        "cases": cases,
        "named": cases[:CASES_NAMED],
        "acts": [(each, act.label) for each, act in CODES.items()],
        "key": request.POST.get("cle", ""),
        "back": back_to(request),
        "query": request.POST.get("retour", ""),
        "read_at": request.POST.get("read_at", ""),
    }
    return render_page(request, "incidents/triage/bulk_ask.html", context, status=status)


def begin(request: HttpRequest, act: BulkAct, references: list[str], form: BulkForm) -> HttpResponse:
    """Do the act now for a few cases, by a task for more. Raises ValidationError, FormUsed."""
    key = request.POST.get("cle", "")[:64] or secrets.token_urlsafe()
    with transaction.atomic():  # no group is opened for what is refused
        job = start_bulk(
            actor=get_account(request),
            act=act,
            references=references,
            choices=form.choices(),
            key=key,
            text=form.text(),
        )
    tell_left_out(request, len(set(references)) - job.total)
    if job.total > AT_ONCE:
        return redirect("admin:incidents_incident_bulk", job.uid)
    do_at_once(job)
    tell(request, job)
    return redirect(back_to(request))


def say_used(request: HttpRequest, job: BulkJob) -> HttpResponse:
    """Show what this form did the first time, to a person who sent a kept page again with changes."""
    said = "Ce formulaire avait déjà servi : rien de plus n’a été fait. Voici ce qu’il avait demandé."
    messages.warning(request, said)
    return redirect("admin:incidents_incident_bulk", job.uid)


def back_to(request: HttpRequest) -> str:
    """Return the address of the view of the queue that the person came from. Only the query comes from the request."""
    query = request.POST.get("retour", "").lstrip("?")
    return reverse("admin:incidents_incident_changelist") + (f"?{query}" if query else "")


# What was done


def tell(request: HttpRequest, job: BulkJob) -> None:
    found = tally(job)
    if done := found[BulkOutcome.DONE]:
        messages.success(request, describe_done(job, done))
    if nothing := found[BulkOutcome.NOTHING]:
        said = choose_plural(
            "%(number)s dossier l’était déjà : rien n’a changé.",
            "%(number)s dossiers l’étaient déjà : rien n’a changé.",
            nothing,
        )
        messages.info(request, said % {"number": nothing})
    said_why = refusals(job, get_account(request))[:REFUSALS_SAID]
    for case, why in said_why:
        messages.error(request, f"{case} : {why}")
    if (more := found[BulkOutcome.REFUSED] - len(said_why)) > 0:
        said = choose_plural("Et %(number)s autre refus.", "Et %(number)s autres refus.", more)
        messages.error(request, said % {"number": more})


def tell_left_out(request: HttpRequest, number: int) -> None:
    """Warn about cases that moved to another centre after the page was opened."""
    if number:
        said = choose_plural(
            "%(number)s dossier coché n’est plus à votre centre : rien n’y a été fait.",
            "%(number)s dossiers cochés ne sont plus à votre centre : rien n’y a été fait.",
            number,
        )
        messages.warning(request, said % {"number": number})


def describe_done(job: BulkJob, number: int) -> str:
    """Return a text such as « 2 dossiers attribués à Camille. »."""
    words = {
        BulkAct.TAKE: choose_plural(
            "%(number)s dossier pris en charge.", "%(number)s dossiers pris en charge.", number
        ),
        BulkAct.ASSIGN: choose_plural(
            "%(number)s dossier attribué à %(to)s.", "%(number)s dossiers attribués à %(to)s.", number
        ),
        BulkAct.CLASSIFY: choose_plural("%(number)s dossier qualifié.", "%(number)s dossiers qualifiés.", number),
        BulkAct.CLOSE: choose_plural("%(number)s dossier clos.", "%(number)s dossiers clos.", number),
        BulkAct.GROUP: choose_plural("%(number)s dossier groupé.", "%(number)s dossiers groupés.", number),
        BulkAct.MESSAGE: choose_plural("%(number)s message envoyé.", "%(number)s messages envoyés.", number),
    }
    return words[BulkAct(job.act)] % {"number": number, "to": name_assignee(job)}


def name_assignee(job: BulkJob) -> str:
    uid = job.choices.get("assignee")
    return str(User.objects.get(uid=uid)) if uid else "personne"


def refusals(job: BulkJob, user: User) -> list[tuple[str, str]]:
    """Return (case, reason) of the first refused cases. A case that has left the centres of `user` is not named."""
    mine, refused = user.work_centre_ids, job.items.filter(outcome=BulkOutcome.REFUSED)
    with_words = refused.select_related(
        "incident__collectivity__departement", "incident__acknowledged_by", "incident__assignee"
    ).prefetch_related("incident__collectivity__region", "incident__collectivity__region_correction")
    return [
        (format_item(item), explain_item(job, item))
        if item.incident.csirt_id in mine
        else ("Un dossier", str(TRANSFERRED))
        for item in with_words.order_by("id")[:REFUSALS_SHOWN]
    ]


def format_item(item: BulkItem) -> str:
    return f"{item.incident.collectivity} ({spaced(item.incident.reference)})"


def explain_item(job: BulkJob, item: BulkItem) -> str:
    if item.why:
        return item.why
    wanted = WANTED.get(BulkAct(job.act), Status(item.incident.status))
    refused = InvalidTransition(Status(item.incident.status), wanted)
    return why_refused(item.incident, refused, timezone.now())


# How far it has come


@never_cache
@require_safe
def bulk_progress(request: HttpRequest, uid: UUID) -> HttpResponse:
    job = (
        BulkJob.objects.filter(uid=uid, csirt__in=get_account(request).work_centre_ids).select_related("actor").first()
    )
    if job is None:
        raise Http404
    found = tally(job)
    context: dict[str, Any] = {
        "title": BulkAct(job.act).label.capitalize(),
        "job": job,
        "is_running": job.state == BulkState.RUNNING,
        "acted": job.total - found[BulkOutcome.WAITING],
        "done": found[BulkOutcome.DONE],
        "nothing": found[BulkOutcome.NOTHING],
        "refused": found[BulkOutcome.REFUSED],
        "left": found[BulkOutcome.WAITING],
        "refusals": refusals(job, get_account(request)) if found[BulkOutcome.REFUSED] else [],
    }
    return render_page(request, "incidents/triage/bulk.html", context)


@require_POST
def stop(request: HttpRequest, uid: UUID) -> HttpResponse:
    job = stop_bulk(uid=uid, actor=get_account(request))
    if job.state == BulkState.STOPPED:
        messages.warning(request, "Interrompu. Ce qui est fait reste fait.")
    return redirect("admin:incidents_incident_bulk", job.uid)
