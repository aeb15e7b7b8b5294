"""The requests of people about their data: each with the proof of who asked, and its answer within a month."""

from datetime import date
from typing import Any

from django import forms
from django.contrib import admin
from django.core.exceptions import ValidationError
from django.db.models import Q, QuerySet
from django.http import Http404, HttpRequest
from django.urls import URLPattern, path
from django.utils import timezone

from accounts.access import list_centres
from accounts.enums import CentreAbility
from accounts.models import User
from accounts.signed_in import get_account
from core.admin import BoundedModelAdmin
from core.admin_forms import ConflictCheckedForm
from core.fields import PlainLineField
from core.french import format_day
from incidents.models import Incident
from retention.durations import subtract_months
from retention.enums import RequestOutcome
from retention.models import FIRST_DAY, DataRequest

FIELDS_OF_REQUEST = ["csirt", "kind", "received_on", "reference", "asker", "proof"]
FIELDS_OF_ANSWER = ["outcome", "answer"]
FIELDS_OF_TRACE = ["format_taker", "taken_at", "answer_by"]
FIELDS_OF_ANSWERER = ["format_answerer", "answered_at"]
FIELDS_OF_CASE = ("csirt", "reference")
WAITING = "attend"


class DataRequestForm(ConflictCheckedForm):
    """The form of a request. A new one takes what was asked, and an existing one its answer."""

    asker = PlainLineField(label="Qui demande", max_length=120)

    class Meta:
        model = DataRequest
        fields = [*FIELDS_OF_REQUEST, *FIELDS_OF_ANSWER]

    user: User  # who fills it in; the admin sets it

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if "csirt" in self.fields:
            centres = list_centres(self.user, CentreAbility.LEAD)
            self.fields["csirt"] = forms.ModelChoiceField(
                centres, label="Centre qui répond", initial=centres.first(), empty_label=None
            )

    def clean_received_on(self) -> date:
        """Refuse a day to come, and one before the GDPR."""
        day: date = self.cleaned_data["received_on"]
        if not FIRST_DAY <= day <= timezone.localdate():
            raise ValidationError(f"Écrivez un jour entre le {format_day(FIRST_DAY)} et aujourd’hui.")
        return day

    def clean_reference(self) -> str:
        """Refuse a reference that is not of a case of the centre that answers."""
        reference: str = self.cleaned_data["reference"].replace("-", "").replace(" ", "").upper()
        cases = Incident.objects.of_centres(self.user, CentreAbility.LEAD).filter(csirt=self.cleaned_data.get("csirt"))
        if reference and not cases.filter(reference=reference).exists():
            raise ValidationError("Aucun dossier de ce centre n’a cette référence.")
        return reference

    def clean(self) -> dict[str, Any]:
        """Refuse an answer without its outcome, and an outcome without what was done."""
        cleaned = super().clean()
        if self.instance.pk and not (cleaned.get("outcome") and cleaned.get("answer", "").strip()):
            raise ValidationError("Choisissez la suite, et écrivez ce qui a été fait ou pourquoi non.")
        return cleaned


class StateFilter(admin.SimpleListFilter):
    """The filter of a list of requests: those that wait for their answer, or those with this outcome."""

    title = "suite"
    parameter_name = "suite"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        return [(WAITING, "à répondre"), *RequestOutcome.choices]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        value = self.value()
        return queryset if value is None else queryset.filter(outcome="" if value == WAITING else value)


@admin.register(DataRequest)
class DataRequestAdmin(BoundedModelAdmin):
    """The requests that this person answers: of the centres that they lead, or about accounts for the administrator.
    An answered request is never changed, and none is removed before its time.
    """

    when_empty = (
        "Aucune demande n’est notée. Quand une personne demande à lire, à corriger ou à effacer ce qui la concerne, "
        "notez-la ici, avec la preuve de son identité : la date limite de la réponse vient d’elle-même."
    )
    add_text = "Noter une demande"
    form = DataRequestForm
    actions = None
    list_display = ["received_on", "kind", "asker", "reference", "format_due", "outcome", "answered_at"]
    list_filter = [StateFilter]
    ordering = ["-id"]

    def get_urls(self) -> list[URLPattern]:
        """Return the URLs of the list, of the two forms and of the history of a request."""
        wrap, name = self.admin_site.admin_view, "retention_datarequest_{}".format
        return [
            path("", wrap(self.changelist_view), name=name("changelist")),
            path("add/", wrap(self.add_view), name=name("add")),
            path("<str:object_id>/change/", wrap(self.change_view), name=name("change")),
            path("<str:object_id>/history/", wrap(self.history_view), name=name("history")),
        ]

    def get_queryset(self, request: HttpRequest) -> QuerySet[Any]:
        user = get_account(request)
        own = Q(csirt__in=list_centres(user, CentreAbility.LEAD)) if user.leads_any_centre else Q(csirt=None)
        rows: QuerySet[Any] = super().get_queryset(request).filter(own)
        return rows if self.has_view_permission(request) else rows.none()

    def get_object(self, request: HttpRequest, object_id: str, from_field: str | None = None) -> DataRequest:
        """Return the request. Raises Http404 for one that somebody else answers."""
        row: DataRequest | None = super().get_object(request, object_id, from_field)
        if row is None:
            raise Http404
        return row

    def get_fields(self, request: HttpRequest, obj: DataRequest | None = None) -> Any:
        """Return the fields that this person sees. The administrator has no case, and a new request has no answer."""
        hidden = () if get_account(request).leads_any_centre else FIELDS_OF_CASE
        fields = [name for name in FIELDS_OF_REQUEST if name not in hidden]
        if obj is None:
            return fields
        return [*fields, *FIELDS_OF_TRACE, *FIELDS_OF_ANSWER, *(FIELDS_OF_ANSWERER if obj.answered_at else [])]

    def get_readonly_fields(self, request: HttpRequest, obj: DataRequest | None = None) -> list[str]:
        """Return what was asked, once it is noted."""
        return [*FIELDS_OF_REQUEST, *FIELDS_OF_TRACE, *FIELDS_OF_ANSWERER] if obj else []

    def get_form(self, request: HttpRequest, obj: Any = None, change: bool = False, **kwargs: Any) -> Any:
        form_class: Any = super().get_form(request, obj, change, **kwargs)
        form_class.user = get_account(request)
        return form_class

    def save_model(self, request: HttpRequest, obj: DataRequest, form: Any, change: bool) -> None:
        """Save a new request with its time limit of one month (GDPR, article 12, paragraph 3), or its answer."""
        if change:
            obj.answered_by, obj.answered_at = get_account(request), timezone.now()
        else:
            obj.taken_by, obj.answer_by = get_account(request), subtract_months(obj.received_on, -1)
        super().save_model(request, obj, form, change)

    def has_change_permission(self, request: HttpRequest, obj: DataRequest | None = None) -> bool:
        """Tell whether this person may answer: nobody may once the answer is given."""
        is_answered = obj is not None and obj.answered_at is not None
        return not is_answered and super().has_change_permission(request, obj)

    @admin.display(description="à répondre avant le")
    def format_due(self, row: DataRequest) -> str:
        """Return the last day for the answer, and that it has passed without one."""
        is_late = row.answered_at is None and row.answer_by < timezone.localdate()
        return f"{format_day(row.answer_by)}{', en retard' if is_late else ''}"

    @admin.display(description="notée par")
    def format_taker(self, row: DataRequest) -> str:
        """Return the name alone: Django would lead to the account, whose page most people may not open."""
        return str(row.taken_by)

    @admin.display(description="répondue par")
    def format_answerer(self, row: DataRequest) -> str:
        return str(row.answered_by)

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False
