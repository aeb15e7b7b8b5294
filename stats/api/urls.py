from django.urls import path

from stats.api import views

urlpatterns = [
    path("stats/releases/", views.ReleaseListView.as_view(), name="api_stats_releases"),
    path("stats/releases/latest/", views.LatestReleaseView.as_view(), name="api_stats_latest"),
    path("stats/releases/<int:number>/", views.ReleaseView.as_view(), name="api_stats_release"),
]
