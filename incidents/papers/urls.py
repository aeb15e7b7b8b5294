from django.urls import path

from incidents.papers import cards, views

urlpatterns = [
    path("suivi/<str:reference>/dossier/", views.answer_pack, name="answer_pack"),
    path("suivi/<str:reference>/dossier/<uuid:uid>/", views.answer_pack_file, name="answer_pack_file"),
    path("secours/", cards.wall_cards, name="wall_cards"),
    path("secours/departement/<str:number>/", cards.departement_cards, name="departement_cards"),
    path("secours/departement/<str:number>/pdf/", cards.departement_cards_file, name="departement_cards_file"),
    path("secours/<uuid:body_uid>/", cards.wall_card, name="wall_card"),
    path("secours/<uuid:body_uid>/pdf/", cards.wall_card_file, name="wall_card_file"),
]
