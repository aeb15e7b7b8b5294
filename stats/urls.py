from django.urls import path

from stats import views

urlpatterns = [
    path("", views.statistics, name="statistics"),
    path("mon-centre/", views.own_statistics, name="own_statistics"),
    path("dossier/<str:reference>/", views.figures_of_case, name="figures_of_case"),
]
