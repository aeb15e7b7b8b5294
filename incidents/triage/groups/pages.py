"""The pages of the groups of a centre: the list, the page of one group with its sheet and its cases, and the acts."""

import re
import secrets
from http import HTTPStatus
from typing import Any
from uuid import UUID

from django import forms
from django.contrib import messages
from django.core.exceptions import PermissionDenied, ValidationError
from django.db import transaction
from django.db.models import Count, QuerySet
from django.http import Http404, HttpRequest, HttpResponse, QueryDict
from django.shortcuts import redirect
from django.utils import timezone
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from accounts.access import list_centres
from accounts.enums import CentreAbility
from accounts.models import User
from accounts.signed_in import get_account
from core.fields import FreeTextField
from core.french import choose_plural
from core.stale import Stale
from csirts.models import Csirt
from incidents.enums import BulkState, GroupKind, Status
from incidents.models import BulkJob, CaseGroup, Incident
from incidents.reference import compact_code, hyphenate
from incidents.services.bulk.jobs import MAX_CASES_IN_REQUEST, run_job_in_request
from incidents.services.groups.group import (
    TITLE_LIMIT,
    add_to_group,
    close_group,
    get_group,
    list_groups,
    open_group,
    reopen_group,
    save_group_sheet,
)
from incidents.services.groups.group_acts import add_supplier_cases, list_ungrouped_supplier_cases, open_supplier_group
from incidents.services.groups.letters import list_group_letters
from incidents.triage.case.page import redirect_to_case, render_page
from incidents.triage.paging import filter_after
from incidents.triage.queue.lines import build_lines, select_line_columns
from incidents.triage.queue.refresh import annotate_own_reading

PER_PAGE = 50
# Cases of a group are counted up to this number; above it, the page writes « au moins ».
MAX_COUNTED = 5000
TYPED_AT_ONCE = 50


class GroupOpeningForm(forms.Form):
    """The form that opens a group. The service checks the title."""

    kind = forms.ChoiceField(label="Ce que ces dossiers ont en commun", choices=GroupKind.choices)
    title = FreeTextField(label="Titre", widget=forms.TextInput(attrs={"maxlength": TITLE_LIMIT}))
    csirt = forms.ModelChoiceField(label="Centre", queryset=Csirt.objects.none(), to_field_name="slug")
    dossier = forms.CharField(required=False, max_length=20, widget=forms.HiddenInput)
    key = forms.CharField(max_length=100, initial=secrets.token_urlsafe, required=False, widget=forms.HiddenInput)

    def __init__(self, *args: Any, user: User, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        csirts = list_centres(user, CentreAbility.WORK)
        self.fields["csirt"].queryset = csirts  # type: ignore[attr-defined]
        if len(csirts) == 1:
            self.fields["csirt"].widget, self.initial["csirt"] = forms.HiddenInput(), csirts[0].slug


class GroupSheetForm(forms.Form):
    """The form of the sheet of a group, which says what is known and what to advise.

    `seen` is the version of the sheet that was edited.
    """

    sheet = FreeTextField(
        label="Ce qui est connu, ce qu’il faut conseiller",
        help_text="Sans nom ni numéro de personne. Une ligne qui répète un dossier part quand ce dossier est effacé.",
        widget=forms.Textarea(attrs={"rows": 10}),
    )
    seen = forms.IntegerField(widget=forms.HiddenInput, min_value=0, max_value=2**31 - 1)


class AddCasesForm(forms.Form):
    """The form that adds cases to a group by their references."""

    references = FreeTextField(label="Ajouter des dossiers, par leur référence")


# The list


@require_safe
def show_groups(request: HttpRequest) -> HttpResponse:
    """List the groups, newest first.

    `?apres=` is the uid of the last group of the previous page. `?fermes=1` lists the closed groups.
    """
    user, is_closed = get_account(request), request.GET.get("fermes") == "1"
    if not user.reads_any_centre:
        raise Http404
    groups = list_groups(user).filter(closed_at__isnull=not is_closed).order_by("-opened_at", "-id")
    rows = list(filter_after(groups, request.GET.get("apres", ""), "opened_at", "id")[: PER_PAGE + 1])
    context = {
        "groups": rows[:PER_PAGE],
        "next": rows[PER_PAGE - 1].uid if len(rows) > PER_PAGE else None,
        "is_closed": is_closed,
        "works": user.works_in_any_centre,
    }
    return render_page(request, "incidents/triage/groups.html", context)


@require_http_methods(["GET", "HEAD", "POST"])
def open_new_group_view(request: HttpRequest) -> HttpResponse:
    """Show the form of a new group on GET. Open the group on POST.

    The case whose reference is in `dossier` is added to the group.
    """
    user = get_account(request)
    if not user.works_in_any_centre:
        raise Http404
    if request.method != "POST":
        form = GroupOpeningForm(initial={"dossier": request.GET.get("dossier", "")[:20]}, user=user)
        return render_page(request, "incidents/triage/group_new.html", {"form": form})
    form = GroupOpeningForm(request.POST, user=user)
    try:
        if form.is_valid():
            return create_group(request, form.cleaned_data)
    except ValidationError as error:
        form.add_error(None, error)
    return render_page(request, "incidents/triage/group_new.html", {"form": form}, status=422)


def create_group(request: HttpRequest, cleaned: dict[str, Any]) -> HttpResponse:
    """Open the group, add its first case if there is one, and redirect."""
    key, reference = cleaned["key"] or secrets.token_urlsafe(), compact_code(cleaned["dossier"])
    with transaction.atomic():  # no group is opened if its first case cannot be added
        group = open_group(
            csirt=cleaned["csirt"],
            kind=GroupKind(cleaned["kind"]),
            title=cleaned["title"],
            actor=get_account(request),
            key=key,
        )
        if reference:
            add_to_group(reference=reference, group=group.uid, actor=get_account(request))
    messages.success(request, "Groupe ouvert. Vos collègues le voient ; les déclarants, non.")
    return redirect_to_case(reference) if reference else redirect_to_group(group)


@require_POST
def open_supplier_group_view(request: HttpRequest) -> HttpResponse:
    """Open a group for the open cases of a supplier (the button « En faire un groupe » of the queue)."""
    key = request.POST.get("key") or secrets.token_urlsafe()
    group, job = open_supplier_group(
        supplier_key=read_supplier_key(request), actor=get_account(request), key=key[:100]
    )
    if job:
        start_adding_cases(request, job)
    return redirect_to_group(group)


def read_supplier_key(request: HttpRequest) -> str:
    """Return the posted key of a supplier. Raises Http404 if it contains NUL, which PostgreSQL cannot store."""
    supplier = request.POST.get("prestataire", "")
    if "\0" in supplier:
        raise Http404  # PostgreSQL cannot store NUL, so no supplier has this name
    return supplier


def start_adding_cases(request: HttpRequest, job: BulkJob) -> None:
    """Run a small job at once, so that the page of the group shows the added cases. A worker runs a large job.

    A message says how many cases join the group.
    """
    if job.total <= MAX_CASES_IN_REQUEST:
        run_job_in_request(job)
    confirmation = choose_plural(
        "Un dossier rejoint ce groupe.", "%(count)s dossiers rejoignent ce groupe.", job.total
    )
    messages.success(request, confirmation % {"count": job.total})


# The page of a group


@require_safe
def show_group(request: HttpRequest, uid: UUID) -> HttpResponse:
    """Show the page of a group."""
    group = get_group(get_account(request), uid, for_reading=True)
    return render_group(request, group)


def render_group(
    request: HttpRequest,
    group: CaseGroup,
    *,
    sheet: GroupSheetForm | None = None,
    add: AddCasesForm | None = None,
    status: int = 200,
) -> HttpResponse:
    """Render the page of the group. `sheet` and `add` are refused forms, which are shown as they were typed."""
    rows = list_group_cases(group, get_account(request), request.GET.get("apres", ""))
    context = {
        "group": group,
        "lines": build_lines(rows[:PER_PAGE], timezone.now()),
        "next": rows[PER_PAGE - 1].reference if len(rows) > PER_PAGE else "",
        "is_first": not request.GET.get("apres"),
        "counts": build_case_counts(group),
        "outside": list(
            list_ungrouped_supplier_cases(group).order_by("pk")[: PER_PAGE + 1].values_list("pk", flat=True)
        ),
        "most": PER_PAGE,
        "sheet": sheet or GroupSheetForm(initial={"sheet": group.sheet, "seen": group.version}),
        "add": add or AddCasesForm(),
        "under_way": list(list_running_jobs(group)),
        "letters": list_group_letters(group),
        "is_stale": status == HTTPStatus.CONFLICT,
        "key": secrets.token_urlsafe(),
        "works": get_account(request).works_in_centre(group.csirt_id),
    }
    return render_page(request, "incidents/triage/group.html", context, status=status)


def list_running_jobs(group: CaseGroup) -> QuerySet[BulkJob]:
    """Return the unfinished jobs that add cases to the group or send a message to its declarants."""
    running = BulkJob.objects.filter(state=BulkState.RUNNING, csirt=group.csirt_id, choices__group=str(group.uid))
    return running.order_by("id")


def list_group_cases(group: CaseGroup, user: User, after: str) -> list[Incident]:
    """Return the cases of one page, newest first. Each is annotated with `read_at`: when `user` last read the case.

    The page starts after the case with the reference `after`, which may have left the group meanwhile. One extra case
    shows that there is a next page.
    """
    own_cases = Incident.objects.filter(csirt=group.csirt_id)
    last = own_cases.filter(reference=compact_code(after)).values_list("received_at", "pk").first() if after else None
    cases = own_cases.filter(group=group)
    if last:
        same_instant = cases.filter(received_at=last[0], pk__lt=last[1])
        cases = same_instant | cases.filter(received_at__lt=last[0])
    rows = annotate_own_reading(select_line_columns(cases), user)
    return list(rows.order_by("-received_at", "-id")[: PER_PAGE + 1])


def build_case_counts(group: CaseGroup) -> dict[str, Any]:
    """Return the number of cases of the group in all and by status, as context for the page.

    Only the first MAX_COUNTED cases are counted. `is_more` is true if there are more.
    """
    counted = Incident.objects.filter(group=group, csirt=group.csirt_id).values("pk", "status")[: MAX_COUNTED + 1]
    states = dict(
        Incident.objects.filter(pk__in=counted.values("pk")).order_by().values_list("status").annotate(Count("pk"))
    )
    total = sum(states.values())
    return {
        "total": min(total, MAX_COUNTED),
        "is_more": total > MAX_COUNTED,
        "states": [(label, states.get(value, 0)) for value, label in Status.choices],
    }


@require_POST
def save_sheet_view(request: HttpRequest, uid: UUID) -> HttpResponse:
    """Save the sheet of the group.

    After a conflict, the second author is warned, keeps what was typed, and may save it again.
    """
    user, form, status = get_account(request), GroupSheetForm(request.POST), HTTPStatus.UNPROCESSABLE_ENTITY
    group = get_group(user, uid)
    try:
        if form.is_valid():
            save_group_sheet(group=uid, actor=user, **form.cleaned_data)
            messages.success(request, "Fiche enregistrée.")
            return redirect_to_group(group)
    except ValidationError as error:
        form.add_error(None, error)
    except Stale:
        status = HTTPStatus.CONFLICT
        group = get_group(user, uid)
        form.data = copy_posted_data(request, seen=str(group.version))
    return render_group(request, group, sheet=form, status=status)


@require_POST
def add_cases_view(request: HttpRequest, uid: UUID) -> HttpResponse:
    """Add several cases to the group by their references. References that could not be added stay in the field."""
    user, form = get_account(request), AddCasesForm(request.POST)
    group = get_group(user, uid)
    form.is_valid()
    references = list(
        dict.fromkeys(filter(None, map(compact_code, re.split(r"[\s,;]+", form.cleaned_data["references"]))))
    )
    wrong = (
        []
        if len(references) > TYPED_AT_ONCE
        else [reference for reference in references if not try_adding_case(reference, uid, user)]
    )
    if added := len(references) - len(wrong) if len(references) <= TYPED_AT_ONCE else 0:
        confirmation = choose_plural("Dossier ajouté.", "%(count)s dossiers ajoutés.", added) % {"count": added}
        messages.success(request, confirmation)
    if added and not wrong:
        return redirect_to_group(group)
    form.add_error("references", explain_refused_references(references, wrong))
    if wrong:
        form.data = copy_posted_data(request, references=" ".join(map(hyphenate, wrong)))
    return render_group(request, group, add=form, status=422)


def try_adding_case(reference: str, group: UUID, actor: User) -> bool:
    """Add the case to the group. Return False if there is no such case, or if the actor may not add it."""
    try:
        add_to_group(reference=reference, group=group, actor=actor)
    except (Http404, PermissionDenied, ValidationError):
        return False
    return True


def explain_refused_references(references: list[str], wrong: list[str]) -> str:
    """Return the error for the references. `wrong` are those that could not be added."""
    if not references:
        return "Écrivez au moins une référence, comme T7K4-9MQX."
    if not wrong:
        return f"{TYPED_AT_ONCE} références à la fois au plus."
    refused = ", ".join(hyphenate(reference[:20]) for reference in wrong)
    return f"Pas ajoutés, car votre centre n’a pas ces dossiers ou le groupe est fermé : {refused}."


@require_POST
def add_supplier_cases_view(request: HttpRequest, uid: UUID) -> HttpResponse:
    """Add the ungrouped cases of a supplier to the group (button « Y ajouter les 3 qui manquent » of the queue)."""
    key, supplier = request.POST.get("key") or secrets.token_urlsafe(), read_supplier_key(request)
    group = get_group(get_account(request), uid)
    try:
        job = add_supplier_cases(group=uid, actor=get_account(request), key=key[:100], supplier_key=supplier)
        start_adding_cases(request, job)
    except ValidationError as error:
        messages.error(request, " ".join(error.messages))
    return redirect_to_group(group)


@require_POST
def set_group_state_view(request: HttpRequest, uid: UUID) -> HttpResponse:
    """Close or reopen the group, as the button says."""
    act = reopen_group if request.POST.get("etat") == "ouvert" else close_group
    group = act(group=uid, actor=get_account(request))
    closed = "Groupe fermé. Ses dossiers n’ont pas changé d’état."
    messages.success(request, closed if group.closed_at else "Groupe rouvert.")
    return redirect_to_group(group)


def copy_posted_data(request: HttpRequest, **changed: str) -> QueryDict:
    """Return a copy of the posted data with these values changed."""
    data = request.POST.copy()
    for name, value in changed.items():
        data[name] = value
    return data


def redirect_to_group(group: CaseGroup) -> HttpResponse:
    return redirect("admin:incidents_incident_group", group.uid)
