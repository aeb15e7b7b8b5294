from django.urls import include, path

from tests.bench.bare import bare

urlpatterns = [path("banc/", bare), path("", include("config.urls"))]

handler400 = "config.pages.errors.bad_request"
handler403 = "config.pages.errors.permission_denied"
handler404 = "config.pages.errors.page_not_found"
