from django.urls import path

from incidents import views

urlpatterns = [
    path("mes-dossiers/", views.own_cases, name="own_cases"),
    path("ma-collectivite/", views.own_bodies, name="own_bodies"),
    path("ma-collectivite/<uuid:uid>/", views.body_home, name="body_home"),
]
