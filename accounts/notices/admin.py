"""The admin page of what the installation says of itself on its legal pages."""

from datetime import date, timedelta
from typing import Any

from django.contrib import admin
from django.contrib.admin.widgets import AdminTextInputWidget
from django.core.exceptions import PermissionDenied, ValidationError
from django.db import models
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils import timezone
from django.utils.text import capfirst

from accounts.installation import clear_installation_cache
from accounts.models import SiteNotice
from core.admin_forms import ConflictCheckedForm
from core.fields import DayField, PlainLineField
from csirts.admin import TracedAdmin

# RFC 9116, 2.5.5, recommends less than a year, so that an address that nobody reads any more is not trusted for long.
LONGEST_LIFE = timedelta(days=365)
HELP_TEXTS = {
    "publisher": "L’organisme qui publie ce site, comme il se nomme dans ses actes.",
    "director": "Sa fonction, et le nom que la loi demande.",
    "dpo_contact": "De l’éditeur\N{NO-BREAK SPACE}: une adresse mail, une page ou une adresse postale.",
    "data_transfers": "Les pays et les garanties, ou «\N{NO-BREAK SPACE}Aucun\N{NO-BREAK SPACE}».",
    "accessibility_result": (
        "Le taux, le référentiel et qui l’a fait\N{NO-BREAK SPACE}: 62\N{NO-BREAK SPACE}% des critères du "
        "RGAA\N{NO-BREAK SPACE}4.1, par la direction du numérique."
    ),
    "accessibility_gaps": (
        "Non-conformités, dérogations pour charge disproportionnée et contenus exemptés, avec leurs raisons. Vide si "
        "tout est conforme."
    ),
    "accessibility_contact": "Une adresse mail, ou celle d’un formulaire en https://.",
    "security_contact": "Une adresse mail que quelqu’un lit, ou celle d’un formulaire en https://.",
    "security_expires_on": (
        "Un an au plus. Vérifiez alors que ce contact est encore lu, et donnez une autre date\N{NO-BREAK SPACE}: le "
        "contrôle du déploiement refuse une date passée."
    ),
}
WIDE_LINE: dict[str, Any] = {
    "form_class": PlainLineField,
    "widget": AdminTextInputWidget(attrs={"class": "vLargeTextField"}),
}
FIELDSETS: dict[str, Any] = {
    "Éditeur": ["publisher", "publisher_address", "publisher_phone", "director"],
    "Hébergeur": ["host", "host_address", "host_phone"],
    "Données personnelles": ["dpo_contact", "data_transfers"],
    "Accessibilité": [
        *("accessibility_state", "accessibility_audited_on", "accessibility_result", "accessibility_gaps"),
        *("accessibility_scheme", "accessibility_contact"),
    ],
    "Sécurité": ["security_contact", "security_expires_on"],
}


class SiteNoticeForm(ConflictCheckedForm):
    """The form of the notices. A mail address becomes a link, and days must make sense today."""

    accessibility_audited_on = DayField(needs_year=True, required=False, label="Date du dernier audit d’accessibilité")
    security_expires_on = DayField(
        needs_year=True,
        required=False,
        label="Dernier jour de security.txt",
        help_text=HELP_TEXTS["security_expires_on"],
    )

    def clean_accessibility_contact(self) -> str:
        return make_contact_address(self.cleaned_data["accessibility_contact"])

    def clean_security_contact(self) -> str:
        return make_contact_address(self.cleaned_data["security_contact"])

    def clean_accessibility_audited_on(self) -> date | None:
        day: date | None = self.cleaned_data["accessibility_audited_on"]
        if day and day > timezone.localdate():
            raise ValidationError("Cette date est à venir.")
        return day

    def clean_security_expires_on(self) -> date | None:
        day: date | None = self.cleaned_data["security_expires_on"]
        today = timezone.localdate()
        if day and not today <= day <= today + LONGEST_LIFE:
            raise ValidationError("Donnez un jour à venir, dans un an au plus.")
        return day


def make_contact_address(contact: str) -> str:
    """Return the contact as the address of a link. A mail address gets the scheme that it lacks."""
    return f"mailto:{contact}" if "@" in contact and ":" not in contact else contact


@admin.register(SiteNotice)
class SiteNoticeAdmin(TracedAdmin):
    """The page of the one row, which is neither added nor deleted."""

    form = SiteNoticeForm
    formfield_overrides = {models.CharField: WIDE_LINE}
    actions = None
    fieldsets = [(title, {"fields": fields}) for title, fields in FIELDSETS.items()]

    def changelist_view(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        """Redirect to the only row. Raises PermissionDenied unless the person may see it."""
        if not self.has_view_permission(request):
            raise PermissionDenied
        return redirect("admin:accounts_sitenotice_change", 1)

    def changeform_view(
        self,
        request: HttpRequest,
        object_id: str | None = None,
        form_url: str = "",
        extra_context: dict[str, Any] | None = None,
    ) -> Any:
        title = {"title": capfirst(self.opts.verbose_name), "subtitle": None}
        return super().changeform_view(request, object_id, form_url, title | (extra_context or {}))

    def get_form(
        self, request: HttpRequest, obj: SiteNotice | None = None, change: bool = False, **kwargs: Any
    ) -> Any:
        return super().get_form(request, obj, change, help_texts=HELP_TEXTS, **kwargs)

    def save_model(self, request: HttpRequest, obj: SiteNotice, form: Any, change: bool) -> None:
        super().save_model(request, obj, form, change)
        clear_installation_cache()

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: models.Model | None = None) -> bool:
        return False
