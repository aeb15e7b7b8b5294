from django.apps import apps
from django.contrib import admin
from django.urls import include, path

urlpatterns = [
    path("", include("config.pages.urls")),
    path("", include("incidents.declare.urls")),
    path("", include("incidents.bodies.urls")),
    path("", include("incidents.follow_up.urls")),
    path("", include("incidents.reflexes.urls")),
    path("", include("incidents.evidence.urls")),
    path("", include("incidents.papers.urls")),
    path("api/", include("config.api.urls")),
    path("", include("csirts.urls")),
    path("statistiques/", include("stats.urls")),
    path("", include("accounts.urls")),
    path("", include("retention.urls")),
    path("", include("incidents.urls")),
    path("triage/", include("incidents.triage.urls")),
    path("admin/", admin.site.urls),
]

# Only a demonstration or a developer’s machine has its accounts and its mails on a page.
if apps.is_installed("config.demo"):
    urlpatterns.append(path("", include("config.demo.urls")))

handler400 = "config.pages.errors.bad_request"
handler403 = "config.pages.errors.permission_denied"
handler404 = "config.pages.errors.page_not_found"
handler429 = "config.pages.errors.too_many_requests"  # read by django-allauth
