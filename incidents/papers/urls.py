from django.urls import path

from incidents.papers import cards, views

urlpatterns = [
    path("suivi/<str:reference>/dossier/", views.answer_pack_page, name="answer_pack"),
    path("suivi/<str:reference>/dossier/<uuid:uid>/", views.answer_pack_pdf, name="answer_pack_file"),
    path("secours/", cards.wall_card_search_page, name="wall_cards"),
    path("secours/departement/<str:number>/", cards.departement_cards_page, name="departement_cards"),
    path("secours/departement/<str:number>/pdf/", cards.departement_cards_pdf, name="departement_cards_file"),
    path("secours/<uuid:body_uid>/", cards.wall_card_page, name="wall_card"),
    path("secours/<uuid:body_uid>/pdf/", cards.wall_card_pdf, name="wall_card_file"),
]
