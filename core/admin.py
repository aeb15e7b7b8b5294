"""The base of every ModelAdmin: its lists cost the same at any size, and its forms do not overwrite what somebody else
changed meanwhile. The site of `config/admin.py` refuses an admin without it.
"""

from __future__ import annotations  # Django's own classes take no [parameter] at run time

from typing import Any

from django.contrib.admin import ModelAdmin, ShowFacets
from django.contrib.admin.helpers import ActionForm
from django.core.exceptions import FieldDoesNotExist
from django.db.models import Model
from django.db.models.constants import LOOKUP_SEP
from django.forms import Media, ModelForm
from django.http import HttpRequest, HttpResponse
from django.urls import URLPattern, path

from core.admin_forms import ConflictCheckedForm, make_stamp
from core.admin_lists import BoundedChangeList, BoundedPaginator


class ChosenRowsForm(ActionForm):
    """The form of the admin's actions. An action applies to the ticked rows only.

    Django's link to select all rows has no effect.
    """

    def clean_select_across(self) -> bool:
        return False


LIST_MEDIA = Media(js=["admin/js/actions.js"])


class BoundedModelAdmin(ModelAdmin):  # type: ignore[type-arg]
    """The base of all model admins. The cost of its lists does not depend on the size of the table.

    A list counts no rows, shows no facets, uses keyset pages, and sorts only by the columns that a subclass allows. A
    subclass with a form of its own derives that form from ConflictCheckedForm.
    """

    form = ConflictCheckedForm
    add_text = "Ajouter"
    paginator = BoundedPaginator
    show_full_result_count = False
    show_facets = ShowFacets.NEVER
    sortable_by = ()
    list_per_page = 50
    list_max_show_all = 0
    action_form = ChosenRowsForm

    def to_field_allowed(self, request: HttpRequest, to_field: str) -> bool:
        """Allow `_to_field` to name the primary key only, which the autocomplete fields need.

        No form of ours refers to another column. Django would look up a column that other models point to, and fail
        on the name of a relation (« ?_to_field=story »).
        """
        return to_field in ("pk", self.opts.pk.name)

    def lookup_allowed(self, lookup: str, value: str, request: HttpRequest) -> bool:
        """Allow a list to be filtered only by the filters that it shows.

        Django alone also allows each field of the model and each relation that leads to it: « ?incident=12 » on the
        list of bodies would tell an administrator who declared this case.
        """
        try:
            self.opts.get_field(lookup.partition(LOOKUP_SEP)[0])
        except FieldDoesNotExist:  # the parameter of a filter that is no field, or a name that Django ignores
            return super().lookup_allowed(lookup, value, request)
        fields = [name for name in self.get_list_filter(request) if isinstance(name, str)]
        is_shown = any(lookup == name or lookup.startswith(f"{name}{LOOKUP_SEP}") for name in fields)
        return is_shown and super().lookup_allowed(lookup, value, request)

    def get_changelist(self, request: HttpRequest, **kwargs: Any) -> type[BoundedChangeList]:
        return BoundedChangeList

    def changelist_view(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> HttpResponse:
        """Return the list page, with the script of the actions as its only script.

        Django's form scripts are left out, because one of them listens to the deprecated « unload » event.
        """
        return super().changelist_view(request, {"media": LIST_MEDIA} | (extra_context or {}))

    def get_form(self, request: HttpRequest, obj: Any = None, change: bool = False, **kwargs: Any) -> type[ModelForm]:  # type: ignore[type-arg]
        """Return the form class. For an existing row, it carries the stamp that `ConflictCheckedForm` compares."""
        form_class: Any = super().get_form(request, obj, change, **kwargs)
        if obj is not None:
            formsets = [
                formset(instance=obj, queryset=inline.get_queryset(request))
                for formset, inline in self.get_formsets_with_inlines(request, obj)
            ]
            form_class.current_stamp = make_stamp(form_class(instance=obj), formsets)
            form_class.has_changed_inlines = lambda _form: self.has_changed_inlines(request, obj)
        return form_class  # type: ignore[no-any-return]

    def has_changed_inlines(self, request: HttpRequest, obj: Any) -> bool:
        """Tell whether the submitted inline forms differ from their rows."""
        formsets, _inlines = self._create_formsets(request, obj, change=True)  # type: ignore[attr-defined]
        return any(formset.has_changed() for formset in formsets)


class ReadOnlyAdmin(BoundedModelAdmin):
    """A list of rows that nobody can add, change or delete."""

    list_display_links = None
    ordering = ["-id"]
    actions = None

    def get_urls(self) -> list[URLPattern]:
        """Return the URL of the list only, so that no row has a page."""
        name = f"{self.opts.app_label}_{self.opts.model_name}_changelist"
        return [path("", self.admin_site.admin_view(self.changelist_view), name=name)]

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return False
