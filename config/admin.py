"""The responders' admin: our AdminSite, and the lists of every ModelAdmin bounded by construction.

The apps below `config` may not import it, and need not: they register with Django's own @admin.register on plain
ModelAdmins. The site slips BoundedModelAdmin under each one as it registers it: what the app sets wins, and Django's
defaults, which count the whole table twice to show one page, are never reached.
"""

from __future__ import annotations  # Django's own classes take no [parameter] when the code runs

from typing import Any

from django.apps import apps
from django.contrib.admin import AdminSite, ModelAdmin, ShowFacets
from django.contrib.admin.helpers import ActionForm
from django.contrib.auth.decorators import login_not_required
from django.contrib.auth.views import redirect_to_login
from django.core.exceptions import PermissionDenied
from django.forms import Media, ModelForm
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils.decorators import method_decorator
from django.utils.text import capfirst
from django.utils.translation import gettext_lazy as _
from django.views.decorators.cache import never_cache

from accounts.access import leads_a_team
from accounts.models import User
from config.fresh import FreshForm, stamp_of
from config.lists import BoundedChangeList, BoundedPaginator
from incidents.models import Incident


class ChosenRowsForm(ActionForm):
    """An action bears on the rows that were ticked and seen, never on « all rows »."""

    def clean_select_across(self) -> bool:
        return False


OF_A_LIST = Media(js=["admin/js/actions.js"])


class BoundedModelAdmin(ModelAdmin):  # type: ignore[type-arg]
    """What a list costs does not grow with its table: no count, no facet, no sort but on columns that an app names."""

    paginator = BoundedPaginator
    show_full_result_count = False
    show_facets = ShowFacets.NEVER
    sortable_by = ()
    list_per_page = 50
    list_max_show_all = 0
    action_form = ChosenRowsForm

    def get_changelist(self, request: HttpRequest, **kwargs: Any) -> type[BoundedChangeList]:
        return BoundedChangeList

    def changelist_view(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> HttpResponse:
        """Not the scripts of Django's forms, of which one hears « unload », that browsers give up."""
        return super().changelist_view(request, {"media": OF_A_LIST} | (extra_context or {}))

    def get_form(self, request: HttpRequest, obj: Any = None, change: bool = False, **kwargs: Any) -> type[ModelForm]:  # type: ignore[type-arg]
        """Of a row that is there: a form that tells the second writer."""
        if obj is None:
            return super().get_form(request, obj, change, **kwargs)
        base = kwargs.pop("form", self.form)
        fresh: Any = type(base.__name__, (FreshForm, base), {})
        made: Any = super().get_form(request, obj, change, form=fresh, **kwargs)
        shown = [
            formset(instance=obj, queryset=inline.get_queryset(request))
            for formset, inline in self.get_formsets_with_inlines(request, obj)
        ]
        made.stands = stamp_of(made(instance=obj), shown)
        made.inlines_changed = lambda _form: self.inlines_changed(request, obj)
        return made  # type: ignore[no-any-return]

    def inlines_changed(self, request: HttpRequest, obj: Any) -> bool:
        formsets, _inlines = self._create_formsets(request, obj, change=True)  # type: ignore[attr-defined]
        return any(each.has_changed() for each in formsets)


# Whose rows nobody edits here: rights come from memberships, factors from the people who hold them.
NOT_OURS = ("django.contrib.auth.", "allauth.")
NO_PAGE_OF_OURS = ("view_on_site", "password_change_done")


class TocsinAdminSite(AdminSite):
    site_title = _("Tocsin")
    site_header = _("Tocsin")
    index_title = _("Répondre et administrer")
    enable_nav_sidebar = False  # the queue uses the whole width; the apps are in the header

    def __init__(self, name: str = "admin") -> None:
        super().__init__(name)
        self.disable_action("delete_selected")  # nothing here is deleted in bulk

    def register(
        self,
        model_or_iterable: Any,
        admin_class: type[ModelAdmin[Any]] | None = None,
        **options: Any,
    ) -> None:
        models = [model_or_iterable] if isinstance(model_or_iterable, type) else model_or_iterable
        ours = [model for model in models if not model.__module__.startswith(NOT_OURS)]
        super().register(ours, bounded(admin_class or BoundedModelAdmin), **options)

    def get_urls(self) -> list[Any]:
        """Without « view on site »: no page of ours is reached by the number of a table."""
        return [each for each in super().get_urls() if getattr(each, "name", "") not in NO_PAGE_OF_OURS]

    @method_decorator(never_cache)
    @method_decorator(login_not_required)
    def login(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> HttpResponse:
        """The admin has no door of its own: people come in by the one that asks for a second factor."""
        if not request.user.is_authenticated:
            return redirect_to_login(request.GET.get("next") or reverse("admin:index"))
        if not self.has_permission(request):
            raise PermissionDenied
        return redirect("admin:index")

    def password_change(  # type: ignore[override]  # a redirection
        self, request: HttpRequest, extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        """One page changes a password: the one that tells its person by mail."""
        return redirect("account_change_password")

    def index(  # type: ignore[override]  # or a redirection
        self, request: HttpRequest, extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        """The queue is the home page of whoever has one."""
        if self.has_queue(request):
            return redirect("admin:incidents_incident_changelist")
        return super().index(request, extra_context)

    def each_context(self, request: HttpRequest) -> dict[str, Any]:
        """With what the menu offers to a lead besides the rows: the figures and the people of its centre."""
        user = request.user
        return super().each_context(request) | {"is_lead": isinstance(user, User) and leads_a_team(user)}

    def get_app_list(self, request: HttpRequest, app_label: str | None = None) -> list[Any]:
        """The queue first, under the name of its page."""
        found = super().get_app_list(request, app_label)
        for app in found:
            app["models"].sort(key=lambda each: each["model"] is not Incident)
            for each in app["models"]:
                each["name"] = _("Dossiers") if each["model"] is Incident else each["name"]
        return sorted(found, key=lambda app: app["models"][0]["model"] is not Incident)

    def app_index(
        self, request: HttpRequest, app_label: str, extra_context: dict[str, Any] | None = None
    ) -> TemplateResponse:
        """Django's « Administration de » does not agree with the names of our apps."""
        title = capfirst(apps.get_app_config(app_label).verbose_name)
        return super().app_index(request, app_label, {"title": title} | (extra_context or {}))

    def has_queue(self, request: HttpRequest) -> bool:
        return self.is_registered(Incident) and self.get_model_admin(Incident).has_view_permission(request)


def bounded(admin_class: type[ModelAdmin[Any]]) -> type[ModelAdmin[Any]]:
    """The same class, with BoundedModelAdmin between it and Django's ModelAdmin."""
    if issubclass(admin_class, BoundedModelAdmin):
        return admin_class
    return type(admin_class.__name__, (admin_class, BoundedModelAdmin), {"__module__": admin_class.__module__})
