from django.urls import path

from incidents import views

urlpatterns = [
    path("mes-dossiers/", views.show_own_cases, name="own_cases"),
    path("ma-collectivite/", views.show_own_bodies, name="own_bodies"),
    path("ma-collectivite/<uuid:uid>/", views.show_body, name="body_home"),
]
