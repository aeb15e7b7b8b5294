from django.urls import path

from incidents import views

urlpatterns = [
    path("mes-dossiers/", views.own_cases_page, name="own_cases"),
    path("ma-collectivite/", views.own_bodies_page, name="own_bodies"),
    path("ma-collectivite/<uuid:uid>/", views.body_page, name="body_home"),
]
