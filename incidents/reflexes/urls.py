from django.urls import path

from incidents.reflexes import views

urlpatterns = [
    path("reflexes/", views.reflex_list_page, name="reflex_list"),
    path("reflexes/<slug:kind>/", views.reflex_sheet_page, name="reflex_sheet"),
]
