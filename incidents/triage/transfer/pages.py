"""The pages on which a centre proposes a case to another centre, and on which that centre answers."""

from http import HTTPStatus
from typing import Any
from uuid import UUID

from django.contrib import messages
from django.core.exceptions import ValidationError
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils import timezone
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from accounts.access import list_centres, match_centres
from accounts.enums import CentreAbility
from accounts.signed_in import get_account
from collectivities.zones import find_zone
from core.stale import Stale
from csirts.wording import format_centre_with_au
from incidents.access import get_incident, get_proposed_transfer, list_abilities
from incidents.enums import Ability, CaseFormCode, TransferState
from incidents.models import Incident, Transfer
from incidents.services.transfer.proposal import (
    accept_transfer,
    create_proposal,
    find_merge_refusal,
    find_newest_transfer,
    lacks_agreement,
    refuse_transfer,
    withdraw_transfer,
)
from incidents.sharing import TLP_MEANINGS, ReaderKind, needs_agreement
from incidents.triage import wording
from incidents.triage.case.page import redirect_to_case, render_page, report_refusal
from incidents.triage.notice import format_notice
from incidents.triage.paging import filter_after
from incidents.triage.transfer.agreement import CONSENT_FIELDS, reset_changed_agreement
from incidents.triage.transfer.block import (
    DeclineForm,
    ProposalForm,
    explain_offer_refusal,
    format_offer_title,
    summarise_case,
)
from incidents.triage.transfer.rerouted_cases import SHOWN_AMONG_TRANSFERS, list_rerouted_cases
from incidents.triage.work.unsent_page_text import restore_page_text
from incidents.triage.work.unsent_text import describe_new_page
from incidents.workflow import InvalidTransition

PER_PAGE = 50
AFTER = "apres"


# The pages of the centre that has the case


@require_http_methods(["GET", "HEAD", "POST"])
def propose_transfer_view(request: HttpRequest, reference: str) -> HttpResponse:
    """Show the form that proposes a case on GET, and submit it on POST.

    A form that is refused is shown again as it was typed.
    """
    incident = get_incident(get_account(request), reference, to=Ability.TRANSFER)
    if request.method != "POST":
        return open_proposal_page(request, incident)
    form = ProposalForm(request.POST, incident=incident)
    try:
        if form.is_valid():
            transfer = create_proposal(reference=reference, actor=get_account(request), **form.make_arguments())
            confirmation = "Dossier proposé %(to_centre)s. Il reste le vôtre jusqu’à sa réponse."
            messages.success(request, confirmation % {"to_centre": format_centre_with_au(transfer.taker.name)})
            return redirect_to_case(reference)
    except Stale as stale:
        form = rebase_proposal_form(request, incident, stale.current)
        return render_proposal_page(request, incident, form, stale=stale.current, status=409)
    except InvalidTransition as problem:
        return report_refusal(
            request, reference, ValidationError(wording.explain_invalid_transition(incident, problem))
        )
    except ValidationError as error:
        form = ProposalForm(reset_changed_agreement(request.POST, incident), incident=incident)
        form.add_error(None, error)
    return render_proposal_page(request, incident, form, status=422)


def open_proposal_page(request: HttpRequest, incident: Incident) -> HttpResponse:
    """Show the form that proposes a case.

    Redirect to the case instead if it is merged, because its proposal would be refused.
    """
    if problem := find_merge_refusal(incident):
        messages.error(request, problem)
        return redirect_to_case(incident.reference)
    newest = find_newest_transfer(incident)
    form = ProposalForm(incident=incident, initial={"seen": newest.uid if newest else "", "label": incident.tlp})
    words = restore_page_text(
        form, incident, get_account(request), CaseFormCode.TRANSFER, except_fields=CONSENT_FIELDS
    )
    return render_proposal_page(request, incident, form, is_restored=bool(words))


def render_proposal_page(
    request: HttpRequest, incident: Incident, form: ProposalForm, *, status: int = 200, **more: Any
) -> HttpResponse:
    context = {
        "incident": incident,
        "form": form,
        "zone": find_zone(incident.collectivity),
        "page": describe_new_page(),
        "tlp_means": TLP_MEANINGS[incident.tlp],
        "needs_agreement": needs_agreement(incident.tlp, ReaderKind.COLLEAGUE),
        "notice": format_notice(incident, "Le déclarant est prévenu."),
    }
    return render_page(request, "incidents/triage/transfer.html", context | more, status=status)


def rebase_proposal_form(request: HttpRequest, incident: Incident, newest: Transfer | None) -> ProposalForm:
    """Return the form as it was typed, but with `newest` as the transfer that its page showed.

    Submitting it again then causes no conflict.
    """
    data = reset_changed_agreement(request.POST, incident).copy()
    data["seen"] = str(newest.uid) if newest else ""
    return ProposalForm(data, incident=incident)


@require_POST
def withdraw_transfer_view(request: HttpRequest, reference: str) -> HttpResponse:
    """Withdraw the proposal that the other centre has not answered yet, and redirect to the case."""
    try:
        withdraw_transfer(reference=reference, actor=get_account(request))
        messages.success(request, "Proposition retirée. Le dossier reste le vôtre.")
    except Stale:
        messages.error(request, "L’autre centre a déjà répondu, ou rien ne lui était proposé.")
    return redirect_to_case(reference)


# The pages of the centre to which the case is proposed


@require_safe
def show_transfers(request: HttpRequest) -> HttpResponse:
    """Show the cases that are offered to the user's centres, proposed by them, or given away by them.

    Raises Http404 for a user who may read the cases of no centre.
    """
    user = get_account(request)
    if not user.reads_any_centre:
        raise Http404
    as_giver = match_centres(user, CentreAbility.READ, "giver")
    as_taker = match_centres(user, CentreAbility.READ, "taker")
    transfers = Transfer.objects.select_related("giver", "taker", "incident__collectivity__departement")
    waiting = transfers.filter(state=TransferState.ASKED).order_by("asked_at", "id")
    accepted = transfers.filter(as_giver, state=TransferState.ACCEPTED).order_by("-answered_at", "-id")
    transfers_away = list(filter_after(accepted, request.GET.get(AFTER, ""), "answered_at", "id")[: PER_PAGE + 1])
    context = {
        "title": "Transferts",
        "offers": [(transfer, format_offer_title(transfer)) for transfer in waiting.filter(as_taker)[:PER_PAGE]],
        "proposed": list(waiting.filter(as_giver)[:PER_PAGE]),
        "transfers_away": transfers_away[:PER_PAGE],
        "next": transfers_away[PER_PAGE - 1].uid if len(transfers_away) > PER_PAGE else "",
        "rerouted": list_rerouted_cases(
            user, list_centres(user, CentreAbility.READ), timezone.now(), within=SHOWN_AMONG_TRANSFERS
        ),
    }
    return render_page(request, "incidents/triage/transfers.html", context)


@require_safe
def show_offer(request: HttpRequest, uid: UUID) -> HttpResponse:
    """Show an offer: a case that another centre proposes to a centre of the user."""
    return render_offer_page(request, get_proposed_transfer(get_account(request), uid), DeclineForm())


@require_POST
def accept_offer_view(request: HttpRequest, uid: UUID) -> HttpResponse:
    """Accept an offered case and redirect to it.

    If the case cannot be accepted any more, show the page of the offer, which says why.
    """
    try:
        transfer = accept_transfer(uid=uid, actor=get_account(request))
    except (Stale, InvalidTransition, ValidationError):  # the page explains the refusal from the present state
        return render_offer_page(
            request, get_proposed_transfer(get_account(request), uid), DeclineForm(), status=HTTPStatus.CONFLICT
        )
    notice = format_notice(transfer.incident)
    messages.success(request, f"Le dossier est à votre centre, et vous l’avez pris en charge. {notice}")
    return redirect_to_case(transfer.incident.reference)


@require_POST
def decline_offer_view(request: HttpRequest, uid: UUID) -> HttpResponse:
    """Decline an offered case and redirect to the list of transfers.

    If no reason is given or the offer is no longer open, show the page again as it was typed.
    """
    form = DeclineForm(request.POST)
    try:
        if form.is_valid():
            transfer = refuse_transfer(uid=uid, actor=get_account(request), **form.cleaned_data)
            messages.success(request, format_decline_confirmation(transfer))
            return redirect("admin:incidents_incident_transfers")
    except Stale:
        return render_offer_page(
            request, get_proposed_transfer(get_account(request), uid), form, status=HTTPStatus.CONFLICT
        )
    except ValidationError as error:
        form.add_error(None, error)
    return render_offer_page(
        request, get_proposed_transfer(get_account(request), uid), form, status=HTTPStatus.UNPROCESSABLE_ENTITY
    )


def format_decline_confirmation(transfer: Transfer) -> str:
    """Return the confirmation of a declined offer.

    If the other centre gets no mail, the confirmation asks the user to telephone it.
    """
    giver = format_centre_with_au(transfer.giver.name)
    if transfer.giver.notification_email:
        return f"Dossier laissé {giver}, qui est prévenu."
    return f"Dossier laissé {giver}, qui ne reçoit pas nos mails : téléphonez-lui."


def may_explain_refusal(transfer: Transfer) -> bool:
    """Tell whether the page of an offer may say why the case cannot be accepted.

    The page may say why while the offer waits, or if the closing of the case ended the offer. What happens to the case
    later does not concern the other centre.
    """
    is_ended_by_closing = transfer.answered_at is not None and transfer.answered_at == transfer.incident.closed_at
    return transfer.state == TransferState.ASKED or is_ended_by_closing


def render_offer_page(
    request: HttpRequest, transfer: Transfer, form: DeclineForm, *, status: int = 200
) -> HttpResponse:
    """Return the page of an offer.

    While the offer waits, the page shows what is needed to decide. Afterwards it shows only the outcome, and nothing
    of the case.
    """
    incident = transfer.incident
    context = {
        "transfer": transfer,
        "form": form,
        "works": get_account(request).works_in_centre(transfer.taker_id),
        "zone": find_zone(incident.collectivity),
        "is_mine": bool(list_abilities(get_account(request), incident)),
        "why_not": explain_offer_refusal(transfer) if may_explain_refusal(transfer) else "",
        "forbids_leaving": lacks_agreement(transfer),
    }
    if transfer.state == TransferState.ASKED:
        context["summary"] = summarise_case(incident)
    return render_page(request, "incidents/triage/offer.html", context, status=status)
