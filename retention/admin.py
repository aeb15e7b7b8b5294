"""The pages of the administration about retention: the durations that were chosen, and the certificates."""

from typing import Any

from django import forms
from django.contrib import admin, messages
from django.contrib.admin.widgets import AdminIntegerFieldWidget
from django.core.exceptions import PermissionDenied, ValidationError
from django.db.models import QuerySet
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseNotAllowed
from django.shortcuts import redirect
from django.urls import URLPattern, path, reverse
from django.utils import timezone
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.text import capfirst

from accounts.reauthentication import check_identity
from accounts.signed_in import get_account
from core.admin import ReadOnlyAdmin
from core.admin_forms import ConflictCheckedForm
from core.fields import PlainLineField
from core.french import format_day, format_number
from retention.announcements import write_day
from retention.certificates import format_certificate
from retention.choices import (
    check_duration,
    check_no_recent_notice,
    choose_duration,
    count_ended_by,
    is_shorter,
)
from retention.durations import find_months, load_chosen_months, spell_months
from retention.enums import DataKind
from retention.guard import consent_to_purge, end_pause
from retention.models import MAX_REASON, Destruction, RetentionChoice
from retention.overview import describe_purge
from retention.request_admin import DataRequestAdmin as DataRequestAdmin
from retention.table import KINDS, KINDS_BY_CODE

# The values of the buttons by which the administrator decides about the purge.
CONSENT, END_PAUSE = "detruire", "heure"


def list_choices() -> list[tuple[str, str]]:
    """Return the kinds whose duration can be chosen, each with its duration of today and its bounds. Runs one
    query.
    """
    chosen = load_chosen_months()
    return [
        (
            kind.code,
            f"{capfirst(kind.code.label)} : {spell_months(find_months(kind, chosen))} "
            f"({spell_months(kind.term.least)} à {spell_months(kind.term.most)})",
        )
        for kind in KINDS
        if kind.term
    ]


class RetentionChoiceForm(ConflictCheckedForm):
    """The form by which the administration chooses a duration. For a shorter one, it says how much will be destroyed
    and asks for this number.
    """

    number = forms.IntegerField(label="Nombre qui sera détruit", required=False, widget=forms.HiddenInput)
    reason = PlainLineField(
        label="Raison", max_length=MAX_REASON, help_text="Elle reste avec la durée, et son auteur."
    )

    class Meta:
        model = RetentionChoice
        fields = ["kind", "months", "reason"]

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["kind"] = forms.ChoiceField(label="Donnée", choices=list_choices)

    def clean(self) -> dict[str, Any]:
        """Refuse a duration outside the bounds of its kind, and a shorter one without the number that it destroys."""
        cleaned = super().clean()
        if "kind" in cleaned and "months" in cleaned:
            try:
                check_duration(DataKind(cleaned["kind"]), cleaned["months"])
                if is_shorter(DataKind(cleaned["kind"]), cleaned["months"]):
                    check_no_recent_notice(DataKind(cleaned["kind"]), timezone.now())
                    self.check_number(DataKind(cleaned["kind"]), cleaned["months"])
            except ValidationError as problem:
                self.add_error(None, problem)
        return cleaned

    def check_number(self, kind: DataKind, months: int) -> None:
        """Raise ValidationError and show the field of the number, unless it holds how much this duration destroys."""
        number = count_ended_by(KINDS_BY_CODE[kind], months)
        if number and self.cleaned_data.get("number") != number:
            self.fields["number"].widget = AdminIntegerFieldWidget()
            raise ValidationError(
                f"Cette durée est plus courte\N{NO-BREAK SPACE}: dans 30 jours, elle détruirait "
                f"{format_number(number)} lignes ({kind.label}). Pour la choisir, recopiez ce nombre."
            )


@admin.register(RetentionChoice)
class RetentionChoiceAdmin(ReadOnlyAdmin):
    """The durations that were chosen, newest first, and the form that chooses one after a proof of identity. A row is
    never changed: another choice takes its place.
    """

    when_empty = (
        "Aucune durée n’a été changée : celles de la page « Vos données » sont celles d’origine. Chaque durée choisie "
        "sera ici, avec sa raison."
    )
    add_text = "Choisir une durée"
    form = RetentionChoiceForm
    change_list_template = "retention/durations.html"
    list_display = ["chosen_at", "kind", "format_duration", "effective_at", "reason", "chosen_by"]

    def get_queryset(self, request: HttpRequest) -> QuerySet[Any]:
        return super().get_queryset(request).select_related("chosen_by")

    def get_urls(self) -> list[URLPattern]:
        wrap = self.admin_site.admin_view
        return [
            *super().get_urls(),
            path("add/", wrap(self.add_view), name="retention_retentionchoice_add"),
            path("confirmer/", wrap(self.consent_view), name="retention_retentionchoice_consent"),
        ]

    def changelist_view(self, request: HttpRequest, extra_context: Any = None) -> HttpResponse:
        context = {"purge": describe_purge(), "may_consent": self.has_add_permission(request)}
        return super().changelist_view(request, context | (extra_context or {}))

    def consent_view(self, request: HttpRequest) -> HttpResponse:
        """Let the purge end what is due, or end its pause, as the button says, after a proof of identity. Then
        redirect to the list.
        """
        if not self.has_add_permission(request):
            raise PermissionDenied
        if request.method != "POST":
            return HttpResponseNotAllowed(["POST"])
        check_identity(request)
        overview = describe_purge()
        if request.POST.get("acte") == END_PAUSE and overview.awaits_clock:
            end_pause(get_account(request))
            messages.success(request, "C’est noté. La purge reprend.")
        elif request.POST.get("acte") == CONSENT and overview.awaits_consent:
            start = consent_to_purge(get_account(request))
            messages.success(
                request, f"Ce qui est échu sera détruit à partir du {write_day(start)}. Les centres sont prévenus."
            )
        else:
            messages.warning(request, "Rien n’a été fait\N{NO-BREAK SPACE}: la purge n’attend pas cette décision.")
        return redirect("admin:retention_retentionchoice_changelist")

    def has_add_permission(self, request: HttpRequest) -> bool:
        return request.user.has_perm("retention.add_retentionchoice")

    def add_view(self, request: HttpRequest, form_url: str = "", extra_context: Any = None) -> HttpResponse:
        check_identity(request)
        return super().add_view(request, form_url or request.get_full_path(), extra_context)

    def save_model(self, request: HttpRequest, obj: RetentionChoice, form: Any, change: bool) -> None:
        saved = choose_duration(
            kind=DataKind(obj.kind), months=obj.months, reason=obj.reason, actor=get_account(request)
        )
        obj.pk, obj.effective_at = saved.pk, saved.effective_at

    def response_add(self, request: HttpRequest, obj: RetentionChoice, post_url_continue: Any = None) -> HttpResponse:
        """Redirect to the list: a row has no page."""
        if obj.effective_at <= timezone.now():
            messages.success(request, "Durée choisie. La purge la suit dès maintenant.")
        else:
            day = write_day(obj.effective_at)
            messages.success(request, f"Durée choisie. Elle compte à partir du {day}. Les centres sont prévenus.")
        return self.response_post_save_add(request, obj)

    @admin.display(description="durée")
    def format_duration(self, choice: RetentionChoice) -> str:
        return spell_months(choice.months)


@admin.register(Destruction)
class DestructionAdmin(ReadOnlyAdmin):
    """The certificates of destruction, newest first, each with its text to download."""

    when_empty = (
        "Rien n’est encore arrivé à son terme : chaque nuit qui détruit quelque chose aura son attestation ici."
    )
    ordering = ["-number"]
    list_display = ["number", "sealed_at", "kind", "format_count", "format_range", "format_download"]
    list_filter = ["kind"]

    def get_queryset(self, request: HttpRequest) -> QuerySet[Any]:
        return super().get_queryset(request).filter(number__isnull=False)

    def get_urls(self) -> list[URLPattern]:
        view = self.admin_site.admin_view(self.download_certificate)
        name = "retention_destruction_certificate"
        return [*super().get_urls(), path("<int:number>/attestation.txt", view, name=name)]

    def download_certificate(self, request: HttpRequest, number: int) -> HttpResponse:
        """Send the text of a certificate."""
        if not self.has_view_permission(request):
            raise PermissionDenied
        row = self.get_queryset(request).filter(number=number).first()
        if row is None:
            raise Http404
        headers = {"Content-Disposition": f'attachment; filename="attestation-{number}.txt"'}
        return HttpResponse(format_certificate(row), content_type="text/plain; charset=utf-8", headers=headers)

    @admin.display(description="nombre")
    def format_count(self, row: Destruction) -> str:
        return format_number(row.count)

    @admin.display(description="durée comptée depuis")
    def format_range(self, row: Destruction) -> str:
        """Return the days between which the duration of these data began."""
        first, last = format_day(row.first_at), format_day(row.last_at)
        return first if first == last else f"{first} à {last}"

    @admin.display(description="attestation")
    def format_download(self, row: Destruction) -> SafeString:
        address = reverse("admin:retention_destruction_certificate", args=[row.number])
        return format_html('<a href="{}">Télécharger l’attestation {}</a>', address, row.number)
