"""Completion of a case, with the secret link or with an account of the body. Each section has a form.

If two people write at the same time, the second writer sees what the first wrote, and their own text stays in the
form.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import wraps
from typing import Any
from urllib.parse import urlencode
from zoneinfo import ZoneInfo

from django import forms
from django.core.exceptions import ValidationError
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from collectivities.zones import find_zone
from core.fields import FreeTextField
from core.stale import Stale
from core.text import clean_line
from incidents.access import CaseVisitor
from incidents.devices.signature import read_signature, remember_signature
from incidents.devices.visits import find_case, render_not_found, serve_privately
from incidents.enums import Ability, PublicService
from incidents.facts.description import LINE_LIMIT
from incidents.follow_up.complete_facts import EDITORS, Editor
from incidents.follow_up.complete_questions import make_questions_editor
from incidents.models import Incident
from incidents.queries import DisplayedSheet, UsefulSection, group_sheets_by_section, list_sheets, list_useful_sections
from incidents.services.declarant.complete import CannotComplete, SectionEdit, find_completion_refusal
from incidents.services.declarant.correct import end_interruption

# The query parameter of a section that is opened as one of the five screens after an express declaration.
IN_SEQUENCE = "suite"
# The query parameter of the list of sections after the last of the five screens.
AT_END = "fin"
CONTROL_INPUTS = {"csrfmiddlewaretoken", "seen", "version", "row", "key"}


class SignatureForm(forms.Form):
    """The form that asks once for the writer's name. The name is then remembered on this device."""

    author = FreeTextField(label="Votre prénom ou votre fonction (facultatif)")

    def clean_author(self) -> str:
        try:
            return clean_line(self.cleaned_data["author"], limit=LINE_LIMIT, field="author")
        except ValidationError as error:  # the form, not the error, gives the field
            raise ValidationError(error.messages) from None


def require_completable_case(view: Callable[..., HttpResponse]) -> Callable[..., HttpResponse]:
    """Decorate a view so that it receives the case and its visitor instead of `reference`.

    A person who may not complete the case gets a page with help and with what they typed.
    """

    @serve_privately
    @wraps(view)
    def guarded(request: HttpRequest, reference: str, **kwargs: str) -> HttpResponse:
        try:
            incident, visitor = find_case(request, reference, to=Ability.COMPLETE)
        except Http404:
            return render_not_found(request, typed_text=read_typed_text(request))
        return view(request, incident, visitor, **kwargs)

    return guarded


def read_typed_text(request: HttpRequest) -> str:
    """Return all that was typed in the posted form, one value on each line. If the link has stopped working, the
    person can copy this text.
    """
    values = (value for name, values in request.POST.lists() if name not in CONTROL_INPUTS for value in values)
    return "\n".join(value for value in values if value.strip())


@require_completable_case
@require_safe
def show_completion_sections(request: HttpRequest, incident: Incident, visitor: CaseVisitor) -> HttpResponse:
    """Show the list of sections in which the body can complete its case."""
    useful, case = list_useful_sections(incident, list_sheets(incident)), build_completion_context(incident)
    context = {
        **case,
        "questions": list_question_sections(useful, is_frozen=bool(case["why_not"])),
        "facts": [section for section in useful if section.is_facts_section],
        "resuming": [
            interruption for interruption in incident.interruptions.order_by("id") if interruption.ended_at is None
        ],
        "resumed": find_resumed_label(incident, request.GET.get("repris", "")),
        "is_over": AT_END in request.GET,
        "done": next((section for section in useful if section.code == request.GET.get("fait")), None),
    }
    return render(request, "follow_up/complete/list.html", context)


def list_question_sections(useful: list[UsefulSection], *, is_frozen: bool) -> list[UsefulSection]:
    """Return the sections that contain questions. If the answers are frozen, sections without any answer are left
    out.
    """
    return [section for section in useful if not section.is_facts_section and not (is_frozen and section.is_open)]


def find_resumed_label(incident: Incident, service: str) -> str:
    """Return the label of this public service if an interruption of it has ended, or ""."""
    ended = incident.interruptions.filter(service=service).exclude(ended_at=None) if service else None
    return PublicService(service).label if ended is not None and ended.exists() else ""


@require_completable_case
@require_http_methods(["GET", "HEAD", "POST"])
def serve_completion_section(
    request: HttpRequest, incident: Incident, visitor: CaseVisitor, *, section: str
) -> HttpResponse:
    """Show the forms of one section, or save what was posted."""
    if request.method != "POST" and find_completion_refusal(incident):
        return redirect("complete", incident.reference)
    with timezone.override(ZoneInfo(find_zone(incident.collectivity))):
        sheets = group_sheets_by_section(list_sheets(incident)).get(section, [])
        page = SectionPage(request, incident, visitor, section, sheets)
        return page.save_or_render() if request.method == "POST" else page.render_page()


@require_completable_case
@require_safe
def show_section_versions(
    request: HttpRequest, incident: Incident, visitor: CaseVisitor, *, section: str
) -> HttpResponse:
    """Show all saved versions of one section."""
    sheets = group_sheets_by_section(list_sheets(incident)).get(section)
    if not sheets:
        raise Http404
    return render(
        request,
        "follow_up/complete/history.html",
        build_completion_context(incident) | {"section": section, "sheets": sheets},
    )


@require_POST
@require_completable_case
def end_interruption_view(request: HttpRequest, incident: Incident, visitor: CaseVisitor) -> HttpResponse:
    """End an interruption now, with one button, and redirect to the list of sections. If the case can no longer be
    completed, that page says why.
    """
    edit = SectionEdit(visitor=visitor, reference=incident.reference, author=read_signature(request, visitor))
    address = reverse("complete", args=[incident.reference])
    service = request.POST.get("service", "")
    try:
        end_interruption(edit=edit, service=service)
    except CannotComplete:
        return redirect(address)
    return redirect(f"{address}?{urlencode({'fait': 'services', 'repris': service})}")


def build_completion_context(incident: Incident) -> dict[str, Any]:
    """Return what each screen that completes the facts needs to know of the case."""
    return {
        "incident": incident,
        "zone": find_zone(incident.collectivity),
        "why_not": find_completion_refusal(incident),
    }


@dataclass(frozen=True)
class ScreenProgress:
    """The position of a screen among the five screens that complete the facts. `index` counts from 0."""

    reference: str
    index: int

    @property
    def number(self) -> int:
        return self.index + 1

    @property
    def count(self) -> int:
        return len(EDITORS)

    @property
    def is_last(self) -> bool:
        return self.number == self.count

    @property
    def next_address(self) -> str:
        """The address of the next screen. After the last screen, it is the address of the list of sections."""
        if self.is_last:
            return reverse("complete", args=[self.reference], query={AT_END: "oui"})
        section = list(EDITORS)[self.number]
        return reverse("complete_section", args=[self.reference, section], query={IN_SEQUENCE: "oui"})


class SectionPage:
    """The page on which a person completes one section. The constructor raises Http404 if the section does not
    exist.
    """

    def __init__(
        self,
        request: HttpRequest,
        incident: Incident,
        visitor: CaseVisitor,
        section: str,
        sheets: list[DisplayedSheet],
    ) -> None:
        self.request, self.incident, self.visitor, self.section, self.sheets = (
            request,
            incident,
            visitor,
            section,
            sheets,
        )
        data = request.POST if request.method == "POST" else None
        self.editor = make_editor(incident, section, data, sheets)
        self.signature = SignatureForm(data, initial={"author": read_signature(request, visitor)})
        self.seen = self.get_newest_sheet_uid() if data is None else data.get("seen", "")

    def get_newest_sheet_uid(self) -> str:
        """Return the id of the newest saved version of this section, or "" if none was saved."""
        return str(self.sheets[0].sheet.uid) if self.sheets else ""

    @property
    def errors(self) -> bool:
        """True if a form has an error. The base template reads this name to announce an error in the title of the
        page.
        """
        return any(form.errors for form in self.forms)

    @property
    def forms(self) -> list[forms.Form]:
        return [*self.editor.forms, self.signature]

    def save_or_render(self) -> HttpResponse:
        """Save what was typed and redirect, or show the page again with the errors."""
        if not all(form.is_valid() for form in self.forms):
            return self.render_page(status=422)
        try:
            self.editor.save(self.build_edit())
        except ValidationError as error:
            self.editor.add_service_errors(error)
            return self.render_page(status=422)
        except Stale as stale:
            self.seen = str(stale.current.uid)
            return self.render_page(
                status=409, other=DisplayedSheet(stale.current, find_zone(self.incident.collectivity))
            )
        except CannotComplete as refused:
            return self.render_page(status=409, reason=str(refused))
        return self.redirect_after_saving()

    def build_edit(self) -> SectionEdit:
        """Return the edit to pass to the services. It contains the author, the case and the version that the page
        showed.

        The author is "" for a person with an account.
        """
        author = self.signature.cleaned_data["author"]
        edit = SectionEdit(visitor=self.visitor, reference=self.incident.reference, author=author, seen=self.seen)
        return replace(edit, author="") if self.visitor.user else edit

    @property
    def progress(self) -> "ScreenProgress | None":
        """The position of this screen among the five screens, or None if the person opened only this section."""
        is_followed = IN_SEQUENCE in self.request.GET and self.section in EDITORS
        return ScreenProgress(self.incident.reference, list(EDITORS).index(self.section)) if is_followed else None

    def redirect_after_saving(self) -> HttpResponse:
        """Redirect to the next of the five screens, or to the list of sections."""
        if self.progress and not self.progress.is_last:
            response = redirect(self.progress.next_address)
        else:
            query = {"fait": self.section} | ({AT_END: "oui"} if self.progress else {})
            response = redirect(reverse("complete", args=[self.incident.reference], query=query))
        if not self.visitor.user:
            remember_signature(response, self.signature.cleaned_data["author"])
        return response

    def render_page(self, *, status: int = 200, other: DisplayedSheet | None = None, reason: str = "") -> HttpResponse:
        """Render the page. `other` is a newer version that another person saved, and `reason` says why nothing could
        be saved.
        """
        context = {
            **build_completion_context(self.incident),
            "why_not": reason,
            "section": self.section,
            "editor": self.editor,
            "form": self,
            "progress": self.progress,
            "signature": self.signature,
            "signed": read_signature(self.request, self.visitor),
            "by_account": self.visitor.user is not None,
            "seen": self.seen,
            "newest": self.sheets[0] if self.sheets else None,
            "has_earlier": len(self.sheets) > 1,
            "other": other,
        }
        return render(self.request, self.editor.template, context, status=status)


def make_editor(incident: Incident, section: str, data: Any, sheets: list[DisplayedSheet]) -> Editor:
    """Return the editor of a section. Raises Http404 if the section does not exist."""
    if section in EDITORS:
        return EDITORS[section](incident, data)
    values = sheets[0].sheet.values if sheets else {}
    if editor := make_questions_editor(incident, section, data, values):
        return editor
    raise Http404
