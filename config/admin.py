"""The admin of the responders: our AdminSite, which bounds the cost of the lists of every ModelAdmin.

The apps below `config` must not import it and need not: they use Django's own @admin.register on plain ModelAdmins. On
registration the site puts BoundedModelAdmin between each class and Django's ModelAdmin. The values that an app sets
take precedence; Django's defaults, which count the whole table twice for one page, are never used.
"""

from __future__ import annotations  # Django's own classes take no [parameter] at run time

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
from django.views.decorators.cache import never_cache

from accounts.access import leads_a_team
from accounts.models import User
from config.admin_forms import FreshForm, make_stamp
from config.admin_lists import BoundedChangeList, BoundedPaginator
from incidents.models import Incident


class ChosenRowsForm(ActionForm):
    """Limits an action to the rows that were ticked. Django's link « all rows » of the list has no effect."""

    def clean_select_across(self) -> bool:
        return False


LIST_MEDIA = Media(js=["admin/js/actions.js"])


class BoundedModelAdmin(ModelAdmin):  # type: ignore[type-arg]
    """Makes the cost of a list independent of its table: no count, no facets, and sorting only by columns
    that an app names.
    """

    add_text = "Ajouter"
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
        """Load only the script of actions, without Django's form scripts, because one of these listens to the
        deprecated « unload ».
        """
        return super().changelist_view(request, {"media": LIST_MEDIA} | (extra_context or {}))

    def get_form(self, request: HttpRequest, obj: Any = None, change: bool = False, **kwargs: Any) -> type[ModelForm]:  # type: ignore[type-arg]
        """Return the form. The form of an existing row refuses to overwrite what somebody else changed meanwhile
        (`FreshForm`).
        """
        if obj is None:
            return super().get_form(request, obj, change, **kwargs)
        base = kwargs.pop("form", self.form)
        fresh_class: Any = type(base.__name__, (FreshForm, base), {})
        form_class: Any = super().get_form(request, obj, change, form=fresh_class, **kwargs)
        formsets = [
            formset(instance=obj, queryset=inline.get_queryset(request))
            for formset, inline in self.get_formsets_with_inlines(request, obj)
        ]
        form_class.current_stamp = make_stamp(form_class(instance=obj), formsets)
        form_class.inlines_changed = lambda _form: self.inlines_changed(request, obj)
        return form_class  # type: ignore[no-any-return]

    def inlines_changed(self, request: HttpRequest, obj: Any) -> bool:
        """Tell whether the submitted inlines differ from their rows."""
        formsets, _inlines = self._create_formsets(request, obj, change=True)  # type: ignore[attr-defined]
        return any(formset.has_changed() for formset in formsets)


# Models that nobody edits here: roles give the permissions, and each person enrols their own second factors.
FOREIGN_MODULES = ("django.contrib.auth.", "allauth.")
UNUSED_PAGES = ("view_on_site", "password_change_done")


class TocsinAdminSite(AdminSite):
    site_title = "Tocsin"
    site_header = "Tocsin"
    index_title = "Répondre et administrer"
    enable_nav_sidebar = False  # the queue uses the whole width, and the header lists the apps

    def __init__(self, name: str = "admin") -> None:
        super().__init__(name)
        self.disable_action("delete_selected")  # nothing is deleted in bulk

    def register(
        self,
        model_or_iterable: Any,
        admin_class: type[ModelAdmin[Any]] | None = None,
        **options: Any,
    ) -> None:
        models = [model_or_iterable] if isinstance(model_or_iterable, type) else model_or_iterable
        own_models = [model for model in models if not model.__module__.startswith(FOREIGN_MODULES)]
        super().register(own_models, make_bounded_class(admin_class or BoundedModelAdmin), **options)

    def get_urls(self) -> list[Any]:
        """Return the URLs of the admin without `UNUSED_PAGES`, which are the ones that no page links to."""
        return [pattern for pattern in super().get_urls() if getattr(pattern, "name", "") not in UNUSED_PAGES]

    @method_decorator(never_cache)
    @method_decorator(login_not_required)
    def login(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> HttpResponse:
        """Redirect to the sign-in page of the site, which asks for the second factor. Raises PermissionDenied for an
        account without access to the admin.
        """
        if not request.user.is_authenticated:
            return redirect_to_login(request.GET.get("next") or reverse("admin:index"))
        if not self.has_permission(request):
            raise PermissionDenied
        return redirect("admin:index")

    def password_change(  # type: ignore[override]  # a redirection
        self, request: HttpRequest, extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        """Redirect to the account page, which tells the user by mail that the password changed."""
        return redirect("account_change_password")

    def index(  # type: ignore[override]  # or a redirection
        self, request: HttpRequest, extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        """Redirect users who may see cases to the queue."""
        if self.has_queue(request):
            return redirect("admin:incidents_incident_changelist")
        return super().index(request, extra_context)

    def each_context(self, request: HttpRequest) -> dict[str, Any]:
        """Add to the context whether the user leads a centre, for the menu."""
        user = request.user
        return super().each_context(request) | {"is_lead": isinstance(user, User) and leads_a_team(user)}

    def get_app_list(self, request: HttpRequest, app_label: str | None = None) -> list[Any]:
        """Return the apps with the queue first, under the title of its page."""
        app_list = super().get_app_list(request, app_label)
        for app in app_list:
            app["models"].sort(key=lambda entry: entry["model"] is not Incident)
            for entry in app["models"]:
                entry["name"] = "Dossiers" if entry["model"] is Incident else entry["name"]
        return sorted(app_list, key=lambda app: app["models"][0]["model"] is not Incident)

    def app_index(
        self, request: HttpRequest, app_label: str, extra_context: dict[str, Any] | None = None
    ) -> TemplateResponse:
        """Use the name of the app as the title of the page, because Django's « Administration de » does not agree with
        our names.
        """
        title = capfirst(apps.get_app_config(app_label).verbose_name)
        return super().app_index(request, app_label, {"title": title} | (extra_context or {}))

    def has_queue(self, request: HttpRequest) -> bool:
        return self.is_registered(Incident) and self.get_model_admin(Incident).has_view_permission(request)


def make_bounded_class(admin_class: type[ModelAdmin[Any]]) -> type[ModelAdmin[Any]]:
    """Return the class with BoundedModelAdmin between it and Django's ModelAdmin."""
    if issubclass(admin_class, BoundedModelAdmin):
        return admin_class
    return type(admin_class.__name__, (admin_class, BoundedModelAdmin), {"__module__": admin_class.__module__})
