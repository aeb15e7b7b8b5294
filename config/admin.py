"""The site of the admin: its sign-in, its menu, and what it requires of each ModelAdmin."""

from __future__ import annotations  # Django's own classes take no [parameter] at run time

from typing import Any

from django.apps import apps
from django.contrib.admin import AdminSite, ModelAdmin
from django.contrib.auth.decorators import login_not_required
from django.contrib.auth.views import redirect_to_login
from django.core.exceptions import ImproperlyConfigured, PermissionDenied
from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import redirect
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils.decorators import method_decorator
from django.utils.text import capfirst
from django.views.decorators.cache import never_cache

from accounts.installation import load_notice
from accounts.models import User
from accounts.views.sign_in import SignOutView
from core.admin import BoundedModelAdmin
from core.admin_forms import ConflictCheckedForm
from incidents.models import Incident

# Models that nobody edits here: roles give the permissions, and each person enrols their own second factors.
FOREIGN_MODULES = ("django.contrib.auth.", "allauth.")
UNUSED_PAGES = ("view_on_site", "password_change_done")


class TocsinAdminSite(AdminSite):
    """The site of the admin, with the sign-in, the menu and the index of Tocsin."""

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
        """Register models with their ModelAdmin. Models of Django and allauth that nobody edits here are left out.

        Raises ImproperlyConfigured unless `admin_class` is a BoundedModelAdmin with a ConflictCheckedForm. With
        Django's own classes, a page counts a whole table twice, and the last person who saves a form wins.
        """
        models = [model_or_iterable] if isinstance(model_or_iterable, type) else model_or_iterable
        own_models = [model for model in models if not model.__module__.startswith(FOREIGN_MODULES)]
        admin_class = admin_class or BoundedModelAdmin
        if own_models and not (
            issubclass(admin_class, BoundedModelAdmin) and issubclass(admin_class.form, ConflictCheckedForm)
        ):
            raise ImproperlyConfigured(f"{admin_class.__name__}: not a BoundedModelAdmin with a ConflictCheckedForm")
        super().register(own_models, admin_class, **options)

    def get_urls(self) -> list[Any]:
        """Return the URLs of the admin without those of UNUSED_PAGES, to which no page links."""
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

    def logout(  # type: ignore[override]  # any response
        self, request: HttpRequest, extra_context: dict[str, Any] | None = None
    ) -> HttpResponseBase:
        """Sign out as the page of the site does, which records it."""
        return SignOutView.as_view()(request)

    def password_change(  # type: ignore[override]  # a redirection
        self, request: HttpRequest, extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        """Redirect to our own page that changes the password, which also sends a mail to the user."""
        return redirect("account_change_password")

    def index(  # type: ignore[override]  # or a redirection
        self, request: HttpRequest, extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        """Redirect users who may see cases to the queue. Show the index of the admin to other users."""
        if self.has_queue(request):
            return redirect("admin:incidents_incident_changelist")
        return super().index(request, {"empty_notices": self.list_empty_notices(request)} | (extra_context or {}))

    def list_empty_notices(self, request: HttpRequest) -> list[str]:
        """Return what the legal pages lack, for the administrator, who can fill it in."""
        return load_notice().list_empty_labels() if request.user.has_perm("accounts.change_sitenotice") else []

    def each_context(self, request: HttpRequest) -> dict[str, Any]:
        """Return the context of each page of the admin. `is_lead` tells the menu whether the user leads a centre."""
        user = request.user
        return super().each_context(request) | {"is_lead": isinstance(user, User) and user.leads_any_centre}

    def get_app_list(self, request: HttpRequest, app_label: str | None = None) -> list[Any]:
        """Return the apps and models of the menu. The queue of cases comes first, and is called « Dossiers » as on its
        page.
        """
        app_list = super().get_app_list(request, app_label)
        for app in app_list:
            app["models"].sort(key=lambda entry: entry["model"] is not Incident)
            for entry in app["models"]:
                entry["name"] = "Dossiers" if entry["model"] is Incident else entry["name"]
        return sorted(app_list, key=lambda app: app["models"][0]["model"] is not Incident)

    def app_index(
        self, request: HttpRequest, app_label: str, extra_context: dict[str, Any] | None = None
    ) -> TemplateResponse:
        """Show the page of one app with the name of the app as its title. Django's title, « Administration de », does
        not agree with our names.
        """
        title = capfirst(apps.get_app_config(app_label).verbose_name)
        return super().app_index(request, app_label, {"title": title} | (extra_context or {}))

    def has_queue(self, request: HttpRequest) -> bool:
        """Tell whether the user may see the queue of cases."""
        return self.is_registered(Incident) and self.get_model_admin(Incident).has_view_permission(request)
