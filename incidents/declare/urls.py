from django.urls import path

from incidents.declare import autosave, express, resume, sending, views

urlpatterns = [
    path("declarer/", views.serve_type_screen, name="declare_type"),
    path("declarer/qui/", views.serve_body_screen, name="declare_who"),
    path("declarer/services/", views.serve_services_screen, name="declare_services"),
    path("declarer/donnees/", views.serve_data_screen, name="declare_data"),
    path("declarer/rappel/", views.serve_caller_screen, name="declare_caller"),
    path("declarer/garder/<str:section>/", autosave.autosave_screen, name="declare_keep"),
    path("declarer/rappelez-moi/", express.serve_express_screen, name="declare_express"),
    path("declarer/envoyee/", sending.show_confirmation_page, name="declare_sent"),
    path("declarer/autre/", views.start_another_declaration, name="declare_another"),
    path("declarer/reprendre/", resume.ask_for_resumption_code, name="declare_resume"),
]
