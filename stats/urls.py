from django.urls import path

from stats import open_data, views
from stats.reports import views as reports

urlpatterns = [
    path("", views.statistics, name="statistics"),
    path("mon-centre/", views.own_statistics, name="own_statistics"),
    path("dossier/<str:reference>/", views.figures_of_case, name="figures_of_case"),
    path("definitions/", open_data.definitions, name="stats_definitions"),
    path("methode/", open_data.method, name="stats_method"),
    path("donnees/", open_data.data, name="stats_data"),
    path("publications.atom", open_data.feed, name="stats_feed"),
    path("publications/", open_data.releases, name="stats_releases"),
    path("publications/<int:number>/", open_data.release, name="stats_release"),
    path("publications/<int:number>/<str:name>", open_data.release_file, name="stats_release_file"),
    path("publications/<int:number>/rapports/<str:place>/<str:period>/", reports.report, name="stats_report"),
    path(
        "publications/<int:number>/rapports/<str:place>/<str:period>/pdf/",
        reports.report_file,
        name="stats_report_file",
    ),
    path("exacts/france/", views.exact_nation, name="exact_nation"),
    path("exacts/region/<str:region>/", views.exact_region, name="exact_region"),
    path("exacts/centre/<slug:slug>/", views.exact_centre, name="exact_centre"),
]
