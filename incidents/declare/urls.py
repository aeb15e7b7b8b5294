from django.urls import path

from incidents.declare import autosave, express, resume, sending, views

urlpatterns = [
    path("declarer/", views.declare_type, name="declare_type"),
    path("declarer/qui/", views.declare_who, name="declare_who"),
    path("declarer/services/", views.declare_services, name="declare_services"),
    path("declarer/donnees/", views.declare_data, name="declare_data"),
    path("declarer/rappel/", views.declare_caller, name="declare_caller"),
    path("declarer/garder/<str:section>/", autosave.autosave_screen, name="declare_keep"),
    path("declarer/rappelez-moi/", express.declare_express, name="declare_express"),
    path("declarer/envoyee/", sending.declare_sent, name="declare_sent"),
    path("declarer/autre/", views.declare_another, name="declare_another"),
    path("declarer/reprendre/", resume.declare_resume, name="declare_resume"),
]
