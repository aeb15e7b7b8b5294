from django.urls import path

from incidents.papers import cards, views

urlpatterns = [
    path("suivi/<str:reference>/dossier/", views.serve_answer_pack, name="answer_pack"),
    path("suivi/<str:reference>/dossier/<uuid:uid>/", views.download_answer_pack, name="answer_pack_file"),
    path("secours/", cards.show_wall_card_search, name="wall_cards"),
    path("secours/departement/<str:number>/", cards.serve_departement_cards, name="departement_cards"),
    path("secours/departement/<str:number>/pdf/", cards.download_departement_cards, name="departement_cards_file"),
    path("secours/<uuid:body_uid>/", cards.show_wall_card, name="wall_card"),
    path("secours/<uuid:body_uid>/pdf/", cards.download_wall_card, name="wall_card_file"),
]
