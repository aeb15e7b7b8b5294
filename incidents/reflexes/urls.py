from django.urls import path

from incidents.reflexes import views

urlpatterns = [
    path("reflexes/", views.show_reflex_list, name="reflex_list"),
    path("reflexes/<slug:kind>/", views.show_reflex_sheet, name="reflex_sheet"),
]
