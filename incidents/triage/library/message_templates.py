"""The pages of a centre's ready-made messages: responders read them, and the lead writes them."""

from http import HTTPStatus
from typing import Any, NamedTuple
from uuid import UUID

from django import forms
from django.contrib import messages
from django.core.exceptions import ValidationError
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.views.decorators.http import require_http_methods, require_safe

from accounts.access import get_led_centre, list_centres
from accounts.enums import CentreAbility
from accounts.signed_in import get_account
from core.stale import Stale
from csirts.models import Csirt
from incidents.catalogues.message_templates import (
    NATIONAL_TEMPLATES,
    PLACEHOLDERS,
    OfferedTemplate,
    list_national_templates,
)
from incidents.enums import TYPE_TERMS
from incidents.models import MessageTemplate
from incidents.services.library.templates import (
    TITLE_LIMIT,
    Wording,
    get_template,
    withdraw_template,
    write_template,
)
from incidents.triage.case.page import render_page

LIST_URL_NAME = "admin:incidents_incident_message_templates"
WITHDRAW = "retirer"


class MessageTemplateForm(forms.Form):
    """The form of a ready-made message. The service checks lengths and placeholders, and reports errors by field."""

    title = forms.CharField(label="Titre", widget=forms.TextInput(attrs={"maxlength": TITLE_LIMIT}))
    text = forms.CharField(label="Message", strip=False, widget=forms.Textarea(attrs={"rows": 16}))
    types = forms.MultipleChoiceField(
        label="Proposé pour",
        choices=list(TYPE_TERMS.items()),
        required=False,
        widget=forms.CheckboxSelectMultiple,
    )
    seen = forms.IntegerField(required=False, min_value=0, max_value=2**31 - 1, widget=forms.HiddenInput)

    def make_wording(self) -> Wording:
        """Return the title, the text and the types that were typed. The form must be valid."""
        cleaned = self.cleaned_data
        return Wording(title=cleaned["title"], text=cleaned["text"], types=cleaned["types"])


class CentreTemplates(NamedTuple):
    """The ready-made messages of a centre (`own`), and the national ones that it may use (`national`).

    `is_led` tells whether the user leads the centre.
    """

    csirt: Csirt
    own: list[MessageTemplate]
    national: list[OfferedTemplate]
    is_led: bool


@require_safe
def show_message_templates(request: HttpRequest) -> HttpResponse:
    """Show the ready-made messages of each centre for which the user works."""
    user = get_account(request)
    csirts = list(list_centres(user, CentreAbility.WORK))
    if not csirts:
        raise Http404
    live = (
        MessageTemplate.objects.filter(csirt__in=csirts, withdrawn_at=None).select_related("author").order_by("title")
    )
    rows = [
        make_centre_templates(csirt, [template for template in live if template.csirt_id == csirt.pk])
        for csirt in csirts
    ]
    context = {
        "title": "Messages types",
        "rows": [row._replace(is_led=user.leads_centre(row.csirt.pk)) for row in rows],
        "placeholders": PLACEHOLDERS,
    }
    return render_page(request, "incidents/triage/message_templates.html", context)


def make_centre_templates(csirt: Csirt, own: list[MessageTemplate]) -> CentreTemplates:
    """Return the ready-made messages of a centre, and the national messages that the centre has not replaced.

    The caller must set `is_led`.
    """
    titles = {message.title for message in own}
    return CentreTemplates(csirt, own, list_national_templates(titles), is_led=False)


@require_http_methods(["GET", "HEAD", "POST"])
def serve_new_message_template(request: HttpRequest, slug: str) -> HttpResponse:
    """Show or submit the form for a new message. It starts empty, or from the national message in `?modele=`."""
    csirt = get_led_centre(get_account(request), slug)
    if request.method == "POST":
        return submit_template(request, csirt, MessageTemplateForm(request.POST))
    start = next((message for message in NATIONAL_TEMPLATES if message.code == request.GET.get("modele", "")), None)
    initial = {"title": start.title, "text": start.text, "types": list(start.types)} if start else {}
    return render_template_form(request, csirt, MessageTemplateForm(initial=initial))


@require_http_methods(["GET", "HEAD", "POST"])
def serve_message_template(request: HttpRequest, slug: str, uid: UUID) -> HttpResponse:
    """Show the form of a ready-made message of a centre. On POST, save or withdraw the message."""
    csirt = get_led_centre(get_account(request), slug)
    row = get_template(csirt, uid)
    if row.withdrawn_at:
        return offer_as_new_template(request, csirt)
    if request.method != "POST":
        initial = {"title": row.title, "text": row.text, "types": row.types, "seen": row.version}
        return render_template_form(request, csirt, MessageTemplateForm(initial=initial), row=row)
    form = MessageTemplateForm(request.POST)
    if WITHDRAW in request.POST:
        return submit_withdrawal(request, csirt, form, row)
    return submit_template(request, csirt, form, row=row)


def offer_as_new_template(request: HttpRequest, csirt: Csirt) -> HttpResponse:
    """Show the typed text again as a new ready-made message, because a colleague has withdrawn the old one.

    Raises Http404 for a GET or a withdrawal.
    """
    if request.method != "POST" or WITHDRAW in request.POST:
        raise Http404
    warning = "Quelqu’un a retiré ce message pendant que vous écriviez. Enregistré de nouveau, le vôtre est un autre."
    messages.warning(request, warning)
    return render_template_form(request, csirt, MessageTemplateForm(request.POST), status=HTTPStatus.CONFLICT)


def submit_template(
    request: HttpRequest, csirt: Csirt, form: MessageTemplateForm, *, row: MessageTemplate | None = None
) -> HttpResponse:
    """Save the ready-made message and redirect to the list.

    The form comes back with all that was typed if it has mistakes, or if somebody else changed the message meanwhile.
    """
    try:
        if form.is_valid():
            write_template(
                csirt_slug=csirt.slug,
                actor=get_account(request),
                wording=form.make_wording(),
                uid=row.uid if row else None,
                seen=form.cleaned_data["seen"] or 0,
            )
            messages.success(request, "Message enregistré. Il est proposé dans les dossiers.")
            return redirect(LIST_URL_NAME)
    except ValidationError as error:
        form.add_error(None, error)
    except Stale:
        return render_template_conflict(request, csirt, row)
    return render_template_form(request, csirt, form, row=row, status=HTTPStatus.UNPROCESSABLE_ENTITY)


def submit_withdrawal(
    request: HttpRequest, csirt: Csirt, form: MessageTemplateForm, row: MessageTemplate
) -> HttpResponse:
    """Withdraw the ready-made message and redirect to the list.

    If somebody else changed it meanwhile, show the form again, with the newer text below it.
    """
    try:
        version_seen = form.cleaned_data.get("seen") if form.is_valid() else None
        withdraw_template(csirt_slug=csirt.slug, actor=get_account(request), uid=row.uid, seen=version_seen or 0)
    except Stale:
        return render_template_conflict(request, csirt, row)
    messages.success(request, "Message retiré. Ce qui a été envoyé avec lui reste.")
    return redirect(LIST_URL_NAME)


def render_template_conflict(request: HttpRequest, csirt: Csirt, row: MessageTemplate | None) -> HttpResponse:
    """Show the newer text below what this person typed.

    Submitting the form again replaces the newer text.
    """
    data = request.POST.copy()
    data["seen"] = str(row.version if row else 0)
    warning = (
        "Quelqu’un a changé ce message pendant que vous écriviez. Lisez-le ci-dessous, puis enregistrez le vôtre."
    )
    messages.warning(request, warning)
    context: dict[str, Any] = {"newer": row}
    return render_template_form(
        request, csirt, MessageTemplateForm(data), row=row, status=HTTPStatus.CONFLICT, **context
    )


def render_template_form(
    request: HttpRequest,
    csirt: Csirt,
    form: MessageTemplateForm,
    *,
    row: MessageTemplate | None = None,
    status: int = 200,
    **more: Any,
) -> HttpResponse:
    context = {
        "title": row.title if row else "Nouveau message type",
        "form": form,
        "csirt": csirt,
        "row": row,
        "placeholders": PLACEHOLDERS,
    }
    return render_page(request, "incidents/triage/message_template.html", context | more, status=status)
