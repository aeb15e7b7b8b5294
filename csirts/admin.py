"""The admin pages of the directory: the administrator edits all that is published, the lead of a CSIRT some of its
own contacts.

This application must not import `accounts`, so it asks `request.user` for the permissions and for the led CSIRTs, and
allauth for a proof of identity (`accounts/reauthentication.py` says what one is). Each change records the user's id,
for the history.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from typing import Any

import pghistory
from allauth.account.internal.flows.reauthentication import raise_if_reauthentication_required
from django.contrib import admin, messages
from django.contrib.admin.widgets import AdminTextInputWidget
from django.db import models
from django.db.backends.postgresql.psycopg_any import DateRange
from django.http import Http404, HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils import timezone
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString

from core.admin import BoundedModelAdmin
from core.fields import PlainLineField
from core.telephone import format_phone
from csirts import wording
from csirts.enums import ContactKind
from csirts.forms import CoverageForm, DpoForm, HoursForm, OwnContactForm, SitesForm
from csirts.history import list_versions
from csirts.models import BackupCentre, Contact, Coverage, Csirt
from csirts.queries import list_sourced_contacts
from csirts.routing import CASES_FOLLOW_AFTER
from csirts.teams import has_lead, has_team
from csirts.territories import watch_territories

# Django's admin gives some fields a narrow widget, which an empty dictionary removes.
FORM_FIELD_OVERRIDES = {models.CharField: {"form_class": PlainLineField}, models.SlugField: {}, models.EmailField: {}}

NO_PHONE = (
    "{} n’a pas publié de téléphone\N{NO-BREAK SPACE}: les collectivités de ses territoires appelleront d’abord "
    "un autre centre. Ajoutez son numéro, ou à défaut son site, dans les coordonnées du centre."
)
NO_TEAM, NO_CHANNEL = "personne n’y a de compte", "aucune adresse ne reçoit les déclarations"
CHANNEL_BY_LEAD = "La personne qui dirige le centre choisit l’adresse."
NO_PHONE_FOR_LEAD = (
    "Aucun téléphone publié\N{NO-BREAK SPACE}: demandez à l’administration de la plateforme de l’ajouter."
)
EMPTY_ADDRESS = "Choisie par le responsable du centre. Vide\N{NO-BREAK SPACE}: rien n’est envoyé au centre."

ROUTING_FIELDS = {"csirt", "region", "departement", "kind", "first_on", "last_on"}
# A case on which a centre has worked does not move: the other centre must accept it. A TLP that keeps the case in its
# centre asks for the agreement of the declarant first.
CASES_WILL_FOLLOW = (
    f"Les dossiers ouverts de {{}} suivront {CASES_FOLLOW_AFTER // timedelta(minutes=1)} minutes après le dernier "
    "changement de l’annuaire, ou après vingt-quatre heures si leur centre, encore en service, vient d’en être averti "
    "par mail. Ceux qu’un centre a commencés y restent d’abord\N{NO-BREAK SPACE}: il reçoit la tâche "
    "de demander l’accord du déclarant, puis de proposer le transfert au nouveau centre, s’il y en a un. Si le TLP du "
    "dossier n’exige pas cet accord, la proposition part seule. Chaque dossier le note dans son histoire."
)

type HistoryFilters = list[tuple[type[models.Model], dict[str, Any]]]


def is_lead_of(request: HttpRequest, csirt: Csirt | None) -> bool:
    """Tell whether the signed-in person leads this CSIRT."""
    return csirt is not None and request.user.leads_centre(csirt.pk)  # type: ignore[union-attr]


def can_edit_directory(request: HttpRequest) -> bool:
    return request.user.has_perm("csirts.add_csirt")


def is_any_current(*periods: DateRange) -> bool:
    """Tell whether one of these periods includes today. Only a change to such a period moves cases now."""
    return any(timezone.localdate() in period for period in periods)


def warn_of_unready_centre(request: HttpRequest, csirt: Csirt) -> None:
    """Warn the administrator if an active centre has no telephone number, no account or no notification address."""
    if not csirt.is_active:
        return
    name = wording.format_centre(csirt.name)
    name = name[:1].upper() + name[1:]
    if not csirt.contacts.filter(kind=ContactKind.PHONE).exists():
        messages.warning(request, NO_PHONE.format(name))
    lacks = [*([] if has_team(csirt.pk) else [NO_TEAM]), *([] if csirt.notification_email else [NO_CHANNEL])]
    if lacks:
        advice = CHANNEL_BY_LEAD if has_lead(csirt.pk) else format_account_advice()
        messages.warning(request, format_html("{}\N{NO-BREAK SPACE}: {}. {}", name, " et ".join(lacks), advice))


def format_account_advice() -> SafeString:
    """Return the advice to open an account for the person who leads the centre, with a link."""
    link = reverse("admin:accounts_user_add")
    return format_html('<a href="{}">Ouvrez un compte à la personne qui le dirige</a>.', link)


@contextmanager
def trace_changes(request: HttpRequest) -> Iterator[None]:
    """Record who changes the rows in this block, and tell the centres whose territories change."""
    with pghistory.context(user=request.user.pk):
        if request.method != "POST":
            yield
            return
        with watch_territories(request.user):
            yield


class TracedAdmin(BoundedModelAdmin):
    """Admin pages that record who changes a row and show its history. They respond with 404 for a row that does not
    exist or that the user may not see. They publish what people rely on, such as a telephone, so that they ask for a
    proof of identity first.
    """

    formfield_overrides = FORM_FIELD_OVERRIDES

    def changeform_view(
        self,
        request: HttpRequest,
        object_id: str | None = None,
        form_url: str = "",
        extra_context: dict[str, Any] | None = None,
    ) -> Any:
        """Show or save a form. It names its own URL, because one that is refused after the proof is shown at the URL
        of the proof.
        """
        raise_if_reauthentication_required(request, app="csirts")
        with trace_changes(request):
            return super().changeform_view(request, object_id, form_url or request.get_full_path(), extra_context)

    def delete_view(self, request: HttpRequest, *args: Any, **kwargs: Any) -> Any:
        raise_if_reauthentication_required(request, app="csirts")
        with trace_changes(request):
            return super().delete_view(request, *args, **kwargs)

    def changelist_view(self, request: HttpRequest, *args: Any, **kwargs: Any) -> Any:
        with pghistory.context(user=request.user.pk):
            return super().changelist_view(request, *args, **kwargs)

    def get_object(self, request: HttpRequest, object_id: str, from_field: str | None = None) -> Any:
        row = super().get_object(request, object_id, from_field)
        if row is None:
            raise Http404
        return row

    def list_history_filters(self, row: Any) -> HistoryFilters:
        """Return what the history of this row shows: pairs of a model and a filter of its versions."""
        return [(type(row), {"pgh_obj_id": row.pk})]

    def history_view(
        self, request: HttpRequest, object_id: str, extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        row = self.get_object(request, object_id)
        if not self.has_view_or_change_permission(request, row):
            raise Http404
        context = {
            **self.admin_site.each_context(request),
            "title": f"Historique : {row}",
            "opts": self.opts,
            "object": row,
            "versions": list_versions(*self.list_history_filters(row)),
            **(extra_context or {}),
        }
        return TemplateResponse(request, "admin/csirts/history.html", context)


class WideContactInline(admin.StackedInline):  # type: ignore[type-arg]
    """The contacts of a CSIRT, in fields as wide as the page. A whole remark can then be read without scrolling."""

    model = Contact
    formfield_overrides = FORM_FIELD_OVERRIDES

    def formfield_for_dbfield(self, db_field: Any, request: HttpRequest, **kwargs: Any) -> Any:
        if db_field.name in ("value", "note"):
            kwargs["widget"] = AdminTextInputWidget(attrs={"class": "vLargeTextField"})
        return super().formfield_for_dbfield(db_field, request, **kwargs)


class ContactInline(WideContactInline):
    """All contacts of a CSIRT, which the administrator may edit."""

    extra = 0
    add_text = "Ajouter une coordonnée"


class OwnContactInline(WideContactInline):
    """The contact of one `kind` of a CSIRT, which its lead may edit."""

    form: type[OwnContactForm]
    kind: ContactKind
    visibility_text: str
    max_num = 1

    def get_fieldsets(self, request: HttpRequest, obj: Any = None) -> Any:
        return [(None, {"fields": ["value", "note"], "description": self.visibility_text})]

    def get_queryset(self, request: HttpRequest) -> models.QuerySet[Contact]:
        return super().get_queryset(request).filter(kind=self.kind)

    def has_view_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Allow the person who leads the CSIRT. Allow a call without a row, which Django makes for the queryset."""
        return obj is None or is_lead_of(request, obj)

    has_add_permission = has_change_permission = has_delete_permission = has_view_permission


class HoursInline(OwnContactInline):
    """The opening hours of a CSIRT."""

    form = HoursForm
    verbose_name = verbose_name_plural = "horaires"
    visibility_text = "Montrés dans l’annuaire public et partout où le numéro du centre est donné."
    kind = ContactKind.HOURS


class DpoInline(OwnContactInline):
    """The data protection officer to whom declarants write, shown on the public page."""

    form = DpoForm
    verbose_name = verbose_name_plural = "délégué à la protection des données"
    visibility_text = "Montré sur la page publique « Vos données », avec la durée de conservation."
    kind = ContactKind.DPO


class SitesInline(OwnContactInline):
    """The sites whose links stay clickable in the centre's messages. Other addresses are shown as text."""

    form = SitesForm
    verbose_name = verbose_name_plural = "sites du centre"
    visibility_text = "Leurs liens restent cliquables dans les messages du centre ; les autres y sont écrits en texte."
    kind = ContactKind.SITES


class BackupCentreInline(admin.StackedInline):  # type: ignore[type-arg]
    model = BackupCentre
    formfield_overrides = FORM_FIELD_OVERRIDES
    fk_name = "csirt"
    extra = 0
    add_text = "Ajouter un centre de secours"


@admin.register(Csirt)
class CsirtAdmin(TracedAdmin):
    add_text = "Ajouter un centre de réponse (CSIRT)"
    list_display = ["name", "level", "phone", "has_channel", "is_active"]
    list_filter = ["level", "is_active"]
    search_fields = ["name", "slug"]
    fields = ["name", "slug", "level", "is_active", "notification_email"]

    def get_queryset(self, request: HttpRequest) -> models.QuerySet[Csirt]:
        csirts = super().get_queryset(request).prefetch_related("contacts")
        if can_edit_directory(request):
            return csirts
        return request.user.filter_led_centres(csirts)  # type: ignore[union-attr]

    def get_readonly_fields(self, request: HttpRequest, obj: Csirt | None = None) -> list[str]:
        """Return the read-only fields. The notification address is always read-only here, because the lead changes it
        on another page, which first sends a trial mail to the new address. Events name a centre by its slug, which
        never changes.
        """
        facts = [] if can_edit_directory(request) else ["name", "slug", "level", "is_active", "published_contacts"]
        return [*facts, "notification_email", *(["slug"] if obj else [])]

    def get_fields(self, request: HttpRequest, obj: Csirt | None = None) -> Any:
        """Return the fields. A lead also sees the published contacts, which only the administrator edits."""
        return self.fields if can_edit_directory(request) else [*self.fields, "published_contacts"]

    def get_form(self, request: HttpRequest, obj: Csirt | None = None, change: bool = False, **kwargs: Any) -> Any:
        return super().get_form(request, obj, change, help_texts={"notification_email": EMPTY_ADDRESS}, **kwargs)

    def get_fieldsets(self, request: HttpRequest, obj: Csirt | None = None) -> Any:
        """Return the only fieldset. Above its fields, the lead of the CSIRT sees a link to the page that changes the
        notification address.
        """
        words = "L’adresse de notification se change sur une page à part, qui l’essaie d’abord\N{NO-BREAK SPACE}:"
        link = format_html('{} <a href="{}">l’adresse de mon centre</a>.', words, reverse("centre_channel"))
        return [
            (None, {"fields": self.get_fields(request, obj), "description": link if is_lead_of(request, obj) else ""})
        ]

    def get_inlines(self, request: HttpRequest, obj: Csirt | None) -> list[Any]:
        return (
            [ContactInline, BackupCentreInline]
            if can_edit_directory(request)
            else [HoursInline, DpoInline, SitesInline]
        )

    def list_history_filters(self, row: Csirt) -> HistoryFilters:
        owned: HistoryFilters = [(model, {"csirt_id": row.pk}) for model in (Contact, Coverage, BackupCentre)]
        return [*super().list_history_filters(row), *owned]

    def save_model(self, request: HttpRequest, obj: Csirt, form: Any, change: bool) -> None:
        super().save_model(request, obj, form, change)
        if change and "is_active" in form.changed_data:
            messages.info(request, CASES_WILL_FOLLOW.format("ses territoires"))

    def save_related(self, request: HttpRequest, form: Any, formsets: Any, change: bool) -> None:
        super().save_related(request, form, formsets, change)
        if can_edit_directory(request) and form.instance.coverages.exists():
            warn_of_unready_centre(request, form.instance)

    @admin.display(description="coordonnées publiées")
    def published_contacts(self, csirt: Csirt) -> SafeString:
        """Return the contacts that only the administrator edits, with their sources, as HTML."""
        lines = [
            (f"{label}\N{NO-BREAK SPACE}: {value}", origin) for label, value, origin in list_sourced_contacts(csirt)
        ]
        contacts = format_html_join("", "<p>{} ({})</p>", lines)
        return contacts if csirt.phone else format_html("<p><b>{}</b></p>{}", NO_PHONE_FOR_LEAD, contacts)

    @admin.display(description="téléphone")
    def phone(self, csirt: Csirt) -> str:
        return format_phone(csirt.phone)

    @admin.display(description="canal réglé", boolean=True)
    def has_channel(self, csirt: Csirt) -> bool:
        """Tell whether the CSIRT has a notification address."""
        return bool(csirt.notification_email)


@admin.register(Coverage)
class CoverageAdmin(TracedAdmin):
    add_text = "Ajouter un territoire couvert"
    form = CoverageForm
    list_display = ["region", "departement", "kind", "csirt", "period", "source", "source_on"]
    list_filter = ["region__zone", "csirt"]
    list_select_related = ["region", "departement", "csirt"]
    fields = ["csirt", "region", "departement", "kind", "first_on", "last_on", "source", "source_on"]

    def save_model(self, request: HttpRequest, obj: Coverage, form: Any, change: bool) -> None:
        periods = [*Coverage.objects.filter(pk=obj.pk).values_list("valid", flat=True), obj.valid]
        super().save_model(request, obj, form, change)
        if ROUTING_FIELDS.intersection(form.changed_data) and is_any_current(*periods):
            messages.info(request, CASES_WILL_FOLLOW.format("ce territoire"))
        warn_of_unready_centre(request, obj.csirt)

    def delete_model(self, request: HttpRequest, obj: Coverage) -> None:
        super().delete_model(request, obj)
        if is_any_current(obj.valid):
            messages.info(request, CASES_WILL_FOLLOW.format("ce territoire"))

    @admin.display(description="période")
    def period(self, coverage: Coverage) -> str:
        return wording.format_validity(coverage.valid)
