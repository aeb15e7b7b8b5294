from django.urls import path

from collectivities.api.views import CollectivitySearchView

urlpatterns = [path("collectivities/", CollectivitySearchView.as_view(), name="api_collectivities")]
