from django.urls import path

from config.pages import demonstration, health, mails, views

urlpatterns = [
    path("", views.home, name="home"),
    path("vos-donnees/", views.personal_data, name="personal_data"),
    path("accessibilite/", views.accessibility, name="accessibility"),
    path("mentions-legales/", views.legal_notice, name="legal_notice"),
    path("demonstration/", demonstration.demonstration, name="demonstration"),
    path("mails/", mails.mails, name="mails"),
    path("mails/<uuid:key>/", mails.mail, name="mail"),
    path("sante/", health.health, name="health"),
    path("sante/vivant/", health.alive, name="health_alive"),
]
