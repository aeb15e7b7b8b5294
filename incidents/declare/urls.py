from django.urls import path

from incidents.declare import autosave, express, resume, sending, views

urlpatterns = [
    path("declarer/", views.type_screen_page, name="declare_type"),
    path("declarer/qui/", views.body_screen_page, name="declare_who"),
    path("declarer/services/", views.services_screen_page, name="declare_services"),
    path("declarer/donnees/", views.data_screen_page, name="declare_data"),
    path("declarer/rappel/", views.caller_screen_page, name="declare_caller"),
    path("declarer/garder/<str:section>/", autosave.autosave_screen, name="declare_keep"),
    path("declarer/rappelez-moi/", express.express_screen_page, name="declare_express"),
    path("declarer/envoyee/", sending.confirmation_page, name="declare_sent"),
    path("declarer/autre/", views.start_another_declaration, name="declare_another"),
    path("declarer/reprendre/", resume.resumption_page, name="declare_resume"),
]
