"""The page on which a message to all declarants of a group is written, previewed and sent.

Each declarant reads it in the thread of their own case.
"""

import secrets
from http import HTTPStatus
from uuid import UUID

from django import forms
from django.contrib import messages
from django.core.exceptions import ValidationError
from django.http import HttpRequest, HttpResponse
from django.views.decorators.http import require_http_methods

from accounts.signed_in import get_account
from core.fields import FreeTextField
from core.french import choose_plural
from core.stale import Stale
from incidents.catalogues.message_templates import PLACEHOLDERS
from incidents.models import BulkJob, CaseGroup
from incidents.services.bulk.jobs import MAX_CASES, BulkFormAlreadyUsed
from incidents.services.groups.group import get_group
from incidents.services.groups.group_acts import (
    DoubtfulNames,
    GroupLetter,
    clean_group_letter,
    list_recipient_cases,
    make_preview_stamp,
    preview_first_letter,
    write_to_group,
)
from incidents.services.groups.letters import list_group_letters
from incidents.services.handling.unsent_text import list_replies_under_way
from incidents.triage.case.page import render_page
from incidents.triage.groups.pages import copy_posted_data, redirect_to_group
from incidents.triage.notice import format_group_notice

TEMPLATE = "incidents/triage/group_message.html"
SEND = "envoyer"


class GroupLetterForm(forms.Form):
    """The form of a message to all declarants of a group. The service checks the text."""

    text = FreeTextField(label="Votre message", widget=forms.Textarea(attrs={"rows": 10}))
    asks_answer = forms.BooleanField(label="J’attends une réponse de chacun", required=False)
    with_closed = forms.BooleanField(label="Écrire aussi aux dossiers clos", required=False)
    # Words that may be part of a name, and that the author has confirmed as common words.
    common = FreeTextField()
    key = forms.CharField(max_length=100, initial=secrets.token_urlsafe, required=False, widget=forms.HiddenInput)

    # The hash of the previewed message. Only the page of a preview has the button that sends.
    seen = forms.CharField(max_length=64, required=False, widget=forms.HiddenInput)

    # The words for which the message was refused, since they may be part of a name.
    doubtful = ""

    def make_letter(self) -> GroupLetter:
        """Return the message. The form must be valid."""
        cleaned = {name: value for name, value in self.cleaned_data.items() if name != "seen"}
        return GroupLetter(**cleaned | {"key": cleaned["key"] or secrets.token_urlsafe()})


@require_http_methods(["GET", "HEAD", "POST"])
def write_group_message_view(request: HttpRequest, uid: UUID) -> HttpResponse:
    """Show the form on GET. On POST, show a preview with the number of readers, or send the message.

    Only the page of a preview has the button « Envoyer ».
    """
    group = get_group(get_account(request), uid)
    if request.method != "POST":
        return render_letter_form(request, group, GroupLetterForm())
    form = GroupLetterForm(request.POST)
    try:
        if form.is_valid():
            return preview_or_send(request, group, form)
    except BulkFormAlreadyUsed as used:
        return render_letter_form(request, group, renew_letter_form(request), sent_job=used.job, status=409)
    except DoubtfulNames as error:
        form.add_error(None, error)
        form.doubtful = error.words
    except ValidationError as error:
        form.add_error(None, error)
    return render_letter_form(request, group, form, status=422)


def preview_or_send(request: HttpRequest, group: CaseGroup, form: GroupLetterForm) -> HttpResponse:
    """Send the message if its author has seen the preview of exactly this message. Otherwise show the preview.

    Raises ValidationError, DoubtfulNames and BulkFormAlreadyUsed like `write_to_group`.
    """
    letter, seen = form.make_letter(), form.cleaned_data["seen"]
    is_stale = False
    if SEND in request.POST and seen:
        try:
            return send_letter(request, group, letter, seen)
        except Stale:
            is_stale = True
    checked = clean_group_letter(letter, group, get_account(request))
    form = GroupLetterForm(copy_posted_data(request, seen=make_preview_stamp(checked, group, get_account(request))))
    status = HTTPStatus.CONFLICT if is_stale else HTTPStatus.OK
    return render_letter_form(request, group, form, preview=checked, status=status)


def renew_letter_form(request: HttpRequest) -> GroupLetterForm:
    """Return the form with the text as it was typed and with a new key.

    Another message was already sent with the old key.
    """
    return GroupLetterForm(copy_posted_data(request, key=secrets.token_urlsafe()))


def send_letter(request: HttpRequest, group: CaseGroup, letter: GroupLetter, seen: str) -> HttpResponse:
    """Start the job that sends the message. Raises Stale if the preview would differ now.

    `seen` is the stamp of the preview that the author saw.
    """
    job = write_to_group(group=group.uid, letter=letter, actor=get_account(request), seen=seen)
    sentence = choose_plural(
        "Votre message part, à un déclarant.",
        "Votre message part, à %(count)s déclarants, l’un après l’autre.",
        job.total,
    )
    addresses = job.items.values_list("incident__story__contact_email", flat=True)
    confirmation = sentence % {"count": job.total}
    messages.success(request, f"{confirmation} {format_group_notice(list(addresses))}")
    return redirect_to_group(group)


def render_letter_form(
    request: HttpRequest,
    group: CaseGroup,
    form: GroupLetterForm,
    *,
    preview: GroupLetter | None = None,
    sent_job: BulkJob | None = None,
    status: int = 200,
) -> HttpResponse:
    """Render the form. `sent_job` is the job of another message that was already sent with this form."""
    addresses = list_reader_addresses(group, preview)
    context = {
        "group": group,
        "form": form,
        "preview": preview,
        "readers": len(addresses),
        "notice": format_group_notice(addresses) if addresses else "",
        "is_all_mailed": all(addresses),
        "send": SEND,
    }
    context |= {"placeholders": PLACEHOLDERS, "doubtful": form.doubtful or form["common"].value()}
    context |= {"before": sent_job, "letters": list_group_letters(group)}
    context["is_stale"] = bool(preview) and status == HTTPStatus.CONFLICT
    if preview:
        first_letter = preview_first_letter(group, preview, get_account(request)) or (None, preview.text)
        context["first"], context["as_read"] = first_letter
        cases = list_recipient_cases(group, with_closed=preview.with_closed)
        context["replies"] = list_replies_under_way(cases, group.csirt, get_account(request))
    return render_page(request, TEMPLATE, context, status=status)


def list_reader_addresses(group: CaseGroup, letter: GroupLetter | None) -> list[str]:
    """Return the mail address of each declarant who would get the message, or "" for a declarant without one.

    At most MAX_CASES addresses are returned. Without a message, the list is empty.
    """
    if letter is None:
        return []
    cases = list_recipient_cases(group, with_closed=letter.with_closed)
    return list(cases.values_list("story__contact_email", flat=True)[:MAX_CASES])
