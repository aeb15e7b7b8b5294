from django.urls import path

from stats.exact import views as exact
from stats.open_data import views as open_data
from stats.pages import views as pages
from stats.reports import views as reports

urlpatterns = [
    path("", pages.show_statistics, name="statistics"),
    path("mon-centre/", exact.show_own_statistics, name="own_statistics"),
    path("mon-centre/chiffres.<str:suffix>", exact.show_own_statistics, name="own_statistics_file"),
    path("dossier/<str:reference>/", pages.show_figures_of_case, name="figures_of_case"),
    path("definitions/", open_data.show_definitions, name="stats_definitions"),
    path("methode/", open_data.show_method, name="stats_method"),
    path("donnees/", open_data.redirect_to_data, name="stats_data"),
    path("publications.atom", open_data.download_feed, name="stats_feed"),
    path("publications/", open_data.show_releases, name="stats_releases"),
    path("publications/<int:number>/", open_data.show_release, name="stats_release"),
    path("publications/<int:number>/<str:name>", open_data.download_release_file, name="stats_release_file"),
    path("publications/<int:number>/rapports/<str:place>/", reports.show_report, name="stats_report"),
    path("publications/<int:number>/rapports/<str:place>/pdf/", reports.download_report, name="stats_report_file"),
    path("exacts/france/", exact.show_exact_nation, name="exact_nation"),
    path("exacts/france/chiffres.<str:suffix>", exact.show_exact_nation, name="exact_nation_file"),
    path("exacts/region/<str:region>/", exact.show_exact_region, name="exact_region"),
    path("exacts/region/<str:region>/chiffres.<str:suffix>", exact.show_exact_region, name="exact_region_file"),
    path("exacts/centre/<slug:slug>/", exact.show_exact_centre, name="exact_centre"),
    path("exacts/centre/<slug:slug>/chiffres.<str:suffix>", exact.show_exact_centre, name="exact_centre_file"),
]
