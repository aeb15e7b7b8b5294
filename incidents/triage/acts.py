"""The functions behind the buttons of a case. Each calls one service and returns a sentence that the next page shows.

If a button comes with a choice, the access to the case is checked before the choice. A person without access thus
learns nothing from the error messages.
"""

from collections.abc import Callable
from uuid import UUID

from django.contrib import messages
from django.core.exceptions import ValidationError
from django.http import HttpRequest, JsonResponse
from django.urls import reverse
from django.utils.html import format_html

from accounts.models import User
from accounts.signed_in import get_account
from incidents.access import check_ability
from incidents.enums import Ability, ClosingReason, UnconfirmingReason
from incidents.services.declaring.bodies import confirm_body, merge_body, unconfirm_body
from incidents.services.duplicates.merge import unmerge_incident
from incidents.services.groups.group import add_to_group, remove_from_group
from incidents.services.handling.acknowledge import acknowledge_incident
from incidents.services.handling.close import SERVICE_QUESTION, close_incident
from incidents.services.handling.erase import erase_personal_data
from incidents.services.handling.tasks import apply_playbook
from incidents.services.handling.unfinished import NotFinished
from incidents.triage.notice import format_closing_notice, format_notice
from incidents.triage.wording import explain_invalid_transition
from incidents.workflow import InvalidTransition


def acknowledge_case(reference: str, actor: User, request: HttpRequest) -> str:
    """Take the case for the actor. Return a sentence that says so."""
    incident = acknowledge_incident(reference=reference, actor=actor)
    return f"Vous avez pris ce dossier en charge. {format_notice(incident, 'Le déclarant le voit.')}"


def confirm_body_exists(reference: str, actor: User, request: HttpRequest) -> str:
    """Confirm that the body of the case exists. Return a sentence that says so."""
    confirm_body(reference=reference, actor=actor)
    return "Collectivité confirmée : elle est désormais dans la recherche de tous."


def withdraw_body_confirmation(reference: str, actor: User, request: HttpRequest) -> str:
    """Withdraw the confirmation of the body of the case. Return a sentence that says so.

    Raises ValidationError if no known reason is chosen.
    """
    check_ability(actor, reference, to=Ability.CONFIRM_BODY)
    reason = request.POST.get("raison", "")
    if reason not in UnconfirmingReason.values:
        raise ValidationError("Choisissez pourquoi la confirmation est retirée.")
    unconfirm_body(reference=reference, reason=UnconfirmingReason(reason), actor=actor)
    return "Confirmation retirée. Ses dossiers sont de nouveau non vérifiés."


def merge_unconfirmed_body(reference: str, actor: User, request: HttpRequest) -> str:
    """Merge the unconfirmed body of the case into the chosen body. Return a sentence that says so.

    Raises ValidationError if no body is chosen.
    """
    check_ability(actor, reference, to=Ability.CONFIRM_BODY)
    try:
        into = UUID(request.POST.get("collectivite", ""))
    except ValueError as error:
        raise ValidationError("Choisissez à quelle collectivité la rattacher.") from error
    body = merge_body(reference=reference, into=into, actor=actor).collectivity
    return f"Dossier rattaché {body.name_with_a}{body.place}. Le centre qui répond reste le même."


def close_case(reference: str, actor: User, request: HttpRequest) -> str:
    """Close the case without a report. Return a sentence that says so.

    Raises ValidationError if no known reason is chosen. Raises NotFinished if another service takes over the case,
    because only the page of the report asks which service it is.
    """
    check_ability(actor, reference, to=Ability.CLOSE)
    reason = request.POST.get("raison", "")
    if reason not in ClosingReason.values:
        raise ValidationError("Choisissez pourquoi le dossier est clos.")
    if reason == ClosingReason.HANDED_OVER:
        raise NotFinished(SERVICE_QUESTION)
    seen = request.POST.get("vu")
    incident = close_incident(reference=reference, reason=ClosingReason(reason), actor=actor, seen=seen)
    return f"Dossier clos : {ClosingReason(reason).label}. {format_closing_notice(incident, actor)}"


def erase_case(reference: str, actor: User, request: HttpRequest) -> str:
    """Erase all texts of the case and revoke its links. Return a sentence that says so."""
    erase_personal_data(reference=reference, actor=actor)
    return "Le récit et les coordonnées sont effacés, et le lien de suivi fermé. L’historique reste."


def add_playbook_steps(reference: str, actor: User, request: HttpRequest) -> str:
    """Add the missing steps of the playbook to the case as tasks. Return a sentence that says how many."""
    added = apply_playbook(reference=reference, actor=actor)
    if not added:
        return "Toutes les étapes du guide sont déjà dans le dossier."
    return f"Étapes du guide ajoutées : {added}."


def unmerge_case(reference: str, actor: User, request: HttpRequest) -> str:
    """Undo the merge of this duplicate into its main case. Return a sentence that says so."""
    incident = unmerge_incident(reference=reference, actor=actor)
    return f"Ce dossier n’est plus un double. Il est de nouveau : {incident.get_status_display()}."


def add_case_to_group(reference: str, actor: User, request: HttpRequest) -> str:
    """Add the case to the chosen group. Return a sentence that says so.

    Raises ValidationError if no group is chosen.
    """
    check_ability(actor, reference, to=Ability.LINK)
    try:
        uid = UUID(request.POST.get("groupe", ""))
    except ValueError as error:
        raise ValidationError("Choisissez un groupe.") from error
    incident = add_to_group(reference=reference, group=uid, actor=actor)
    return f"Dossier mis dans le groupe « {incident.group} »."


def remove_case_from_group(reference: str, actor: User, request: HttpRequest) -> str:
    """Remove the case from its group. Return a sentence that says so."""
    remove_from_group(reference=reference, actor=actor)
    return "Dossier sorti du groupe."


ACTS: dict[str, Callable[[str, User, HttpRequest], str]] = {
    "prendre": acknowledge_case,
    "clore": close_case,
    "confirmer": confirm_body_exists,
    "retirer-confirmation": withdraw_body_confirmation,
    "rattacher": merge_unconfirmed_body,
    "effacer": erase_case,
    "guide": add_playbook_steps,
    "defusionner": unmerge_case,
    "grouper": add_case_to_group,
    "degrouper": remove_case_from_group,
}
# The acts that ask for a proof of identity first, because nobody can undo them.
POWERFUL_ACTS = frozenset({"effacer"})


def carry_out_act(request: HttpRequest, reference: str, act: str) -> None:
    """Carry out the act with the code `act`.

    A message on the next page says what was done, or why the act was refused. Raises Http404 or PermissionDenied if
    the user may not act on the case.
    """
    try:
        messages.success(request, ACTS[act](reference, get_account(request), request))
    except InvalidTransition as refused:
        incident = check_ability(get_account(request), reference, to=Ability.VIEW)
        messages.error(request, explain_invalid_transition(incident, refused))
    except NotFinished as error:
        messages.error(request, format_refusal_with_closing_link(str(error.message), reference))
    except ValidationError as error:
        messages.error(request, " ".join(error.messages))


def format_refusal_with_closing_link(why: str, reference: str) -> str:
    """Return the reason of a refusal as HTML, followed by a link to the page that closes the case."""
    page = reverse("admin:incidents_incident_closing", args=[reference])
    return format_html('{} <a href="{}">{}</a>', why, page, "Dire ce qui manque, et clore")


def is_sent_by_queue_script(request: HttpRequest) -> bool:
    """Tell whether a script of the queue sent this request. The script needs only the messages."""
    return request.headers.get("Accept") == "application/json"


def make_messages_response(request: HttpRequest) -> JsonResponse:
    """Return as JSON the messages that the next page would show. A script of the queue announces them."""
    announced = list(messages.get_messages(request))
    is_done = all(message.level < messages.ERROR for message in announced)
    return JsonResponse({"messages": [str(message) for message in announced], "is_done": is_done})
