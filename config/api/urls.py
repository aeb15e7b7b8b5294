"""Version 1 of the API, and its OpenAPI schema."""

from django.contrib.auth.decorators import login_not_required
from django.urls import include, path
from drf_spectacular.views import SpectacularAPIView
from rest_framework.permissions import AllowAny

urlpatterns = [
    path("v1/", include("collectivities.api.urls")),
    path("v1/", include("incidents.api.urls")),
    path("v1/", include("csirts.api.urls")),
    path("v1/", include("stats.api.urls")),
    path(
        "schema/",
        login_not_required(
            SpectacularAPIView.as_view(authentication_classes=[], permission_classes=[AllowAny], api_version="v1")
        ),
        name="api_schema",
    ),
]
