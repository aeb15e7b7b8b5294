"""The pages of the playbooks: responders read them, and the lead of a centre publishes the centre's own versions."""

import re
from http import HTTPStatus
from typing import Any, NamedTuple

from django import forms
from django.contrib import messages
from django.core.exceptions import ValidationError
from django.db.models import QuerySet
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.views.decorators.http import require_http_methods, require_safe

from accounts.access import get_led_centre, list_centres
from accounts.enums import CentreAbility
from accounts.models import User
from accounts.signed_in import get_account
from core.french import NBSP
from core.stale import Stale
from csirts.models import Csirt
from incidents.catalogues.playbooks import PLAYBOOKS, Step, read_steps
from incidents.enums import TYPE_TERMS, IncidentType
from incidents.models import Playbook
from incidents.services.library.playbooks import (
    NATIONAL_STEPS,
    AppliedPlaybook,
    clean_steps,
    find_newest_playbook,
    get_applied_playbook,
    list_applied_playbooks,
    publish_playbook,
)
from incidents.triage.case.page import render_page

PUBLISH, GO_BACK = "publier", "national"
PLAYBOOK_URL_NAME = "admin:incidents_incident_playbook"
SOURCE_LINE = re.compile(r"source\s*:\s*(.*)", re.IGNORECASE)
BEFORE_LINE = re.compile(r"avant\s*:\s*(.*)", re.IGNORECASE)
HOURS = re.compile(r"(\d{1,5})\s*(?:h|heures?)?", re.IGNORECASE)
HELP = (
    "Une ligne pour ce qu’il y a à faire, les suivantes pour dire pourquoi. Puis, s’il y en a, une ligne "
    "« Source : … » et une ligne « Avant : 4 h », comptée depuis l’ajout au dossier. Une ligne vide entre deux étapes."
)


class PlaybookForm(forms.Form):
    """The form with the steps of a playbook. `based_on` is the number of the version that its page showed."""

    steps = forms.CharField(
        label="Les étapes, dans l’ordre",
        widget=forms.Textarea(attrs={"rows": 32}),
        max_length=40_000,
        help_text=HELP,
    )
    based_on = forms.IntegerField(widget=forms.HiddenInput, min_value=0, max_value=32_000)


class CentrePlaybooks(NamedTuple):
    """The playbooks that a centre uses. `is_led` tells whether the user leads the centre."""

    csirt: Csirt
    playbooks: list[AppliedPlaybook]
    is_led: bool


@require_safe
def show_playbooks(request: HttpRequest) -> HttpResponse:
    """Show the playbooks of the user's centres."""
    user = get_account(request)
    csirts = list_centres(user, CentreAbility.READ)
    rows = [CentrePlaybooks(csirt, list_applied_playbooks(csirt), user.leads_centre(csirt.pk)) for csirt in csirts]
    if not rows:
        raise Http404
    return render_page(request, "incidents/triage/guides.html", {"rows": rows, "title": "Guides de traitement"})


@require_http_methods(["GET", "HEAD", "POST"])
def serve_playbook(request: HttpRequest, slug: str, kind: str) -> HttpResponse:
    """Show the playbook of a centre for a type of incident.

    On POST, preview or publish a version, or restore the national playbook.
    """
    if kind not in IncidentType.values:
        raise Http404
    if request.method != "POST":
        csirt = get_own_csirt(get_account(request), slug)
        return render_playbook(request, csirt, kind, make_playbook_form(request, csirt, kind))
    csirt = get_led_centre(get_account(request), slug)
    if GO_BACK in request.POST:
        return restore_national_playbook(request, csirt, kind)
    form = PlaybookForm(request.POST)
    if not form.is_valid():
        return render_playbook(request, csirt, kind, form)
    return submit_playbook(request, csirt, kind, form)


def get_own_csirt(user: User, slug: str) -> Csirt:
    """Return the centre with this slug, if the user may read its playbooks. Raises Http404 for any other."""
    csirt = list_centres(user, CentreAbility.READ).filter(slug=slug).first()
    if csirt is None:
        raise Http404
    return csirt


def submit_playbook(request: HttpRequest, csirt: Csirt, kind: str, form: PlaybookForm) -> HttpResponse:
    """Publish the playbook, or show a preview of it.

    The form comes back with all that was typed if it has mistakes, or if another version was published meanwhile.
    """
    try:
        steps = parse_steps(form.cleaned_data["steps"], index_step_codes(csirt, kind))
        preview = clean_steps(steps)
        if PUBLISH not in request.POST:
            return render_playbook(request, csirt, kind, form, preview=preview)
        version_seen = form.cleaned_data["based_on"]
        version = publish_playbook(
            kind=kind, csirt_slug=csirt.slug, steps=steps, based_on=version_seen, actor=get_account(request)
        )
    except ValidationError as error:
        form.add_error(None, error)
        return render_playbook(request, csirt, kind, form)
    except Stale:
        return render_playbook_conflict(request, csirt, kind)
    messages.success(request, f"Version {version} publiée pour votre centre.")
    return redirect(PLAYBOOK_URL_NAME, csirt.slug, kind)


def restore_national_playbook(request: HttpRequest, csirt: Csirt, kind: str) -> HttpResponse:
    """Make the centre use the national playbook again.

    If another version was published since the page was opened, the person must read it first.
    """
    version = request.POST.get("based_on", "")
    version_seen = int(version) if version.isdecimal() and len(version) < 6 else -1
    try:
        publish_playbook(
            kind=kind, csirt_slug=csirt.slug, steps=NATIONAL_STEPS, based_on=version_seen, actor=get_account(request)
        )
        messages.success(request, "Le guide national sert de nouveau. Vos versions restent ici.")
    except Stale:
        messages.warning(request, "Quelqu’un a publié une autre version depuis. Lisez-la d’abord.")
    return redirect(PLAYBOOK_URL_NAME, csirt.slug, kind)


def render_playbook_conflict(request: HttpRequest, csirt: Csirt, kind: str) -> HttpResponse:
    """Show the form again with a warning that another version was published meanwhile.

    The form keeps what was typed, and submitting it again publishes it.
    """
    row = find_newest_playbook(kind, csirt)
    data = request.POST.copy()
    data["based_on"] = str(row.version if row else 0)
    warning = "Quelqu’un a publié une autre version pendant que vous écriviez. Lisez-la, puis publiez la vôtre."
    messages.warning(request, warning)
    return render_playbook(request, csirt, kind, PlaybookForm(data), status=HTTPStatus.CONFLICT)


def render_playbook(
    request: HttpRequest,
    csirt: Csirt,
    kind: str,
    form: PlaybookForm,
    *,
    preview: list[Step] | None = None,
    status: int = 200,
) -> HttpResponse:
    context = {
        "title": TYPE_TERMS[kind],
        "form": form,
        "csirt": csirt,
        "kind": kind,
        "applied": get_applied_playbook(kind, csirt),
        "preview": preview,
        "versions": list_playbook_versions(kind, csirt),
        "is_led": get_account(request).leads_centre(csirt.pk),
    }
    status = HTTPStatus.UNPROCESSABLE_ENTITY if form.errors else status
    return render_page(request, "incidents/triage/guide.html", context, status=status)


def make_playbook_form(request: HttpRequest, csirt: Csirt, kind: str) -> PlaybookForm:
    """Return the form with the steps of the playbook in use, or of the older version in `?version=`."""
    row = find_newest_playbook(kind, csirt)
    version = request.GET.get("version", "")
    is_number = version.isdecimal() and len(version) < 5
    old = list_playbook_versions(kind, csirt).filter(version=int(version)).first() if is_number else None
    steps = read_steps(old.steps) if old and old.steps else get_applied_playbook(kind, csirt).steps
    return PlaybookForm(initial={"steps": format_steps(steps), "based_on": row.version if row else 0})


def list_playbook_versions(kind: str, csirt: Csirt) -> QuerySet[Playbook]:
    """Return the versions of a playbook that the centre has published, newest first."""
    return Playbook.objects.filter(type=kind, csirt=csirt).select_related("author").order_by("-version")


def index_step_codes(csirt: Csirt, kind: str) -> dict[str, str]:
    """Return the code of each known step by its title.

    A step that keeps its title keeps its code, and thus its tasks.
    """
    return {
        " ".join(step.title.split()): step.step
        for step in (*PLAYBOOKS[kind], *get_applied_playbook(kind, csirt).steps)
    }


def parse_steps(text: str, codes: dict[str, str]) -> list[dict[str, Any]]:
    """Return the steps of a playbook that were typed.

    Raises ValidationError on « steps » with the number of the wrong step.
    """
    paragraphs: list[list[str]] = [[]]
    for line in text.splitlines():
        if line.strip():
            paragraphs[-1].append(" ".join(line.split()))
        else:
            paragraphs.append([])
    return [parse_step(number, lines, codes) for number, lines in enumerate(filter(None, paragraphs), 1)]


def parse_step(number: int, lines: list[str], codes: dict[str, str]) -> dict[str, Any]:
    """Return one step of a playbook from its lines. Error messages name the step by `number`."""
    title, *rest = lines
    step: dict[str, Any] = {"step": codes.get(title, ""), "title": title, "source": "", "within_hours": None}
    why = []
    for line in rest:
        if match := SOURCE_LINE.fullmatch(line):
            step["source"] = match[1]
        elif match := BEFORE_LINE.fullmatch(line):
            step["within_hours"] = parse_hours(number, match[1])
        else:
            why.append(line)
    return step | {"why": " ".join(why)}


def parse_hours(number: int, text: str) -> int:
    """Return the hours in a text such as « 4 h ». Raises ValidationError with the number of the step."""
    match = HOURS.fullmatch(text.strip())
    if match is None:
        words = "Étape %(number)s : le délai s’écrit en heures. Exemple : « Avant : 4 h »."
        raise ValidationError({"steps": words % {"number": number}})
    return int(match[1])


def format_steps(steps: tuple[Step, ...]) -> str:
    """Return the text that the form shows for these steps. `parse_steps` does the inverse."""
    return "\n\n".join("\n".join(list_step_lines(step)) for step in steps)


def list_step_lines(step: Step) -> list[str]:
    """Return the lines of a step as a person types them in the form."""
    source = f"Source{NBSP}: {step.source}" if step.source else ""
    before = f"Avant{NBSP}: {step.within_hours}{NBSP}h" if step.within_hours else ""
    return [line for line in (step.title, step.why, source, before) if line]
