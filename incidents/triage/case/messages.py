"""The view that sends a message to the declarant, and the page with the whole thread of a case.

The page of the case shows the latest messages only.
"""

from django.contrib import messages
from django.core.exceptions import ValidationError
from django.http import HttpRequest, HttpResponse
from django.views.decorators.http import require_POST, require_safe

from accounts.signed_in import get_account
from collectivities.zones import find_zone
from incidents.access import get_incident
from incidents.enums import Ability, Door
from incidents.models import Incident
from incidents.services.correspondence.correspond import (
    ThreadChanged,
    load_thread_page,
    write_to_case_and_duplicates,
    write_to_declarant,
)
from incidents.triage.case.page import build_page_context, redirect_to_case, render_page, report_refusal
from incidents.triage.case.thread import ReplyForm, list_messages_since
from incidents.triage.notice import format_sent_confirmation


@require_safe
def show_case_thread(request: HttpRequest, reference: str) -> HttpResponse:
    """Show a page of the thread.

    `?avant=` is the uid of a message: the page shows earlier messages. `?apres=` shows later ones.
    """
    incident = get_incident(get_account(request), reference, to=Ability.READ, door=Door.MESSAGES)
    before, after = request.GET.get("avant", ""), request.GET.get("apres", "")
    thread_page = load_thread_page(incident, before=before, after=after)
    context = {"incident": incident, "thread_page": thread_page, "zone": find_zone(incident.collectivity)}
    return render_page(request, "incidents/triage/messages.html", context)


@require_POST
def send_message_view(request: HttpRequest, reference: str) -> HttpResponse:
    """Send a message to the declarant. A refused message is shown on the page of the case as it was typed."""
    form = ReplyForm(request.POST)
    incident = get_incident(get_account(request), reference, to=Ability.WORK)
    try:
        if form.is_valid():
            send = write_to_case_and_duplicates if form.cleaned_data["to_doubles"] else write_to_declarant
            letter, with_duplicates = form.make_letter(), form.cleaned_data["to_doubles"]
            send(reference=reference, actor=get_account(request), letter=letter, seen=form.read_seen_thread())
            messages.success(request, format_sent_confirmation(incident, letter, with_duplicates=with_duplicates))
            return redirect_to_case(reference)
    except ThreadChanged as moved:
        return render_changed_thread(request, incident, form, moved)
    except ValidationError as error:
        if incident.erased_at:  # the page of an erased case has no such form
            return report_refusal(request, reference, error)
        form.add_error(None, error)
    context = build_page_context(request, incident)
    context["thread"]["form"] = form
    return render_page(request, "incidents/triage/case.html", context, status=422)


def render_changed_thread(
    request: HttpRequest, incident: Incident, form: ReplyForm, moved: ThreadChanged
) -> HttpResponse:
    """Render the page of the case with the messages that came meanwhile and the colleagues who are writing.

    The reply is not sent yet. The user can edit it, or send it again.
    """
    context = build_page_context(request, incident)
    new_messages = list_messages_since(context["thread"], form.cleaned_data["seen"])
    form.update_seen_thread(moved)
    context["thread"] |= {"form": form, "moved": {"came": new_messages, "writers": moved.writers}}
    return render_page(request, "incidents/triage/case.html", context, status=409)
