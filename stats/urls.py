from django.urls import path

from stats.exact import views as exact
from stats.open_data import views as open_data
from stats.pages import views as pages
from stats.reports import views as reports

urlpatterns = [
    path("", pages.statistics, name="statistics"),
    path("mon-centre/", exact.own_statistics, name="own_statistics"),
    path("mon-centre/chiffres.<str:suffix>", exact.own_statistics, name="own_statistics_file"),
    path("dossier/<str:reference>/", pages.figures_of_case, name="figures_of_case"),
    path("definitions/", open_data.definitions, name="stats_definitions"),
    path("methode/", open_data.method, name="stats_method"),
    path("donnees/", open_data.data, name="stats_data"),
    path("publications.atom", open_data.feed, name="stats_feed"),
    path("publications/", open_data.releases, name="stats_releases"),
    path("publications/<int:number>/", open_data.release, name="stats_release"),
    path("publications/<int:number>/<str:name>", open_data.release_file, name="stats_release_file"),
    path("publications/<int:number>/rapports/<str:place>/", reports.report, name="stats_report"),
    path("publications/<int:number>/rapports/<str:place>/pdf/", reports.report_file, name="stats_report_file"),
    path("exacts/france/", exact.exact_nation, name="exact_nation"),
    path("exacts/france/chiffres.<str:suffix>", exact.exact_nation, name="exact_nation_file"),
    path("exacts/region/<str:region>/", exact.exact_region, name="exact_region"),
    path("exacts/region/<str:region>/chiffres.<str:suffix>", exact.exact_region, name="exact_region_file"),
    path("exacts/centre/<slug:slug>/", exact.exact_centre, name="exact_centre"),
    path("exacts/centre/<slug:slug>/chiffres.<str:suffix>", exact.exact_centre, name="exact_centre_file"),
]
