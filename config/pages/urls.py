from django.urls import path

from config.pages import health, views

urlpatterns = [
    path("", views.home, name="home"),
    path("vos-donnees/", views.personal_data, name="personal_data"),
    path("accessibilite/", views.accessibility, name="accessibility"),
    path("mentions-legales/", views.legal_notice, name="legal_notice"),
    path("sante/", health.health, name="health"),
    path("sante/vivant/", health.alive, name="health_alive"),
]
