"""The pages of an act on the ticked cases: what to choose first, the results, and the progress of a long act."""

import secrets
from collections import Counter
from collections.abc import Sequence
from typing import Any
from uuid import UUID

from django.contrib import messages
from django.core.exceptions import ValidationError
from django.db import transaction
from django.http import Http404, HttpRequest, HttpResponse, QueryDict
from django.shortcuts import redirect
from django.urls import reverse
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_POST, require_safe

from accounts.access import match_centres
from accounts.enums import CentreAbility
from accounts.models import User
from accounts.signed_in import get_account
from core.french import choose_plural
from incidents.enums import BulkAct, BulkOutcome, BulkState, Nature, Status
from incidents.models import BulkItem, BulkJob, Incident
from incidents.reference import hyphenate, is_reference
from incidents.services.bulk.jobs import (
    MAX_CASES,
    MAX_CASES_IN_REQUEST,
    TRANSFERRED_REFUSAL,
    BulkFormAlreadyUsed,
    count_outcomes,
    run_job_in_request,
    start_bulk_job,
    stop_bulk_job,
)
from incidents.triage.bulk.forms import FORMS, BulkForm
from incidents.triage.case.page import render_page
from incidents.triage.wording import explain_invalid_transition
from incidents.workflow import InvalidTransition

REFUSALS_ANNOUNCED = 5
MAX_REFUSALS_SHOWN = 100
CASES_NAMED = 50
ACTS_BY_CODE = {
    "prendre": BulkAct.TAKE,
    "attribuer": BulkAct.ASSIGN,
    "qualifier": BulkAct.CLASSIFY,
    "clore": BulkAct.CLOSE,
    "grouper": BulkAct.GROUP,
}
TARGET_STATUS = {BulkAct.TAKE: Status.ACKNOWLEDGED, BulkAct.CLOSE: Status.CLOSED}


@require_POST
def act_in_bulk_view(request: HttpRequest) -> HttpResponse:
    """Ask for what the act on the ticked cases needs. Once the user has answered, carry out the act or start a job."""
    user = get_account(request)
    if not user.works_in_any_centre:
        raise Http404
    code, references = read_act_and_references(request.POST)
    cases = list_own_cases(user, references)
    if code not in ACTS_BY_CODE or not cases:
        return render_bulk_form(request, code, cases, None, status=422)
    act = ACTS_BY_CODE[code]
    is_sent = "confirme" in request.POST or act == BulkAct.TAKE
    form = FORMS[act](request.POST if is_sent else None, cases=cases, actor=user)
    if not is_sent:
        warn_about_ignored_cases(request, len(set(references)) - len(cases))
        return render_bulk_form(request, code, cases, form)
    try:
        if form.is_valid():
            return begin_act(request, act, references, form)
    except BulkFormAlreadyUsed as used:
        return redirect_to_first_submission(request, used.job)
    except ValidationError as error:
        form.add_service_errors(error)
    return render_bulk_form(request, code, cases, form, status=422)


def read_act_and_references(posted: QueryDict) -> tuple[str, list[str]]:
    """Return the code of the act and the references of the cases.

    The checkbox of a wave posts the references of all its cases. The button « prendre » of a row posts one reference.
    """
    if alone := posted.get("prendre", ""):
        return "prendre", [alone] if is_reference(alone) else []
    ticked = dict.fromkeys(" ".join(posted.getlist("dossier")).split())
    return posted.get("acte", ""), list(filter(is_reference, ticked))


def list_own_cases(user: User, references: list[str]) -> list[Incident]:
    """Return the cases among `references` that belong to the user's centres. At most MAX_CASES are read."""
    own_cases = Incident.objects.of_centres(user, CentreAbility.WORK).filter(reference__in=references[:MAX_CASES])
    with_details = own_cases.annotate_has_holder().select_related("csirt", "assignee", "collectivity__departement")
    return list(with_details.order_by("is_taken", "due_at", "id"))


def render_bulk_form(
    request: HttpRequest, code: str, cases: list[Incident], form: BulkForm | None, *, status: int = 200
) -> HttpResponse:
    """Render the page that asks for what the act needs. `form` is None if the act is unknown or no case is left."""
    context = {
        "title": ACTS_BY_CODE[code].label.capitalize() if code in ACTS_BY_CODE else "Agir sur plusieurs dossiers",
        "code": code,
        "form": form,
        "cases": cases,
        "cases_named": cases[:CASES_NAMED],
        "acts": [(code_of_act, act.label) for code_of_act, act in ACTS_BY_CODE.items()],
        "key": request.POST.get("cle", ""),
        "back": build_queue_address(request),
        "query": request.POST.get("retour", ""),
        "read_at": request.POST.get("read_at", ""),
    }
    return render_page(request, "incidents/triage/bulk_ask.html", context, status=status)


def begin_act(request: HttpRequest, act: BulkAct, references: list[str], form: BulkForm) -> HttpResponse:
    """Carry out the act at once on a few cases, or start a job for many, and redirect.

    Raises ValidationError if a choice is refused. Raises BulkFormAlreadyUsed if this form was already submitted with
    other choices.
    """
    key = request.POST.get("cle", "")[:64] or secrets.token_urlsafe()
    with transaction.atomic():  # roll back a group that was opened for a refused act
        job = start_bulk_job(
            actor=get_account(request),
            act=act,
            references=references,
            choices=form.make_job_choices(),
            key=key,
            text=form.read_text(),
        )
    warn_about_ignored_cases(request, len(set(references)) - job.total)
    is_long = job.total > MAX_CASES_IN_REQUEST
    if not is_long:
        run_job_in_request(job)
        announce_results(request, job)
    if act == BulkAct.TAKE:
        warn_about_former_assignees(request, form.cases)
    return redirect("admin:incidents_incident_bulk", job.uid) if is_long else redirect(build_queue_address(request))


def redirect_to_first_submission(request: HttpRequest, job: BulkJob) -> HttpResponse:
    """Redirect to the result of the first submission of this form, with a warning.

    The user went back to the old page, changed it and submitted it again.
    """
    warning = "Ce formulaire avait déjà servi : rien de plus n’a été fait. Voici ce qu’il avait demandé."
    messages.warning(request, warning)
    return redirect("admin:incidents_incident_bulk", job.uid)


def build_queue_address(request: HttpRequest) -> str:
    """Return the address of the queue with the filters and the order that the user saw.

    Only the query string comes from the request, so that nobody can be redirected to another site.
    """
    query = request.POST.get("retour", "").lstrip("?")
    return reverse("admin:incidents_incident_changelist") + (f"?{query}" if query else "")


# The results


def announce_results(request: HttpRequest, job: BulkJob) -> None:
    """Add messages to the next page: how many cases are done, and the first refusals with their reasons."""
    counts = count_outcomes(job)
    if done := counts[BulkOutcome.DONE]:
        messages.success(request, format_done_cases(job, done))
    if nothing := counts[BulkOutcome.NOTHING]:
        sentence = choose_plural(
            "%(number)s dossier l’était déjà : rien n’a changé.",
            "%(number)s dossiers l’étaient déjà : rien n’a changé.",
            nothing,
        )
        messages.info(request, sentence % {"number": nothing})
    explained = list_refusals(job, get_account(request))[:REFUSALS_ANNOUNCED]
    for case, why in explained:
        messages.error(request, f"{case} : {why}")
    if (more := counts[BulkOutcome.REFUSED] - len(explained)) > 0:
        sentence = choose_plural("Et %(number)s autre refus.", "Et %(number)s autres refus.", more)
        messages.error(request, sentence % {"number": more})


def warn_about_ignored_cases(request: HttpRequest, number: int) -> None:
    """Warn that `number` of the ticked cases no longer belong to the centre. For 0, do nothing."""
    if number:
        sentence = choose_plural(
            "%(number)s dossier coché n’est plus à votre centre : rien n’y a été fait.",
            "%(number)s dossiers cochés ne sont plus à votre centre : rien n’y a été fait.",
            number,
        )
        messages.warning(request, sentence % {"number": number})


def warn_about_former_assignees(request: HttpRequest, cases: Sequence[Any]) -> None:
    """Warn a user who takes cases that were assigned to colleagues, and name the colleagues.

    No mail tells these colleagues. `cases` were loaded before the act. Cases that a colleague had already taken do not
    count, because the act is refused on them.
    """
    user = get_account(request)
    holders = Counter(
        case.assignee
        for case in cases
        if case.status == Status.DECLARED and case.assignee and case.assignee != user and case.has_holder
    )
    if holders:
        parts = [f"{number} à {holder}" for holder, number in holders.items()]
        assigned = choose_plural("Était attribué", "Étaient attribués", sum(holders.values()))
        request_to_warn = choose_plural("Prévenez cette personne.", "Prévenez-les.", len(holders))
        messages.warning(request, f"{assigned}\N{NO-BREAK SPACE}: {', '.join(parts)}. {request_to_warn}")


def format_done_cases(job: BulkJob, number: int) -> str:
    """Return a text such as « 2 dossiers pris en charge. ». `number` is how many cases are done."""
    sentences = {
        BulkAct.TAKE: choose_plural(
            "%(number)s dossier pris en charge.", "%(number)s dossiers pris en charge.", number
        ),
        BulkAct.ASSIGN: format_assigned_cases(job, number),
        BulkAct.CLASSIFY: format_classified_cases(job, number),
        BulkAct.CLOSE: choose_plural("%(number)s dossier clos.", "%(number)s dossiers clos.", number),
        BulkAct.GROUP: choose_plural("%(number)s dossier groupé.", "%(number)s dossiers groupés.", number),
        BulkAct.MESSAGE: choose_plural("%(number)s message envoyé.", "%(number)s messages envoyés.", number),
    }
    return sentences[BulkAct(job.act)] % {"number": number, "to": get_assignee_name(job)}


def format_assigned_cases(job: BulkJob, number: int) -> str:
    """Return the text on cases that are now assigned to a colleague, or to nobody.

    Its placeholders are not filled in yet.
    """
    if not job.choices.get("assignee"):
        return choose_plural(
            "%(number)s dossier remis\N{NO-BREAK SPACE}: plus personne n’en est chargé.",
            "%(number)s dossiers remis\N{NO-BREAK SPACE}: plus personne n’en est chargé.",
            number,
        )
    return choose_plural("%(number)s dossier attribué à %(to)s.", "%(number)s dossiers attribués à %(to)s.", number)


def format_classified_cases(job: BulkJob, number: int) -> str:
    """Return the text on cases that were classified. Its placeholders are not filled in yet.

    If some of the cases still have no nature, the text says how many. Runs one query.
    """
    left = job.items.filter(outcome=BulkOutcome.DONE, incident__nature=Nature.UNQUALIFIED).count()
    if not left:
        return choose_plural("%(number)s dossier qualifié.", "%(number)s dossiers qualifiés.", number)
    changed = choose_plural("%(number)s dossier changé", "%(number)s dossiers changés", number)
    rest = choose_plural("%d reste à qualifier", "%d restent à qualifier", left) % left
    whose = choose_plural("sa", "leur", left)
    return f"{changed}\N{NO-BREAK SPACE}: {rest}, car {whose} nature n’est pas dite."


def get_assignee_name(job: BulkJob) -> str:
    """Return the name of the person to whom the job assigns cases, or "" for nobody."""
    uid = job.choices.get("assignee")
    return str(User.objects.get(uid=uid)) if uid else ""


def list_refusals(job: BulkJob, user: User) -> list[tuple[str, str]]:
    """Return a (case, reason) pair of texts for each of the first refused cases.

    A case that has left the centres of `user` is not named.
    """
    refused = job.items.filter(outcome=BulkOutcome.REFUSED)
    with_names = refused.select_related(
        "incident__collectivity__departement", "incident__acknowledged_by", "incident__assignee"
    ).prefetch_related("incident__collectivity__region", "incident__collectivity__region_correction")
    return [
        (format_bulk_item(item), explain_refusal(job, item))
        if user.works_in_centre(item.incident.csirt_id)
        else ("Un dossier", TRANSFERRED_REFUSAL)
        for item in with_names.order_by("id")[:MAX_REFUSALS_SHOWN]
    ]


def format_bulk_item(item: BulkItem) -> str:
    """Return the name of the body and the reference of the case."""
    return f"{item.incident.collectivity} ({hyphenate(item.incident.reference)})"


def explain_refusal(job: BulkJob, item: BulkItem) -> str:
    """Return why the act was refused on this case."""
    if item.why:
        return item.why
    target = TARGET_STATUS.get(BulkAct(job.act), Status(item.incident.status))
    refused = InvalidTransition(Status(item.incident.status), target)
    return explain_invalid_transition(item.incident, refused)


# The progress


@never_cache
@require_safe
def show_bulk_progress(request: HttpRequest, uid: UUID) -> HttpResponse:
    """Show how far a job is, and on which cases the act was refused."""
    job = (
        BulkJob.objects.filter(match_centres(get_account(request), CentreAbility.WORK), uid=uid)
        .select_related("actor")
        .first()
    )
    if job is None:
        raise Http404
    counts = count_outcomes(job)
    context: dict[str, Any] = {
        "title": BulkAct(job.act).label.capitalize(),
        "job": job,
        "is_running": job.state == BulkState.RUNNING,
        "acted": job.total - counts[BulkOutcome.WAITING],
        "done": counts[BulkOutcome.DONE],
        "nothing": counts[BulkOutcome.NOTHING],
        "refused": counts[BulkOutcome.REFUSED],
        "left": counts[BulkOutcome.WAITING],
        "refusals": list_refusals(job, get_account(request)) if counts[BulkOutcome.REFUSED] else [],
    }
    return render_page(request, "incidents/triage/bulk.html", context)


@require_POST
def stop_bulk_view(request: HttpRequest, uid: UUID) -> HttpResponse:
    """Stop a job. Cases that are already done stay as they are."""
    job = stop_bulk_job(uid=uid, actor=get_account(request))
    if job.state == BulkState.STOPPED:
        messages.warning(request, "Interrompu. Ce qui est fait reste fait.")
    return redirect("admin:incidents_incident_bulk", job.uid)
