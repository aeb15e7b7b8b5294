"""The admin pages of the bodies, on which the administrator of the platform may only correct a body's région."""

from __future__ import annotations  # Django’s own classes take no [parameter] at run time

from typing import Any

from django import forms
from django.contrib import admin, messages
from django.db import models
from django.db.models import Case, IntegerField, QuerySet, Value, When
from django.http import HttpRequest

from collectivities.models import Collectivity
from collectivities.search import SearchProblem, find_collectivities
from collectivities.services import correct_region
from core.admin import BoundedModelAdmin
from core.admin_forms import ConflictCheckedForm
from core.fields import PlainLineField

MAX_MATCHES = 50
LISTED_FIELDS = [
    *["name", "kind", "siren", "insee_code", "population", "postal_codes", "departement", "region"],
    *["millesime", "appeared_on", "vanished_on", "merged_into", "seat", "declared_at", "confirmed_at"],
]
CORRECTION_FIELDS = ["region_correction", "region_correction_note"]


class RegionCorrectionForm(ConflictCheckedForm):
    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or {}
        if cleaned.get("region_correction") and not cleaned.get("region_correction_note"):
            self.add_error("region_correction_note", "Dites pourquoi : d’autres s’appuieront sur cette correction.")
        return cleaned


class ConfirmationFilter(admin.SimpleListFilter):
    """The filter of the bodies that somebody added and that nobody has confirmed yet."""

    title = "confirmation"
    parameter_name = "confirmation"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, Any]]:
        return [("non", "à confirmer")]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Collectivity]) -> QuerySet[Collectivity]:
        waiting = Collectivity.objects.to_confirm().values("pk")
        return queryset.filter(pk__in=waiting) if self.value() else queryset


@admin.register(Collectivity)
class CollectivityAdmin(BoundedModelAdmin):
    """The admin pages of the bodies. Only the correction of a body's région and the reason for it can be edited."""

    form = RegionCorrectionForm
    formfield_overrides = {models.CharField: {"form_class": PlainLineField}}
    list_display = ["__str__", "kind", "get_list_status", "departement", "region", "population", "siren", "insee_code"]
    list_filter = ["kind", ConfirmationFilter]
    search_fields = ["name"]  # shows the search box; get_search_results does the search
    search_help_text = "Nom, code postal, code INSEE, SIREN ou SIRET ; un département peut suivre le nom."
    fields = [*LISTED_FIELDS, *CORRECTION_FIELDS, "region_correction_on"]
    readonly_fields = [*LISTED_FIELDS, "region_correction_on"]

    def get_queryset(self, request: HttpRequest) -> QuerySet[Collectivity]:
        return super().get_queryset(request).select_related("departement", "region", "region_correction")

    @admin.display(description="liste")
    def get_list_status(self, body: Collectivity) -> str:
        """Return « officielle » for a body of the official list, or else « à confirmer » or « ajoutée »."""
        if body.is_listed:
            return "officielle"
        return "à confirmer" if body.is_unconfirmed and not body.vanished_on else "ajoutée"

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet[Collectivity], search_term: str
    ) -> tuple[QuerySet[Collectivity], bool]:
        """Search as the public page does, by a name with typing errors or by a code. The best match comes first."""
        if not search_term.strip():
            return queryset, False
        try:
            ids = [body.pk for body in find_collectivities(search_term, limit=MAX_MATCHES, unconfirmed=True)]
        except SearchProblem as problem:
            self.message_user(request, str(problem), messages.ERROR)
            return queryset.none(), False
        best = Case(*(When(pk=pk, then=Value(rank)) for rank, pk in enumerate(ids)), output_field=IntegerField())
        return (queryset.filter(pk__in=ids).order_by(best) if ids else queryset.none()), False

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Collectivity | None = None) -> bool:
        return False

    def save_model(self, request: HttpRequest, obj: Collectivity, form: forms.Form, change: bool) -> None:
        region, note = obj.region_correction, obj.region_correction_note
        correct_region(collectivity=obj, region=region, note=note, by=request.user)
