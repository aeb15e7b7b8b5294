"""The official list, read by the administrator of the platform, who may correct a region and nothing else."""

from typing import Any

from django.contrib import admin
from django.db.models import Case, IntegerField, QuerySet, Value, When
from django.http import HttpRequest

from collectivities.models import Collectivity
from collectivities.search import SearchProblem, find_collectivities

FOUND = 50
FROM_THE_LIST = [
    *["name", "kind", "siren", "insee_code", "population", "postal_codes", "departement", "region"],
    *["millesime", "vanished_on", "merged_into"],
]


@admin.register(Collectivity)
class CollectivityAdmin(admin.ModelAdmin):  # type: ignore[type-arg]  # Django's class takes no parameter at run time
    """A row comes from the import; what a person decides is the région that answers for it."""

    list_display = ["__str__", "kind", "departement", "region", "population", "siren", "insee_code"]
    list_filter = ["kind"]
    search_fields = ["name"]
    fields = [*FROM_THE_LIST, "region_correction", "region_correction_note", "region_correction_on"]
    readonly_fields = FROM_THE_LIST

    def get_queryset(self, request: HttpRequest) -> QuerySet[Collectivity]:
        return super().get_queryset(request).select_related("departement", "region", "region_correction")

    def get_search_results(self, request: HttpRequest, queryset: Any, search_term: str) -> tuple[Any, bool]:
        """The search of the public page: names with typing errors, and codes. The best match first."""
        if not search_term.strip():
            return queryset, False
        try:
            ids = [body.pk for body in find_collectivities(search_term, limit=FOUND)]
        except SearchProblem:
            return queryset.none(), False
        best = Case(*(When(pk=pk, then=Value(rank)) for rank, pk in enumerate(ids)), output_field=IntegerField())
        return (queryset.filter(pk__in=ids).order_by(best) if ids else queryset.none()), False

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Collectivity | None = None) -> bool:
        return False
