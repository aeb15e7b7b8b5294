"""The admin pages of the reflex sheets of a région, which the lead of its CSIRT edits. Each change is a new
version.
"""

from http import HTTPStatus
from typing import Any, NamedTuple

from django.contrib import admin, messages
from django.core.exceptions import ValidationError
from django.db.models import QuerySet
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.template.response import TemplateResponse
from django.urls import URLPattern, path
from django.utils import timezone
from django.views.decorators.http import require_http_methods, require_safe

from accounts.access import get_led_centre, list_centres
from accounts.enums import CentreAbility
from accounts.signed_in import get_account
from core.admin import BoundedModelAdmin
from core.stale import Stale
from csirts.models import Csirt
from csirts.routing import find_covered_region
from incidents.catalogues.reflex_sheets import REFLEXES, Reflexes, read_sheet
from incidents.enums import IncidentType
from incidents.models import ReflexSheet
from incidents.reflexes.forms import SheetForm, build_initial_sheet
from incidents.services.library.reflexes import (
    NATIONAL_CONTENT,
    AppliedReflexSheet,
    clean_reflex_sheet,
    find_newest_reflex_sheet,
    get_reflex_sheet,
    list_reflex_sheets,
    publish_reflex_sheet,
)

PREVIEW, PUBLISH, RESTORE_NATIONAL = "voir", "publier", "national"


class CentreSheets(NamedTuple):
    """A centre with its reflex sheets, one for each type of incident."""

    csirt: Csirt
    sheets: list[AppliedReflexSheet]


@admin.register(ReflexSheet)
class ReflexSheetAdmin(BoundedModelAdmin):
    """The admin pages of the reflex sheets, one for each centre and type of incident. They offer neither addition nor
    deletion: publishing an edited sheet creates its next version.
    """

    actions = None

    def get_urls(self) -> list[URLPattern]:
        name = "incidents_reflexsheet_{}".format
        edit = require_http_methods(["GET", "HEAD", "POST"])(self.sheet_view)
        return [
            path("", self.admin_site.admin_view(require_safe(self.list_view)), name=name("changelist")),
            path("<slug:slug>/<slug:kind>/", self.admin_site.admin_view(edit), name=name("change")),
        ]

    def list_view(self, request: HttpRequest) -> HttpResponse:
        """Show the reflex sheets of each centre that the user leads. Raises Http404 if the user leads no centre."""
        led = list_centres(get_account(request), CentreAbility.LEAD)
        if not led:
            raise Http404
        rows = [CentreSheets(csirt, list_reflex_sheets(csirt)) for csirt in led]
        return self.render_admin_page(request, "reflexes/admin_list.html", {"rows": rows, "title": "Fiches réflexes"})

    def sheet_view(self, request: HttpRequest, slug: str, kind: str) -> HttpResponse:
        """Show the form of one sheet. On POST, preview or publish what was typed, or restore the national sheet."""
        csirt = get_led_centre(get_account(request), slug)
        if kind not in IncidentType.values:
            raise Http404
        if request.method != "POST":
            return self.render_form(request, csirt, kind, make_sheet_form(request, csirt, kind))
        if RESTORE_NATIONAL in request.POST:
            return self.restore_national_sheet(request, csirt, kind)
        form = SheetForm(request.POST, national=REFLEXES[kind])
        if not form.is_valid():
            return self.render_form(request, csirt, kind, form)
        return self.publish_or_preview(request, csirt, kind, form)

    def publish_or_preview(self, request: HttpRequest, csirt: Csirt, kind: str, form: SheetForm) -> HttpResponse:
        """Publish what was typed, or preview it, according to the pressed button. A refused form is shown again with
        what was typed.
        """
        try:
            preview = read_sheet(clean_reflex_sheet(form.build_content()))
            if PUBLISH not in request.POST:
                return self.render_form(request, csirt, kind, form, preview=preview)
            version = publish_form(request, csirt, kind, form)
        except ValidationError as error:
            form.add_error(None, error)
            return self.render_form(request, csirt, kind, form)
        except Stale:
            return self.render_edit_conflict(request, csirt, kind)
        messages.success(request, f"Version {version} publiée pour votre région.")
        return redirect("admin:incidents_reflexsheet_change", csirt.slug, kind)

    def restore_national_sheet(self, request: HttpRequest, csirt: Csirt, kind: str) -> HttpResponse:
        """Restore the national sheet, unless somebody published a version since the page was opened."""
        version = request.POST.get("based_on", "")
        based_on = int(version) if version.isdecimal() and len(version) < 5 else -1
        try:
            publish_reflex_sheet(
                kind=kind,
                csirt_slug=csirt.slug,
                content=NATIONAL_CONTENT,
                based_on=based_on,
                actor=get_account(request),
            )
            messages.success(request, "La fiche nationale est de nouveau affichée. Vos versions restent ici.")
        except Stale:
            messages.warning(
                request, "Quelqu’un a publié une autre version depuis. Lisez-la, puis revenez à la fiche nationale."
            )
        return redirect("admin:incidents_reflexsheet_change", csirt.slug, kind)

    def render_edit_conflict(self, request: HttpRequest, csirt: Csirt, kind: str) -> HttpResponse:
        """Show the form again with a warning that somebody else has published a version. The form keeps what was
        typed, and publishing it again replaces the other version.
        """
        row = find_newest_reflex_sheet(kind, csirt)
        data = request.POST.copy()
        data["based_on"] = str(row.version if row else 0)
        form = SheetForm(data, national=REFLEXES[kind])
        messages.warning(
            request,
            "Quelqu’un a publié une autre version pendant que vous écriviez. Lisez-la, puis publiez la vôtre.",
        )
        return self.render_form(request, csirt, kind, form, status=HTTPStatus.CONFLICT)

    def render_form(
        self,
        request: HttpRequest,
        csirt: Csirt,
        kind: str,
        form: SheetForm,
        *,
        preview: Reflexes | None = None,
        status: int = 200,
    ) -> HttpResponse:
        context = {
            "title": IncidentType(kind).label,
            "form": form,
            "csirt": csirt,
            "kind": kind,
            "current_sheet": get_reflex_sheet(kind, csirt),
            "region": find_covered_region(csirt, timezone.localdate()),
            "preview": preview,
            "versions": list_sheet_versions(kind, csirt),
        }
        status = HTTPStatus.UNPROCESSABLE_ENTITY if form.errors else status
        return self.render_admin_page(request, "reflexes/admin_sheet.html", context, status=status)

    def render_admin_page(
        self, request: HttpRequest, template: str, context: dict[str, Any], *, status: int = 200
    ) -> HttpResponse:
        common = self.admin_site.each_context(request) | {"opts": self.opts}
        return TemplateResponse(request, template, common | context, status=status)

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: ReflexSheet | None = None) -> bool:
        return False


def publish_form(request: HttpRequest, csirt: Csirt, kind: str, form: SheetForm) -> int:
    """Publish the content of a valid form and return the number of the new version. Raises Stale or
    ValidationError.
    """
    return publish_reflex_sheet(
        kind=kind,
        csirt_slug=csirt.slug,
        content=form.build_content(),
        based_on=form.cleaned_data["based_on"],
        actor=get_account(request),
    )


def make_sheet_form(request: HttpRequest, csirt: Csirt, kind: str) -> SheetForm:
    """Return the form filled with the sheet in force, or with the version that `?version=` names."""
    row = find_newest_reflex_sheet(kind, csirt)
    version = request.GET.get("version", "")
    old = (
        list_sheet_versions(kind, csirt).filter(version=int(version)).first()
        if version.isdecimal() and len(version) < 5
        else None
    )
    text = read_sheet(old.content) if old and old.content else get_reflex_sheet(kind, csirt).text
    return SheetForm(initial=build_initial_sheet(text, row.version if row else 0), national=REFLEXES[kind])


def list_sheet_versions(kind: str, csirt: Csirt) -> QuerySet[ReflexSheet]:
    """Return the versions that this centre has published for this type of incident, newest first."""
    return ReflexSheet.objects.filter(type=kind, csirt=csirt).select_related("author").order_by("-version")
